"""Who signed, and when they say they did: plain facts out of certificate and signature dictionary.

1. Names come from the certificate's subject; an odd encoding yields `None`, never a fault.
2. The claimed time is the signing-time attribute, else /M of the signature dictionary (RFC 5652
   clause 11.3, ISO 32000-2 table 255). It is a claim.
3. Thirty-one of thirty-three Vietnamese signing-time attributes measured were local time marked as
   UTC, while /M beside it was right. Where the two differ by that amount, /M is shown, and the slip
   is explained (policy: `local_as_utc`).
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from asn1crypto import x509

from signer.validation.enumeration import Found
from signer.validation.form import text
from signer.validation.integrity import Checked
from signer.validation.policy import POLICY
from signer.validation.report import SignerInfo

_DATE = re.compile(
    r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([Zz+-])(?:(\d\d)'?(\d\d)?'?)?)?"
)
_FAULTS = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


def signer_info(certificate: x509.Certificate | None) -> SignerInfo | None:
    """Return what the certificate says of its holder."""
    if certificate is None:
        return None
    try:
        # Some authorities issued numbers with the top bit set, negative by DER: shown as the
        # bytes that stand in the certificate, which is also how other viewers show them.
        number = certificate.serial_number
        size = 8 * len(certificate["tbs_certificate"]["serial_number"].contents)
        serial = f"{number if number >= 0 else number + (1 << size):x}"
        der = certificate.dump()
    except _FAULTS:
        return None
    return SignerInfo(
        common_name=name_part(certificate, "common_name"),
        organization=name_part(certificate, "organization_name"),
        serial=serial,
        issuer=_issuer(certificate),
        certificate=der,
    )


def name_part(certificate: x509.Certificate, attribute: str) -> str | None:
    """Return one attribute of the subject, the last where there are several."""
    try:
        got = certificate.subject.native.get(attribute)
    except _FAULTS:
        return None
    if isinstance(got, list):
        got = got[-1] if got else None
    return str(got) if got else None


def _issuer(certificate: x509.Certificate) -> str:
    try:
        native = certificate.issuer.native
        for key in ("common_name", "organization_name"):
            if native.get(key):
                return str(native[key])
        return str(certificate.issuer.human_friendly)
    except _FAULTS:
        return ""


def pdf_date(raw: str) -> datetime | None:
    """Read a PDF date (clause 7.9.4); without a zone it is taken as UTC."""
    m = _DATE.match(raw)
    if m is None:
        return None
    year, month, day, hour, minute, second, sign, oh, om = m.groups()
    offset = timedelta(hours=int(oh or 0), minutes=int(om or 0))
    try:
        zone = timezone(-offset if sign == "-" else offset)
        return datetime(
            int(year), int(month or 1), int(day or 1),
            int(hour or 0), int(minute or 0), int(second or 0), tzinfo=zone,
        )  # fmt: skip
    except ValueError:
        return None


def claimed_time(found: Found, checked: Checked) -> tuple[datetime | None, bool]:
    """Return the claimed signing time, and whether the Vietnamese slip was found in it."""
    written = pdf_date(text(found.entries.get("/M")))
    attribute = checked.container.claimed_time if checked.container else None
    if attribute is None:
        return written, False
    if written is not None:
        off = abs((attribute - written.astimezone(UTC)) - POLICY.local_as_utc)
        if off <= POLICY.local_as_utc_tolerance:
            return written, True
    return attribute, False
