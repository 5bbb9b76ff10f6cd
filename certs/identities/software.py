"""Signing identities whose key is a file (`certs.model.IdentityStore`).

    <root>/<id>/identity.json    what it is: purpose, certificate digest, development or not
    <root>/<id>/chain.pem        the certificate, then its issuers, root last
    <root>/<id>/key.json         the key in its envelope (`certs.identities.envelope`), mode 0600

1. An identity appears whole (one rename) or not at all, and is never overwritten.
2. An id is `[a-z0-9-]{1,64}`; anything else names no identity, and no path either.
3. Only the owner's PIN opens the key, so no administrator can sign. The PIN of development
   identities is published below and need not be given; it protects nothing.
4. The certificate's validity is judged when the key is opened and again at each signature: a
   handle that outlives its certificate stops signing.
5. The key is parsed once per handle: checking an RSA key costs 35 ms each time, fifteen times the
   signature itself. It is checked in full when taken in; afterwards the envelope's seal vouches
   for the bytes.
6. Every signature is verified with the certificate's public key before it leaves (a faulty CRT
   computation would otherwise give the private key away).

Not yet here: the growing delay after wrong PINs, and wrapping by a key-encryption key.
"""

import json
import logging
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    pkcs12,
)

from certs import certificates
from certs.certificates import PrivateKey
from certs.errors import (
    IdentityInvalidError,
    IdentityNotFoundError,
    IdentityUnusableError,
    PinRequiredError,
    WrongPinError,
)
from certs.files import PRIVATE, PUBLIC, write_folder
from certs.identities import envelope
from certs.identities.admission import admit
from certs.model import Clock, IdentityPurpose, SigningIdentity

DEVELOPMENT_PIN = "123456"
MIN_PIN = 6  # characters; what the tokens of the national CAs ask for

FORMAT = 1
_log = logging.getLogger(__name__)
_ID = re.compile(r"[a-z0-9-]{1,64}")
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    identity: SigningIdentity
    folder: Path

    @property
    def bound_to(self) -> str:
        return _bound_to(self.identity.id, self.identity.certificate)


