"""A verdict that was archived as JSON, back as the value that it was.

1. What is archived holds the whole report as it reads back (`signer.reports.record`).
2. The first archives held the line of the outside contract alone: what is missing there is `None`,
   never guessed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from signer.reports.record import report_of
from signer.validation.report import (
    Box,
    ChangesAfter,
    Indication,
    Integrity,
    Level,
    Reason,
    SignatureKind,
    SignatureReport,
    SignerInfo,
    ValidationReport,
)


def report_from_line(line: Mapping[str, Any]) -> ValidationReport:
    """Return the report that was archived with a document.

    Raises:
        KeyError, ValueError: the stored line is not one of ours.

    """
    if "record" in line:
        return report_of(line["record"])
    made_with = line.get("made_with") or {}
    moment: str = made_with["validation_time"]
    return ValidationReport(
        sha256=line["sha256"] or "",
        size=line["bytes"],
        integrity=Integrity(line["integrity"]),
        indication=Indication(line["indication"]) if line["indication"] else None,
        reasons=tuple(_reason(reason) for reason in line["reasons"]),
        signatures=tuple(_signature(signature) for signature in line["signatures"]),
        validation_time=datetime.fromisoformat(moment),
        trust_digest=made_with.get("trust_digest", ""),
        policy_digest=made_with.get("policy_digest", ""),
        software=made_with.get("software", ""),
        pages=line.get("pages"),
        active_content=tuple(line.get("active_content") or ()),
    )


def _reason(reason: Mapping[str, Any]) -> Reason:
    return Reason(
        code=reason["code"],
        vi=reason["vi"],
        en=reason["en"],
        remedy_vi=reason["remedy_vi"],
        remedy_en=reason["remedy_en"],
        field_name=reason.get("field"),
    )


def _signature(s: Mapping[str, Any]) -> SignatureReport:
    signer = s["signer"]
    return SignatureReport(
        field_name=s["field"],
        kind=SignatureKind(s["kind"]),
        indication=Indication(s["indication"]),
        sub_indication=s["sub_indication"],
        integrity=Integrity(s["integrity"]),
        changes_after=ChangesAfter(s["changes_after"]),
        signer=None
        if signer is None
        else SignerInfo(
            common_name=signer["common_name"],
            organization=signer["organization"],
            serial=signer["serial"],
            issuer=signer["issuer"],
            certificate=b"",
        ),
        level=Level(s["level"]) if s["level"] else None,
        claimed_signing_time=_moment(s["claimed_signing_time"]),
        best_signature_time=_moment(s["best_signature_time"]),
        digest_algorithm=s["digest_algorithm"],
        box=Box(**s["box"]) if s.get("box") else None,
        reason_text=s.get("reason"),
        covers_whole_file=s.get("covers_whole_file", False),
        revision=s.get("revision", 0),
    )


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
