"""A private key at rest, opened only by its owner's PIN.

1. The key is PKCS#8 DER, sealed with AES-256-GCM under a key derived from the PIN by Argon2id
   (RFC 9106). PKCS#8's own encryption (PBES2) is not used: its usual PBKDF2 is no match for a
   PIN of six digits against a stolen disk, and it does not notice altered bytes.
2. The identity's id and the certificate's digest are authenticated with it: an envelope moved to
   another identity does not open.
3. A wrong PIN and altered bytes are told apart by nobody: both are "does not open".
4. Cost: 64 MiB, three passes, one lane (RFC 9106's second recommendation, one lane because two
   signing processes must not starve a two-core machine): about 0.1 s a try. The development keys
   have a published PIN, so theirs is cheap on purpose.
5. The cost is bounded on reading too: an envelope may not ask for more than 256 MiB or 10 passes.

Wrapping the envelope once more by a key-encryption key outside the disk goes around these bytes:
`layers` says which seals there are, outermost first, and today's is `["pin"]`.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from typing import Any

from argon2.exceptions import Argon2Error
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = "antin-key/1"
MAX_MEMORY_KIB = 256 << 10
MAX_PASSES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class KdfCost:
    """Argon2id parameters."""

    memory_kib: int = 64 << 10
    passes: int = 3
    lanes: int = 1


PERSON_COST = KdfCost()
DEVELOPMENT_COST = KdfCost(memory_kib=64, passes=1)


class EnvelopeDamagedError(ValueError):
    """The file is not an envelope that we know; it says nothing about the PIN."""


def seal(pkcs8: bytes, pin: str, *, bound_to: str, cost: KdfCost) -> bytes:
    """Return the envelope as JSON; `bound_to` must be given again to open it."""
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(_derive(pin, salt, cost)).encrypt(nonce, pkcs8, _associated(bound_to))
    return json.dumps(
        {
            "format": FORMAT,
            "layers": ["pin"],
            "kdf": {
                "name": "argon2id",
                "salt": _text(salt),
                "memory_kib": cost.memory_kib,
                "passes": cost.passes,
                "lanes": cost.lanes,
            },
            "cipher": {"name": "aes-256-gcm", "nonce": _text(nonce)},
            "sealed": _text(sealed),
        },
        indent=1,
    ).encode()


def unseal(envelope: bytes, pin: str, *, bound_to: str) -> bytes | None:
    """Return the PKCS#8 DER, or `None` where `pin` does not open it.

    Raises:
        EnvelopeDamagedError: not an envelope, or one that asks for too much.

    """
    try:
        box = _parse(envelope)
        key = _derive(pin, box.salt, box.cost)
        return AESGCM(key).decrypt(box.nonce, box.sealed, _associated(bound_to))
    except InvalidTag:
        return None
    except (ValueError, KeyError, TypeError, Argon2Error) as exc:
        raise EnvelopeDamagedError(str(exc)) from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    cost: KdfCost
    salt: bytes
    nonce: bytes
    sealed: bytes


def _parse(envelope: bytes) -> _Box:
    box: dict[str, Any] = json.loads(envelope)
    kdf = box["kdf"]
    known = (box["format"], box["layers"], kdf["name"], box["cipher"]["name"])
    if known != (FORMAT, ["pin"], "argon2id", "aes-256-gcm"):
        raise ValueError("unknown kind of envelope")
    cost = KdfCost(
        memory_kib=int(kdf["memory_kib"]), passes=int(kdf["passes"]), lanes=int(kdf["lanes"])
    )
    if cost.memory_kib > MAX_MEMORY_KIB or cost.passes > MAX_PASSES:
        raise ValueError("costs too much")
    return _Box(
        cost=cost,
        salt=_bytes(kdf["salt"]),
        nonce=_bytes(box["cipher"]["nonce"]),
        sealed=_bytes(box["sealed"]),
    )


def _derive(pin: str, salt: bytes, cost: KdfCost) -> bytes:
    return hash_secret_raw(
        pin.encode(),
        salt,
        time_cost=cost.passes,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=32,
        type=Type.ID,
    )


def _associated(bound_to: str) -> bytes:
    return f"{FORMAT}\n{bound_to}".encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
