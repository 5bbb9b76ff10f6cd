"""Reading trust anchors (`certs.model.TrustStore`).

Given by hand (`--trust FILE_OR_DIR`):

1. A file holds one DER certificate, PEM with one or several (other PEM blocks are passed over), or
   PKCS#7 with one or several.
2. A folder is read with its subfolders: `*.cer *.crt *.pem *.der *.p7b *.p7c` in any case, in byte
   order of their paths. Symbolic links inside it are not followed; one that is named by hand is.
3. Every certificate becomes an anchor for all purposes, self-signed or not: naming an issuing CA
   is how its SHA-1 root is left out of the path, so an intermediate is trusted as it stands and
   nothing above it is asked. (Trust given for less than that goes into the data folder.)
4. A file that cannot be read as certificates, or a path without any, is an error that names it:
   trust that silently shrinks would turn good signatures into doubtful ones.

Kept in the data folder (`TrustFolder`):

5. `<sha256>.der` and `<sha256>.json` (purposes, origin, when added, who compared it, whether
   against the warning of rule 7); the JSON is written last and removed first, and is what makes
   the anchor exist. Without purposes it is a helper: it builds paths, proves nothing.
6. The digest in the name, in the JSON and of the bytes must agree, or nothing is trusted.
7. A certificate with the name of a known Vietnamese authority and another fingerprint
   (`certs.known` rule 3) is added by force alone, and only with the name of who compared it.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from certs import certificates
from certs.errors import AnchorConflictError, AnchorInvalidError, AnchorNotFoundError
from certs.files import sync_folder, write_file
from certs.known import Likeness, compare, known
from certs.model import Clock, TrustAnchor, TrustPurpose, TrustStore
from certs.targets import normalise_host

SUFFIXES = (".cer", ".crt", ".pem", ".der", ".p7b", ".p7c")
MAX_FILE = 4 << 20  # bytes; the largest public bundle of roots has about a quarter of a megabyte

SHORTEST_ID = 8
"""Hex digits that may stand for a fingerprint where one certificate is named."""

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
    """Return the hosts that the trusted certificates name for CRLs and OCSP, and the listed ones.

    A root names none for what is issued below it: for the known Vietnamese authorities the list
    does (`certs.known` rule 4); hosts of others must be configured.
    """
    hosts: set[str] = set()
    listed = known()
    for der in (*(a.certificate for a in trust.anchors), *trust.helpers):
        certificate = certificates.load(der)
        authority = listed.by_fingerprint(hashlib.sha256(der).hexdigest())
        if authority is not None:
            hosts |= listed.hosts(authority)
        for url in (*certificates.crl_urls(certificate), *certificates.ocsp_urls(certificate)):
            try:
                hosts.add(normalise_host(urlsplit(url).hostname or ""))
            except ValueError:
                continue  # an address that names no host allows none
    return frozenset(hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnchor:
    """An anchor, and how it came to be one."""

    anchor: TrustAnchor
    added_at: datetime
    checked_by: str | None
    """Who compared the fingerprint; `None` where nobody was named."""
    forced: bool
    """Added against the warning of rule 7."""


@dataclass(frozen=True, slots=True)
class TrustFolder:
    """The anchors that an administrator added to a data directory."""

    root: Path
    clock: Clock

    def load(self) -> TrustStore:
        """Return them (rules 5 and 6); an empty store where the folder does not exist."""
        anchors = [kept.anchor for kept in self.entries()]
        return TrustStore(
            anchors=tuple(a for a in anchors if a.purposes),
            helpers=tuple(a.certificate for a in anchors if not a.purposes),
        )

    def entries(self) -> tuple[KeptAnchor, ...]:
        """Return what was added and how, in order of fingerprint; helpers too."""
        return tuple(_read_kept(file) for file in self._files())

    def _files(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        return sorted(
            f for f in self.root.iterdir() if f.suffix == ".json" and _SHA256.fullmatch(f.stem)
        )

    def add(
        self,
        der: bytes,
        purposes: Collection[TrustPurpose],
        origin: str,
        *,
        checked_by: str | None = None,
        force: bool = False,
    ) -> TrustAnchor:
        """Add a certificate, or change what it is trusted for; the JSON is the commit point.

        Raises:
            AnchorInvalidError: `der` is no certificate.
            AnchorConflictError: rule 7, without `force` or without `checked_by`.

        """
        conflict = conflict_of(der, origin)
        if conflict is not None and not (force and checked_by):
            raise conflict
        anchor = TrustAnchor(certificate=der, purposes=frozenset(purposes), origin=origin)
        described = {
            "sha256": anchor.sha256,
            "purposes": sorted(anchor.purposes),
            "origin": origin,
            "added_at": self.clock.now().isoformat(),
            "checked_by": checked_by,
            "forced": conflict is not None,
        }
        self.root.mkdir(parents=True, exist_ok=True)
        write_file(self.root / f"{anchor.sha256}.der", der)
        text = json.dumps(described, indent=1, ensure_ascii=False)
        write_file(self.root / f"{anchor.sha256}.json", text.encode())
        return anchor

    def remove(self, wanted: str) -> str:
        """Stop trusting a certificate; return its fingerprint.

        `wanted` is the fingerprint, eight or more of its first digits, or the id of a listed
        authority. A damaged entry can be removed, too: nothing is trusted until it is gone.

        Raises:
            AnchorNotFoundError: nothing, or more than one, answers to it.

        """
        listed = next((a.sha256 for a in known().authorities if a.id == wanted), None)
        start = listed or wanted.lower().replace(":", "").replace(" ", "")
        there = [f.stem for f in self._files()]
        found = [s for s in there if len(start) >= SHORTEST_ID and s.startswith(start)]
        if len(found) != 1:
            raise AnchorNotFoundError(wanted, len(found))
        (self.root / f"{found[0]}.json").unlink()
        (self.root / f"{found[0]}.der").unlink(missing_ok=True)
        sync_folder(self.root)
        return found[0]


def conflict_of(der: bytes, origin: str) -> AnchorConflictError | None:
    """Return the warning of rule 7 about a certificate, if there is one.

    Raises:
        AnchorInvalidError: `der` is no certificate.

    """
    try:
        certificate = certificates.load(der)
    except ValueError as exc:
        raise AnchorInvalidError(origin, "not a certificate") from exc
    found = compare(certificate)
    if found.likeness is not Likeness.SAME_NAME:
        return None
    return AnchorConflictError(
        certificates.common_name(certificate),
        hashlib.sha256(der).hexdigest(),
        tuple(a.sha256 for a in found.authorities),
        f"{known().dated:%d/%m/%Y}",
    )


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
        return [certificates.der(c) for c in certificates.bundle(data)]
    except ValueError as exc:
        raise AnchorInvalidError(str(file), "not a certificate, or a damaged one") from exc


def _read_kept(file: Path) -> KeptAnchor:
    try:
        described: dict[str, Any] = json.loads(file.read_bytes())
        der = file.with_suffix(".der").read_bytes()
        purposes = frozenset(TrustPurpose(p) for p in described["purposes"])
        origin, named = str(described["origin"]), described["sha256"]
        added_at = datetime.fromisoformat(described["added_at"])
        checked_by, forced = described.get("checked_by"), described.get("forced", False)
        certificates.load(der)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise AnchorInvalidError(str(file), "damaged or incomplete") from exc
    if not hashlib.sha256(der).hexdigest() == named == file.stem:
        raise AnchorInvalidError(str(file), "the certificate is not the one that was added")
    return KeptAnchor(
        anchor=TrustAnchor(certificate=der, purposes=purposes, origin=origin),
        added_at=added_at,
        checked_by=None if checked_by is None else str(checked_by),
        forced=bool(forced),
    )
