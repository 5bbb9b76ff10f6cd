"""Take a signature's CMS container apart, tolerating what readers tolerate and nothing more.

1. The container is a ContentInfo holding SignedData (RFC 5652); BER is read as well as DER. What
   follows it in /Contents is padding and must be zero.
2. Exactly one SignerInfo (ISO 32000-2 clause 12.8.3.3.1): with none or several nobody can say what
   was signed by whom.
3. The signer's certificate is the one that the SignerInfo names, by issuer and serial or by key
   identifier, among the certificates in the container; where it is not there, among those of the
   document's DSS and those given to us (PAdES B-LT by some tools).
4. Serial numbers in the container are minimal INTEGERs (X.690 clause 8.3.2). OpenSSL and Bouncy
   Castle drop a container with any other; asn1crypto reads it. Verifiers disagree: UNDECIDED.
5. Attributes that must be single are single; a second messageDigest is a forgery attempt.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from asn1crypto import algos, core, tsp, x509
from asn1crypto import cms as acms

from signer.validation.ber import definite


class CmsError(ValueError):
    """The container is not what it must be. `undecided` when that is our limit, not its fault."""

    def __init__(self, detail: str, *, undecided: bool = False) -> None:
        self.detail = detail
        self.undecided = undecided
        super().__init__(detail)


@dataclass(slots=True)
class Container:
    """A CMS SignedData with its one SignerInfo."""

    signed_data: acms.SignedData
    info: acms.SignerInfo
    certificates: list[x509.Certificate]
    signer: x509.Certificate | None
    digest_algorithm: str
    """Name (`sha256`, …) or dotted OID where it has none."""
    content_type: str
    content: bytes | None
    """eContent; `None` when detached."""
    padding_is_zero: bool
    attributes: dict[str, list[core.Asn1Value]] = field(default_factory=dict)
    """Signed attributes: type → values; empty where there are none."""
    has_signed_attributes: bool = False
    serials_are_minimal: bool = True

    def single(self, name: str) -> core.Asn1Value | None:
        """Return the one value of a signed attribute; `None` when absent.

        Raises:
            CmsError: more than one value, or given twice.

        """
        values = self.attributes.get(name)
        if values is None:
            return None
        if len(values) != 1:
            raise CmsError(f"{name} has {len(values)} values")
        return values[0]

    def timestamps(self) -> list[acms.SignedData]:
        """Return the signature time-stamps (unsigned attribute), as SignedData."""
        out = []
        unsigned = self.info["unsigned_attrs"]
        for attribute in unsigned if isinstance(unsigned, acms.CMSAttributes) else ():
            if attribute["type"].native in ("signature_time_stamp_token", "signature_time_stamp"):
                out += [
                    v["content"]
                    for v in attribute["values"]
                    if v["content_type"].native == "signed_data"
                ]
        return out

    def tokens(self) -> list["Container"]:
        """Return the signature time-stamps as containers, as far as they can be read."""
        out = []
        for sd in self.timestamps():
            try:
                out.append(_open_signed_data(sd, (), padding_is_zero=True))
            except (CmsError, *_FAULTS):
                continue
        return out

    @property
    def claimed_time(self) -> datetime | None:
        """The signing-time attribute: a claim of the signer's, UTC by definition."""
        values = self.attributes.get("signing_time")
        if not values or len(values) != 1:
            return None
        try:
            got = values[0].native
        except ValueError:
            return None
        return got.astimezone(UTC) if isinstance(got, datetime) else None