def _bound_to(identity_id: str, certificate: bytes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(certificate)
    return f"{identity_id} {digest.finalize().hex()}"


class FileIdentityStore:
    """Identities below one folder. Thread-safe; the folder is the only state."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock

    def list(self) -> Sequence[SigningIdentity]:
        """See `certs.model.IdentityStore`. A damaged one is logged and hides no other."""
        if not self._root.is_dir():
            return ()
        found = []
        for name in sorted(p.name for p in self._root.iterdir() if _ID.fullmatch(p.name)):
            try:
                found.append(self.get(name))
            except IdentityInvalidError as exc:
                _log.warning("%s", exc.en)
        return found

    def get(self, identity_id: str) -> SigningIdentity:
        """See `certs.model.IdentityStore`."""
        return self._read(identity_id).identity

    def open(self, identity_id: str, pin: str | None) -> "SoftwareKeyHandle":
        """See `certs.model.IdentityStore`."""
        stored = self._read(identity_id)
        if pin is None:
            if not stored.identity.development:
                raise PinRequiredError(identity_id)
            pin = DEVELOPMENT_PIN
        check_usable(stored.identity, self._clock)
        try:
            sealed = (stored.folder / "key.json").read_bytes()
            pkcs8 = envelope.unseal(sealed, pin, bound_to=stored.bound_to)
        except (OSError, envelope.EnvelopeDamagedError) as exc:
            raise IdentityUnusableError(
                identity_id, "tệp khóa bị thiếu hoặc hỏng", "its key file is missing or damaged"
            ) from exc
        if pkcs8 is None:
            raise WrongPinError(identity_id)
        key = load_der_private_key(pkcs8, None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise IdentityUnusableError(identity_id, "loại khóa lạ", "its key is of a strange kind")
        return SoftwareKeyHandle(stored.identity, key, self._clock)

    def create(
        self,
        identity_id: str,
        *,
        purpose: IdentityPurpose,
        key: object,
        chain: Sequence[x509.Certificate],
        pin: str,
        development: bool = False,
    ) -> SigningIdentity:
        """Take in a key with its certificate (first in `chain`) and the issuers known.

        Raises:
            IdentityInvalidError: see `certs.identities.admission`; or the id is taken or malformed,
                or the PIN is too short.

        """
        if _ID.fullmatch(identity_id) is None:
            raise IdentityInvalidError(
                f"Mã danh tính «{identity_id[:64]}» không hợp lệ: chỉ dùng a-z, 0-9 và dấu gạch.",
                f"“{identity_id[:64]}” cannot be an identity's id: only a-z, 0-9 and hyphens.",
            )
        if len(pin) < MIN_PIN:
            raise IdentityInvalidError(
                f"Mã PIN cần ít nhất {MIN_PIN} ký tự.",
                f"A PIN needs at least {MIN_PIN} characters.",
            )
        leaf = chain[0]
        good = admit(key, leaf, self._clock.now())
        pkcs8 = good.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        cost = envelope.DEVELOPMENT_COST if development else envelope.PERSON_COST
        description = {
            "format": FORMAT,
            "id": identity_id,
            "purpose": purpose.value,
            "kind": "software",
            "development": development,
            "created_at": self._clock.now().isoformat(),
        }
        bound_to = _bound_to(identity_id, certificates.der(leaf))
        sealed = envelope.seal(pkcs8, pin, bound_to=bound_to, cost=cost)
        pem = b"".join(c.public_bytes(Encoding.PEM) for c in chain)
        try:
            write_folder(
                self._root / identity_id,
                {
                    "identity.json": (json.dumps(description, indent=1).encode(), PUBLIC),
                    "chain.pem": (pem, PUBLIC),
                    "key.json": (sealed, PRIVATE),
                },
            )
        except FileExistsError as exc:
            raise IdentityInvalidError(
                f"Đã có danh tính «{identity_id}»; hãy chọn mã khác.",
                f"There already is an identity “{identity_id}”; choose another id.",
            ) from exc
        return self.get(identity_id)

    def import_pkcs12(
        self,
        identity_id: str,
        *,
        purpose: IdentityPurpose,
        data: bytes,
        password: str,
        pin: str,
        helpers: Iterable[bytes] = (),
    ) -> SigningIdentity:
        """Take in a PKCS#12 file; `helpers` (DER) may complete its chain. Raises as `create`."""
        try:
            bundle = pkcs12.load_pkcs12(data, password.encode())
        except ValueError as exc:
            raise IdentityInvalidError(
                "Không mở được tệp PKCS#12: sai mật khẩu hoặc tệp hỏng.",
                "The PKCS#12 file does not open: wrong password, or a damaged file.",
            ) from exc
        if bundle.cert is None or bundle.key is None:
            raise IdentityInvalidError(
                "Tệp PKCS#12 thiếu khóa bí mật hoặc chứng thư.",
                "The PKCS#12 file lacks the private key or its certificate.",
            )
        leaf = bundle.cert.certificate
        pool = [c.certificate for c in bundle.additional_certs]
        pool += [certificates.load(h) for h in helpers]
        chain = [leaf, *certificates.chain_of(leaf, pool)]
        return self.create(identity_id, purpose=purpose, key=bundle.key, chain=chain, pin=pin)

    def _read(self, identity_id: str) -> _Stored:
        if _ID.fullmatch(identity_id) is None:
            raise IdentityNotFoundError(identity_id[:64])
        folder = self._root / identity_id
        try:
            described: dict[str, Any] = json.loads((folder / "identity.json").read_bytes())
            chain = x509.load_pem_x509_certificates((folder / "chain.pem").read_bytes())
            purpose = IdentityPurpose(described["purpose"])
            development = described["development"] is True
        except FileNotFoundError as exc:
            raise IdentityNotFoundError(identity_id) from exc
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise IdentityInvalidError(
                f"Tệp của danh tính «{identity_id}» bị hỏng.",
                f"The files of identity “{identity_id}” are damaged.",
            ) from exc
        leaf = chain[0]
        return _Stored(
            folder=folder,
            identity=SigningIdentity(
                id=identity_id,
                purpose=purpose,
                certificate=certificates.der(leaf),
                chain=tuple(certificates.der(c) for c in chain[1:]),
                common_name=certificates.common_name(leaf),
                organization=certificates.organization(leaf),
                not_before=leaf.not_valid_before_utc,
                not_after=leaf.not_valid_after_utc,
                development=development,
            ),
        )


def check_usable(identity: SigningIdentity, clock: Clock) -> None:
    """Raise `IdentityUnusableError` unless the certificate is within its validity now (rule 4)."""
    now = clock.now()
    if now < identity.not_before:
        start = identity.not_before
        raise IdentityUnusableError(
            identity.id,
            f"chứng thư chỉ có hiệu lực từ {start:%d/%m/%Y}",
            f"its certificate is valid only from {start:%Y-%m-%d}",
        )
    if now > identity.not_after:
        end = identity.not_after
        raise IdentityUnusableError(
            identity.id,
            f"chứng thư đã hết hạn ngày {end:%d/%m/%Y}",
            f"its certificate expired on {end:%Y-%m-%d}",
        )


class SoftwareKeyHandle:
    """An opened software key (`certs.model.KeyHandle`)."""

    def __init__(self, identity: SigningIdentity, key: PrivateKey, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock
        self._lock = threading.Lock()
        self._key: PrivateKey | None = key
        self._algorithm: Literal["rsassa_pkcs1v15", "ecdsa"]
        if isinstance(key, rsa.RSAPrivateKey):
            self._algorithm, self._size = "rsassa_pkcs1v15", key.key_size // 8
        else:
            # DER of two integers of the curve's size, each with a possible leading zero.
            self._algorithm, self._size = "ecdsa", 2 * ((key.key_size + 7) // 8 + 3) + 2

    @property
    def identity(self) -> SigningIdentity:
        """See `certs.model.KeyHandle`."""
        return self._identity

    @property
    def signature_algorithm(self) -> Literal["rsassa_pkcs1v15", "ecdsa"]:
        """See `certs.model.KeyHandle`."""
        return self._algorithm

    @property
    def signature_size(self) -> int:
        """See `certs.model.KeyHandle`."""
        return self._size

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        """See `certs.model.KeyHandle`."""
        digest = _DIGESTS.get(digest_algorithm)
        if digest is None:
            raise ValueError(f"digest algorithm {digest_algorithm!r}")
        with self._lock:
            key = self._key
        if key is None:
            raise IdentityUnusableError(
                self._identity.id, "khóa đã được đóng", "its key has been closed"
            )
        check_usable(self._identity, self._clock)
        try:
            if isinstance(key, rsa.RSAPrivateKey):
                signature = key.sign(data, padding.PKCS1v15(), digest)
                key.public_key().verify(signature, data, padding.PKCS1v15(), digest)
            else:
                signature = key.sign(data, ec.ECDSA(digest))
                key.public_key().verify(signature, data, ec.ECDSA(digest))
        except InvalidSignature as exc:
            raise IdentityUnusableError(
                self._identity.id,
                "khóa tạo ra chữ ký sai",
                "its key made a signature that does not verify",
            ) from exc
        return signature

    def close(self) -> None:
        """See `certs.model.KeyHandle`."""
        with self._lock:
            self._key = None
