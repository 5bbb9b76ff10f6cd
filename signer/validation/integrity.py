"""One signature's own integrity: whether digest and value hold over the bytes that it names.

1. /ByteRange is [0 a b c] with 0 < a < b, b + c within the file, and the gap [a, b) is exactly
   the hexadecimal string of this dictionary's own /Contents (ISO 32000-2 clause 12.8.1; universal
   signature forgery and signature wrapping leave one of these).
2. By /SubFilter: `ETSI.CAdES.detached`, `adbe.pkcs7.detached` sign the ranges directly;
   `adbe.pkcs7.sha1` signs their SHA-1, carried inside; `ETSI.RFC3161` is a time-stamp token whose
   imprint is their digest; `adbe.x509.rsa_sha1` is a bare PKCS#1 value, certificate in /Cert.
   Anything else is unsupported: UNDECIDED, never "forged".
3. A detached container has no content; an empty one, or one equal to the digest, is tolerated:
   tools in Vietnam and Spain write them, Acrobat and Foxit read them.
4. Where there are signed attributes, messageDigest equals the digest and contentType the content's
   type; each is there once (RFC 5652 clause 11). Tools that leave messageDigest out bind nothing:
   such a container counts only if its value was made over the content itself.
5. The signature value is checked over the DER encoding of the signed attributes. One that holds
   only over another order of the same bytes is UNDECIDED: verifiers disagree about it. So is one
   whose container holds a serial number that is no minimal INTEGER: most drop the container;
   and one whose algorithm protection names other algorithms (RFC 6211), or whose digest and
   signature algorithms name different hashes (RFC 5754 clause 3): some refuse it.
6. A digest that the key's standard forbids (Ed25519 without SHA-512, Ed448 without SHAKE256, RFC
   8419) is broken, not weak: ALTERED. Weakness is policy's business, not this module's.
7. Algorithms, curves or keys that we cannot compute: UNDECIDED `signature.unsupported`. No signer
   certificate: UNDECIDED `signature.no_certificate`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import core, x509

from signer.validation.cms import CmsError, Container, open_container, tst_info
from signer.validation.enumeration import Found
from signer.validation.lexer import unhex
from signer.validation.primitives import Outcome, hash_of, verify_value
from signer.validation.report import Integrity

_FAULTS = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What asn1crypto raises over bad input."""
_DETACHED = ("ETSI.CAdES.detached", "adbe.pkcs7.detached")
_HASHES = {
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "ripemd160", "shake256",
    "sha3_224", "sha3_256", "sha3_384", "sha3_512",
}  # fmt: skip


@dataclass(slots=True)
class Checked:
    """What came out. `code` names the reason where the integrity is not INTACT."""

    integrity: Integrity
    code: str | None = None
    sub_indication: str | None = None
    detail: str = ""
    container: Container | None = None
    digest: bytes | None = None
    """Of the ranges, by the container's digest algorithm."""
    certificate: x509.Certificate | None = None
    digest_algorithm: str | None = None
    tolerated: tuple[str, ...] = ()
    """Deviations that we let pass, for the report."""


def _broken(code: str, sub: str, detail: str, **more: object) -> Checked:
    return Checked(Integrity.ALTERED, code, sub, detail, **more)  # type: ignore[arg-type]


def _undecided(code: str, sub: str, detail: str, **more: object) -> Checked:
    return Checked(Integrity.UNDECIDED, code, sub, detail, **more)  # type: ignore[arg-type]


def digest_of(name: str, parts: Sequence[bytes | memoryview]) -> bytes | None:
    """Return the digest over `parts`; `None` if we cannot compute that algorithm."""
    if name not in _HASHES:
        return None
    try:
        h = hashlib.new(name, usedforsecurity=False)
    except ValueError:
        return None
    for p in parts:
        h.update(p)
    if name == "shake256":
        return h.digest(64)  # type: ignore[call-arg]
    return h.digest()


def check(  # noqa: PLR0911 - one way out per finding
    data: bytes, found: Found, more: Sequence[x509.Certificate] = ()
) -> Checked:
    """Check one signature of `data`. `more` are certificates from the DSS and given to us."""
    parts = _ranges(data, found)
    if isinstance(parts, Checked):
        return parts
    if found.sub_filter == "adbe.x509.rsa_sha1":
        return _bare(found, parts)
    if found.sub_filter not in (*_DETACHED, "adbe.pkcs7.sha1", "ETSI.RFC3161"):
        return _undecided(
            "signature.unsupported", "FORMAT_FAILURE", f"/SubFilter {found.sub_filter}"
        )
    try:
        container = open_container(found.contents, more)
        return _container(found, parts, container)
    except CmsError as e:
        if e.undecided:
            return _undecided("signature.unsupported", "FORMAT_FAILURE", e.detail)
        return _broken("signature.malformed", "FORMAT_FAILURE", e.detail)
    except _FAULTS as e:  # read late, far inside: one bad container must not hide the others
        return _broken("signature.malformed", "FORMAT_FAILURE", type(e).__name__)


