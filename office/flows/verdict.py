"""A verification as the JSON object of the outside contract: one shape for every way out.

The command line prints it, REST answers it, the archive keeps it beside the document.

1. Field names and meanings are the contract's; fields may be added, never renamed.
2. `null` means "not established". A file that was never read whole has no `sha256`.
3. Times are ISO 8601 with their offset; dates are days, as printed on a document.
4. What an old report was made with (anchors, policy, software, moment) is in it (design.md §4
   rule 10), under `made_with`.
"""

from datetime import datetime
from typing import Any

from archive.model import FIELDS
from office.extract.fields import Extracted
from office.model import Verification
from signer.validation.report import Box, Reason, SignatureReport, SignerInfo


def verdict_line(file: str, verification: Verification) -> dict[str, Any]:
    """Return the line for the file named `file`."""
    report = verification.report
    return {
        "file": file,
        "sha256": report.sha256 or None,
        "bytes": report.size,
        "seconds": round(verification.seconds, 4),
        "integrity": report.integrity.value,
        "indication": report.indication.value if report.indication else None,
        "reasons": [_reason(r) for r in report.reasons],
        "signatures": [_signature(s) for s in report.signatures],
        "extracted": extracted_fields(verification.extracted),
        "pages": report.pages,
        "active_content": list(report.active_content),
        "made_with": {
            "validation_time": _time(report.validation_time),
            "trust_digest": report.trust_digest,
            "policy_digest": report.policy_digest,
            "software": report.software,
        },
    }


def extracted_fields(extracted: Extracted | None) -> dict[str, str | None] | None:
    """Return the six fields read from the page, or `None` when it was not read."""
    if extracted is None:
        return None
    found: dict[str, str | None] = {}
    for name in FIELDS:
        field = getattr(extracted, name)
        value = None if field is None else field.value
        found[name] = None if value is None else str(value)
    return found


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code,
        "vi": reason.vi,
        "en": reason.en,
        "remedy_vi": reason.remedy_vi,
        "remedy_en": reason.remedy_en,
        "field": reason.field_name,
        "page_text": reason.page_text,
        "signature_text": reason.signature_text,
    }


def _signature(s: SignatureReport) -> dict[str, Any]:
    return {
        "field": s.field_name,
        "kind": s.kind.value,
        "role": s.role.value,
        "shown_text": s.shown_text,
        "parent_number": s.parent_number,
        "indication": s.indication.value,
        "sub_indication": s.sub_indication,
        "integrity": s.integrity.value,
        "changes_after": s.changes_after.value,
        "signer": None if s.signer is None else _signer(s.signer),
        "level": None if s.level is None else s.level.value,
        "claimed_signing_time": _time(s.claimed_signing_time),
        "best_signature_time": _time(s.best_signature_time),
        "digest_algorithm": s.digest_algorithm,
        "box": None if s.box is None else _box(s.box),
        "reason": s.reason_text,
        "covers_whole_file": s.covers_whole_file,
        "revision": s.revision,
    }


def _signer(signer: SignerInfo) -> dict[str, Any]:
    return {
        "common_name": signer.common_name,
        "organization": signer.organization,
        "serial": signer.serial,
        "issuer": signer.issuer,
    }


def _box(box: Box) -> dict[str, float]:
    return {"page": box.page, "x1": box.x1, "y1": box.y1, "x2": box.x2, "y2": box.y2}