_FAULTS = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What asn1crypto raises over bad input."""


def open_container(contents: bytes, more: Iterable[x509.Certificate] = ()) -> Container:
    """Parse `contents`; look for the signer among the container's certificates, then in `more`.

    Raises:
        CmsError: not one SignedData with one SignerInfo.

    """
    try:
        return _open(contents, more)
    except CmsError:
        raise
    except RecursionError as e:
        raise CmsError("nested too deeply") from e
    except _FAULTS as e:
        raise CmsError(str(e)[:200]) from e


def _open(contents: bytes, more: Iterable[x509.Certificate]) -> Container:
    der, taken = definite(contents)
    outer = acms.ContentInfo.load(der)
    if outer["content_type"].native != "signed_data":
        raise CmsError(f"content is {outer['content_type'].native}")
    return _open_signed_data(
        outer["content"], more, padding_is_zero=not contents[taken:].strip(b"\0")
    )


def _open_signed_data(
    sd: acms.SignedData, more: Iterable[x509.Certificate], *, padding_is_zero: bool
) -> Container:
    infos = sd["signer_infos"]
    if len(infos) != 1:
        raise CmsError(f"{len(infos)} signers in one container")
    info: acms.SignerInfo = infos[0]
    certificates = list(certificates_of(sd))
    eci = sd["encap_content_info"]
    content = eci["content"]
    signed = info["signed_attrs"]
    attributes: dict[str, list[core.Asn1Value]] = {}
    has = isinstance(signed, acms.CMSAttributes)
    for a in signed if has else ():
        attributes.setdefault(a["type"].native, []).extend(a["values"])
    return Container(
        sd,
        info,
        certificates,
        find_signer(info, certificates) or find_signer(info, more),
        _digest_name(info["digest_algorithm"]),
        eci["content_type"].native,
        bytes(content)
        if isinstance(content, core.OctetString | core.ParsableOctetString)
        else None,
        padding_is_zero,
        attributes,
        has,
        all(_minimal(s) for s in _serials(info, certificates)),
    )


def _serials(info: acms.SignerInfo, pool: Iterable[x509.Certificate]) -> Iterable[core.Integer]:
    if info["sid"].name == "issuer_and_serial_number":
        yield info["sid"].chosen["serial_number"]
    for certificate in pool:
        yield certificate["tbs_certificate"]["serial_number"]


def _minimal(number: core.Integer) -> bool:
    """Whether the first nine bits of an INTEGER are not all alike (X.690 clause 8.3.2)."""
    raw = number.contents
    return len(raw) < 2 or not (  # noqa: PLR2004 one octet is always minimal
        (raw[0] == 0 and raw[1] < 0x80) or (raw[0] == 0xFF and raw[1] >= 0x80)  # noqa: PLR2004 the sign bit
    )


def certificates_of(sd: acms.SignedData) -> Iterable[x509.Certificate]:
    """Yield the X.509 certificates in a SignedData."""
    listed = sd["certificates"]
    for choice in listed if isinstance(listed, acms.CertificateSet) else ():
        if choice.name == "certificate":
            yield choice.chosen


def find_signer(info: acms.SignerInfo, pool: Iterable[x509.Certificate]) -> x509.Certificate | None:
    """Return the certificate in `pool` that `info` names."""
    sid = info["sid"]
    for certificate in pool:
        try:
            if sid.name == "issuer_and_serial_number":
                wanted = sid.chosen
                if (
                    certificate.serial_number == wanted["serial_number"].native
                    and certificate.issuer == wanted["issuer"]
                ):
                    return certificate
            elif certificate.key_identifier == sid.chosen.native:
                return certificate
        except _FAULTS:
            continue
    return None


_SIGNATURE_OIDS_AS_DIGEST = {
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
"""Some tools write the signature algorithm where the digest belongs; what they mean is plain."""


def _digest_name(algorithm: algos.DigestAlgorithm) -> str:
    oid = algorithm["algorithm"].dotted
    return _SIGNATURE_OIDS_AS_DIGEST.get(oid) or str(algorithm["algorithm"].native)


def tst_info(sd: acms.SignedData) -> tsp.TSTInfo | None:
    """Return what a time-stamp token states; `None` when it is none."""
    try:
        if sd["encap_content_info"]["content_type"].native != "tst_info":
            return None
        parsed = sd["encap_content_info"]["content"].parsed
        whole = isinstance(parsed, tsp.TSTInfo)
        if whole:
            # asn1crypto reads a field when asked for it: ask here, where a fault has a place to go
            _ = parsed["gen_time"].native, parsed["message_imprint"].native
    except _FAULTS:
        return None
    else:
        return parsed if whole else None