def _ranges(data: bytes, found: Found) -> list[memoryview] | Checked:
    """Return the two signed ranges: rule 1."""
    br = found.byte_range
    if br is None or len(br) != 4:  # noqa: PLR2004 two pairs
        return _broken("signature.malformed", "FORMAT_FAILURE", "/ByteRange")
    zero, a, b, c = br
    if zero != 0 or not 0 < a < b or c < 0 or b + c > len(data):
        return _broken("signature.malformed", "FORMAT_FAILURE", f"/ByteRange {br}")
    gap = data[a:b]
    try:
        same = gap[:1] == b"<" and gap[-1:] == b">" and unhex(gap[1:-1]) == found.contents
    except ValueError:
        same = False
    if not same or (found.span is not None and not found.span[0] <= a < b <= found.span[1]):
        return _broken("signature.malformed", "FORMAT_FAILURE", "the gap is not this /Contents")
    view = memoryview(data)
    return [view[0:a], view[b : b + c]]


def _container(  # noqa: C901, PLR0911 - one way out per finding
    found: Found, parts: list[memoryview], c: Container
) -> Checked:
    name = c.digest_algorithm
    base = {"container": c, "digest_algorithm": name, "certificate": c.signer}
    digest = digest_of(name, parts)
    if digest is None:
        return _undecided("signature.unsupported", "FORMAT_FAILURE", f"digest {name}", **base)
    tolerated: list[str] = [] if c.padding_is_zero else ["padding"]
    signed_content: bytes | None = None
    if found.sub_filter in _DETACHED:
        if c.content and c.content != digest:
            return _broken(
                "signature.malformed",
                "FORMAT_FAILURE",
                "content inside a detached signature",
                **base,
            )
        if c.content is not None:
            tolerated.append("content")
    elif found.sub_filter == "adbe.pkcs7.sha1":
        if c.content != digest_of("sha1", parts):
            return _broken("digest.mismatch", "HASH_FAILURE", "SHA-1 of the ranges", **base)
        signed_content = c.content
    else:
        stated = _imprint(c)
        if stated is None:
            return _broken(
                "signature.malformed", "FORMAT_FAILURE", "not a time-stamp token", **base
            )
        imprint = digest_of(stated[0], parts)
        if imprint is None:
            return _undecided(
                "signature.unsupported", "FORMAT_FAILURE", f"imprint {stated[0]}", **base
            )
        if imprint != stated[1]:
            return _broken("digest.mismatch", "HASH_FAILURE", "imprint", **base)
        signed_content = c.content
    if signed_content is not None:
        digest = digest_of(name, [signed_content])
        assert digest is not None  # noqa: S101 the same algorithm was computed above
    base["digest"] = digest
    return _value(
        c,
        digest,
        tolerated,
        base,
        parts if signed_content is None else [memoryview(signed_content)],
    )


def _imprint(c: Container) -> tuple[str, bytes] | None:
    tst = tst_info(c.signed_data)
    if tst is None:
        return None
    imprint = tst["message_imprint"]
    return str(imprint["hash_algorithm"]["algorithm"].native), imprint["hashed_message"].native


def _value(  # noqa: C901, PLR0911 - one way out per finding
    c: Container,
    digest: bytes,
    tolerated: list[str],
    base: dict[str, object],
    parts: Sequence[bytes | memoryview],
) -> Checked:
    """Check messageDigest, contentType and the signature value: rules 4 to 7."""
    if c.has_signed_attributes:
        stated = c.single("message_digest")
        if stated is not None and stated.native != digest:
            return _broken("digest.mismatch", "HASH_FAILURE", "messageDigest", **base)
        kind = c.single("content_type")
        if kind is None and "message_digest" in c.attributes:
            return _broken("signature.malformed", "FORMAT_FAILURE", "no contentType", **base)
        if kind is not None and kind.native != c.content_type:
            return _broken("signature.malformed", "FORMAT_FAILURE", "contentType", **base)
        if stated is None:
            tolerated.append("message-digest")
    if c.signer is None:
        return _undecided("signature.no_certificate", "NO_SIGNING_CERTIFICATE_FOUND", "", **base)
    outcome = _outcome(c, digest, parts)
    more = base | {"tolerated": tuple(tolerated)}
    match outcome:
        case Outcome.GOOD if odd := _oddity(c):
            sub, detail = odd
            return _undecided("signature.encoding", sub, detail, **more)
        case Outcome.GOOD:
            return Checked(Integrity.INTACT, **more)  # type: ignore[arg-type]
        case Outcome.BAD:
            return _broken("signature.invalid", "SIG_CRYPTO_FAILURE", "signature value", **more)
        case Outcome.FORBIDDEN:
            return _broken(
                "signature.forbidden_pairing", "SIG_CRYPTO_FAILURE", "digest of this key", **more
            )
        case Outcome.OTHER_ENCODING:
            return _undecided("signature.encoding", "FORMAT_FAILURE", "signed attributes", **more)
        case Outcome.UNSUPPORTED:
            return _undecided("signature.unsupported", "FORMAT_FAILURE", "algorithm or key", **more)


