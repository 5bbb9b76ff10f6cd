"""The development PKI on disk.

    <folder>/authority.json         format, base URL (its port is in every certificate), creation
    <folder>/<id>.pem, <id>.key     root, issuing, tsa, ocsp; keys unencrypted PKCS#8, mode 0600
    <folder>/issued/<serial>.pem    every certificate issued: what OCSP may call good
    <folder>/revoked.json           serial → when and why

1. The PKI appears whole, by one rename; made a second time, it is read instead.
2. A certificate is written to `issued/` before anybody gets it, so there never is one that OCSP
   does not know.
3. People's keys are no part of this folder: they go to the identity store, and whoever is missing
   there gets a new certificate. So a crash in between is repaired by running it again.
"""

import json
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from certs import certificates
from certs.certificates import PrivateKey, PublicKey
from certs.dev.profiles import AUTHORITIES, PEOPLE, Issuer, Subject, certificate_for, new_key
from certs.errors import IdentityInvalidError
from certs.files import PRIVATE, PUBLIC, write_file, write_folder
from certs.identities.software import DEVELOPMENT_PIN, FileIdentityStore
from certs.model import Clock, IdentityPurpose, TrustAnchor, TrustPurpose

FORMAT = 1
DEFAULT_PORT = 8319
_BY_ID = {s.id: s for s in AUTHORITIES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """When and why a certificate was revoked."""

    at: datetime
    reason: x509.ReasonFlags


class DevelopmentAuthority:
    """The PKI: its certificates, its keys (each loaded once), what it issued and revoked."""

    def __init__(self, folder: Path) -> None:
        """Read the PKI in `folder`; raise `IdentityInvalidError` where there is none."""
        self._folder = folder
        self._lock = threading.Lock()
        try:
            described: dict[str, Any] = json.loads((folder / "authority.json").read_bytes())
            self.base_url: str = described["base_url"]
            self.port: int = described["port"]
            self._certificates = {
                s.id: x509.load_pem_x509_certificate((folder / f"{s.id}.pem").read_bytes())
                for s in AUTHORITIES
            }
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise IdentityInvalidError(
                f"Thư mục {folder} không chứa PKI phát triển. Tạo: ./antin identity dev.",
                f"{folder} holds no development PKI. Make one: ./antin identity dev.",
            ) from exc
        self._keys: dict[str, PrivateKey] = {}

    @classmethod
    def ensure(
        cls, folder: Path, clock: Clock, *, port: int = DEFAULT_PORT
    ) -> "DevelopmentAuthority":
        """Return the PKI in `folder`, made now if there is none; a made one keeps its own port."""
        if not (folder / "authority.json").is_file():
            _create(folder, clock.now(), port)
        return cls(folder)

    def ensure_identities(self, store: FileIdentityStore, clock: Clock) -> None:
        """Put everybody of `certs.dev.profiles.PEOPLE` into the store who is not there yet."""
        there = {identity.id for identity in store.list()}
        for subject in PEOPLE:
            if subject.id not in there:
                self.enrol(subject, store, clock.now())

    def enrol(self, subject: Subject, store: FileIdentityStore, now: datetime) -> None:
        """Make a key, issue its certificate, and put both into the store."""
        key = new_key(subject.key)
        leaf = self.issue(subject, key.public_key(), now)
        store.create(
            subject.id,
            purpose=subject.purpose or IdentityPurpose.SERVICE,
            key=key,
            chain=[leaf, self.certificate("issuing"), self.certificate("root")],
            pin=DEVELOPMENT_PIN,
            development=True,
        )

    def issue(self, subject: Subject, public_key: PublicKey, now: datetime) -> x509.Certificate:
        """Issue a certificate below the issuing CA and record it (rule 2)."""
        issuer = Issuer(
            id="issuing", name=self.certificate("issuing").subject, key=self.key("issuing")
        )
        leaf = certificate_for(subject, public_key, issuer, base_url=self.base_url, now=now)
        path = self._folder / "issued" / f"{certificates.serial_hex(leaf)}.pem"
        path.parent.mkdir(exist_ok=True)
        write_file(path, leaf.public_bytes(Encoding.PEM))
        return leaf

    def revoke(
        self,
        serial: int,
        at: datetime,
        reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise,
    ) -> None:
        """Revoke a certificate issued here; CRLs and OCSP answers say so from now on."""
        with self._lock:
            revoked = self._read_revoked()
            revoked[f"{serial:x}"] = {"at": at.isoformat(), "reason": reason.value}
            data = json.dumps(revoked, indent=1, sort_keys=True).encode()
            write_file(self._folder / "revoked.json", data)

    @property
    def root_path(self) -> Path:
        """Return where the root certificate lies (PEM)."""
        return self._folder / "root.pem"

    def certificate(self, authority_id: str) -> x509.Certificate:
        """Return the certificate of `root`, `issuing`, `tsa` or `ocsp`."""
        return self._certificates[authority_id]

    def key(self, authority_id: str) -> PrivateKey:
        """Return that authority's key; parsed at first use only, which costs an RSA check."""
        with self._lock:
            if authority_id not in self._keys:
                self._keys[authority_id] = _read_key(self._folder / f"{authority_id}.key")
            return self._keys[authority_id]

    def issued(self, issuer_id: str, serial: int) -> bool:
        """Return whether `issuer_id` (`root` or `issuing`) issued a certificate of that serial."""
        if issuer_id == "root":
            return any(c.serial_number == serial for c in self._below_root())
        ocsp = self.certificate("ocsp")
        return (
            ocsp.serial_number == serial or (self._folder / "issued" / f"{serial:x}.pem").is_file()
        )

    def revoked(self, issuer_id: str) -> dict[int, Revocation]:
        """Return what `issuer_id` revoked, by serial."""
        with self._lock:
            everything = {
                int(serial, 16): Revocation(
                    at=datetime.fromisoformat(entry["at"]),
                    reason=x509.ReasonFlags(entry["reason"]),
                )
                for serial, entry in self._read_revoked().items()
            }
        below_root = {c.serial_number for c in self._below_root()}
        return {
            serial: revocation
            for serial, revocation in everything.items()
            if (serial in below_root) == (issuer_id == "root")
        }

    def anchor(self) -> TrustAnchor:
        """Return the root as an anchor for all purposes."""
        return TrustAnchor(
            certificate=certificates.der(self.certificate("root")),
            purposes=frozenset(TrustPurpose),
            origin="PKI phát triển (development PKI)",
        )

    def tsa_chain(self) -> tuple[bytes, ...]:
        """Return the TSA's certificate and the root (DER)."""
        return tuple(certificates.der(self.certificate(i)) for i in ("tsa", "root"))

    def _below_root(self) -> list[x509.Certificate]:
        return [self.certificate("issuing"), self.certificate("tsa")]

    def _read_revoked(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self._folder / "revoked.json").read_bytes())
        except FileNotFoundError:
            return {}
        return found


