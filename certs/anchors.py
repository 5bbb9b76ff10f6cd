"""Reading trust anchors (`certs.model.TrustStore`).

Given by hand (`--trust FILE_OR_DIR`):

1. A file holds one DER certificate, or PEM with one or several; other PEM blocks are passed over.
2. A folder is read with its subfolders: `*.cer *.crt *.pem *.der` in any case, in byte order of
   their paths. Symbolic links inside it are not followed; one that is named by hand is.
3. Every certificate becomes an anchor for all purposes, self-signed or not: naming an issuing CA
   is how its SHA-1 root is left out of the path, so an intermediate is trusted as it stands and
   nothing above it is asked. (Trust given for less than that goes into the data folder.)
4. A file that cannot be read as certificates, or a path without any, is an error that names it:
   trust that silently shrinks would turn good signatures into doubtful ones.

Kept in the data folder (`TrustFolder`):

5. `<sha256>.der` and `<sha256>.json` (purposes, origin, when added); the JSON is written last and
   is what makes the anchor exist. Without purposes it is a helper: it builds paths, proves nothing.
6. The digest in the name, in the JSON and of the bytes must agree, or nothing is trusted.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from certs import certificates
from certs.errors import AnchorInvalidError
from certs.files import write_file
from certs.model import Clock, TrustAnchor, TrustPurpose, TrustStore
from certs.targets import normalise_host

SUFFIXES = (".cer", ".crt", ".pem", ".der")
MAX_FILE = 4 << 20  # bytes; the largest public bundle of roots has about a quarter of a megabyte

_PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----")
_BEGIN = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def load_anchors(paths: Iterable[Path]) -> TrustStore:
    """Return the certificates in `paths` as anchors for all purposes (rules 1-4).

    Raises:
        AnchorInvalidError: naming the file or folder.

    """
    found: dict[bytes, TrustAnchor] = {}
    for path in paths:
        for file in _files(path):
            for number, der in enumerate(_certificates(file), start=1):
                anchor = TrustAnchor(
                    certificate=der,
                    purposes=frozenset(TrustPurpose),
                    origin=str(file) if number == 1 else f"{file}#{number}",
                )
                found.setdefault(der, anchor)
    return TrustStore(anchors=tuple(found.values()))


def hosts_of(trust: TrustStore) -> frozenset[str]:
    """Return the hosts that the trusted certificates themselves name for CRLs and OCSP.

    A root names none; hosts of what is issued below it must be configured.
    """
    hosts: set[str] = set()
    for der in (*(a.certificate for a in trust.anchors), *trust.helpers):
        certificate = certificates.load(der)
        for url in (*certificates.crl_urls(certificate), *certificates.ocsp_urls(certificate)):
            try:
                hosts.add(normalise_host(urlsplit(url).hostname or ""))
            except ValueError:
                continue  # an address that names no host allows none
    return frozenset(hosts)


@dataclass(frozen=True, slots=True)
class TrustFolder:
    """The anchors that an administrator added to a data directory."""

    root: Path
    clock: Clock

    def load(self) -> TrustStore:
        """Return them (rules 5 and 6); an empty store where the folder does not exist."""
        if not self.root.is_dir():
            return TrustStore()
        anchors: list[TrustAnchor] = []
        helpers: list[bytes] = []
        for file in sorted(self.root.iterdir()):
            if file.suffix != ".json" or _SHA256.fullmatch(file.stem) is None:
                continue
            anchor = _read_kept(file)
            if anchor.purposes:
                anchors.append(anchor)
            else:
                helpers.append(anchor.certificate)
        return TrustStore(anchors=tuple(anchors), helpers=tuple(helpers))

    def add(self, der: bytes, purposes: Collection[TrustPurpose], origin: str) -> TrustAnchor:
        """Add a certificate, or change what it is trusted for; the JSON is the commit point.

        Raises:
            AnchorInvalidError: `der` is no certificate.

        """
        try:
            certificates.load(der)
        except ValueError as exc:
            raise AnchorInvalidError(origin, "not a certificate") from exc
        anchor = TrustAnchor(certificate=der, purposes=frozenset(purposes), origin=origin)
        described = {
            "sha256": anchor.sha256,
            "purposes": sorted(anchor.purposes),
            "origin": origin,
            "added_at": self.clock.now().isoformat(),
        }
        self.root.mkdir(parents=True, exist_ok=True)
        write_file(self.root / f"{anchor.sha256}.der", der)
        text = json.dumps(described, indent=1, ensure_ascii=False)
        write_file(self.root / f"{anchor.sha256}.json", text.encode())
        return anchor


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    files = [p for p in _walk(path) if p.suffix.lower() in SUFFIXES]
    if not files:
        raise AnchorInvalidError(str(path), "no file *.cer, *.crt, *.pem or *.der in it")
    yield from sorted(files, key=bytes)


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_symlink():
            continue
        if entry.is_dir():
            yield from _walk(entry)
        elif entry.is_file():
            yield entry


def _certificates(file: Path) -> list[bytes]:
    try:
        with file.open("rb") as source:
            data = source.read(MAX_FILE + 1)
    except OSError as exc:
        raise AnchorInvalidError(str(file), exc.strerror or "unreadable") from exc
    except ValueError as exc:  # a NUL in the name
        raise AnchorInvalidError(repr(str(file)), "no file name") from exc
    if len(data) > MAX_FILE:
        raise AnchorInvalidError(str(file), f"more than {MAX_FILE >> 20} MiB")
    try:
        if _PEM.search(data) is None:
            return [certificates.der(certificates.load(data))]
        found = [certificates.der(c) for c in x509.load_pem_x509_certificates(data)]
        if len(found) != len(_BEGIN.findall(data)):
            # The parser passes over a block that was cut off; we do not (rule 4).
            raise AnchorInvalidError(str(file), "a certificate in it is cut off")
        for der in found:
            certificates.load(der)
    except ValueError as exc:
        raise AnchorInvalidError(str(file), "not a certificate, or a damaged one") from exc
    return found


def _read_kept(file: Path) -> TrustAnchor:
    try:
        described: dict[str, Any] = json.loads(file.read_bytes())
        der = file.with_suffix(".der").read_bytes()
        purposes = frozenset(TrustPurpose(p) for p in described["purposes"])
        origin, named = str(described["origin"]), described["sha256"]
        certificates.load(der)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise AnchorInvalidError(str(file), "damaged or incomplete") from exc
    if not hashlib.sha256(der).hexdigest() == named == file.stem:
        raise AnchorInvalidError(str(file), "the certificate is not the one that was added")
    return TrustAnchor(certificate=der, purposes=purposes, origin=origin)