def _outcome(c: Container, digest: bytes, parts: Sequence[bytes | memoryview]) -> Outcome:
    assert c.signer is not None  # noqa: S101 the caller has looked
    value = c.info["signature"].native
    algorithm = c.info["signature_algorithm"]
    if not c.has_signed_attributes:
        return verify_value(c.signer, algorithm, c.digest_algorithm, value, parts, digest)
    if "message_digest" not in c.attributes:  # rule 4: the attributes bind nothing
        return verify_value(c.signer, algorithm, c.digest_algorithm, value, parts, digest)
    signed = c.info["signed_attrs"]
    raw = b"\x31" + signed.dump()[1:]
    outcome = verify_value(c.signer, algorithm, c.digest_algorithm, value, [raw], None)
    if outcome is Outcome.GOOD and not _is_der_set(raw):
        return Outcome.OTHER_ENCODING
    return outcome


def _oddity(c: Container) -> tuple[str, str] | None:
    """Return why others refuse a container whose value holds: sub-indication and detail."""
    if not _is_protected(c):
        return "GENERIC", "algorithm protection"
    if hash_of(c.info["signature_algorithm"], c.digest_algorithm) != c.digest_algorithm:
        return "FORMAT_FAILURE", "two digests"
    return None if c.serials_are_minimal else ("FORMAT_FAILURE", "serial number")


def _is_protected(c: Container) -> bool:
    """Whether the algorithm protection, where there is one, names the container's algorithms."""
    said = c.single("cms_algorithm_protection")
    return said is None or (
        said["digest_algorithm"]["algorithm"].dotted
        == c.info["digest_algorithm"]["algorithm"].dotted
        and said["signature_algorithm"]["algorithm"].dotted
        == c.info["signature_algorithm"]["algorithm"].dotted
    )


def _is_der_set(raw: bytes) -> bool:
    """Whether the elements of a SET OF stand in DER order (X.690 clause 11.6)."""
    try:
        elements = [e.dump() for e in core.SetOf.load(raw, spec=core.Any)]
    except (ValueError, TypeError):
        return False
    return elements == sorted(elements)


def token_holds(token: Container, over: bytes) -> bool:
    """Whether a time-stamp token's imprint is that of `over` and its own value verifies.

    Says nothing about trust in the authority.
    """
    try:
        stated = _imprint(token)
        if stated is None or token.content is None or digest_of(stated[0], [over]) != stated[1]:
            return False
        digest = digest_of(token.digest_algorithm, [token.content])
        if digest is None:
            return False
        checked = _value(token, digest, [], {}, [token.content])
    except (CmsError, ValueError, TypeError, KeyError, AttributeError):
        return False
    return checked.integrity is Integrity.INTACT


def _bare(found: Found, parts: list[memoryview]) -> Checked:
    """adbe.x509.rsa_sha1: an OCTET STRING around a PKCS#1 value."""
    certificate = found.entries.get("/Cert")
    if isinstance(certificate, tuple):
        certificate = certificate[0] if certificate else None
    if not isinstance(certificate, bytes):
        return _undecided("signature.no_certificate", "NO_SIGNING_CERTIFICATE_FOUND", "/Cert")
    try:
        signer = x509.Certificate.load(certificate)
        value = core.OctetString.load(found.contents).native
        outcome = verify_value(signer, None, "sha1", value, parts, None)
    except (ValueError, TypeError) as e:
        return _undecided("signature.unsupported", "FORMAT_FAILURE", str(e)[:100])
    if outcome is Outcome.GOOD:
        return Checked(Integrity.INTACT, certificate=signer, digest_algorithm="sha1")
    if outcome is Outcome.BAD:
        return _broken(
            "signature.invalid", "SIG_CRYPTO_FAILURE", "signature value", certificate=signer
        )
    return _undecided(
        "signature.unsupported", "FORMAT_FAILURE", "algorithm or key", certificate=signer
    )