def _create(folder: Path, now: datetime, port: int) -> None:
    base_url = f"http://127.0.0.1:{port}"
    keys = {s.id: new_key(s.key) for s in AUTHORITIES}
    issuers = {"root": "root", "issuing": "root", "tsa": "root", "ocsp": "issuing"}
    files: dict[str, tuple[bytes, int]] = {}
    for subject in AUTHORITIES:
        above = _BY_ID[issuers[subject.id]]
        issuer = Issuer(id=above.id, name=above.name, key=keys[above.id])
        public_key = keys[subject.id].public_key()
        certificate = certificate_for(subject, public_key, issuer, base_url=base_url, now=now)
        pem = keys[subject.id].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        files[f"{subject.id}.pem"] = (certificate.public_bytes(Encoding.PEM), PUBLIC)
        files[f"{subject.id}.key"] = (pem, PRIVATE)
    described = {
        "format": FORMAT,
        "base_url": base_url,
        "port": port,
        "created_at": now.isoformat(),
    }
    files["authority.json"] = (json.dumps(described, indent=1).encode(), PUBLIC)
    try:
        write_folder(folder, files)
    except FileExistsError:
        if (folder / "authority.json").is_file():
            return  # another process was quicker; its PKI is as good
        raise


def _read_key(path: Path) -> PrivateKey:
    # Written by us from a fresh key: checking it again costs 100 ms at RSA-3072.
    key = load_pem_private_key(path.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise IdentityInvalidError(f"Khóa lạ: {path}.", f"A strange key: {path}.")
    return key
