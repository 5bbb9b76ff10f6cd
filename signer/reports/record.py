"""A validation report as JSON that can be read back: what is kept to reproduce a verdict.

1. Everything in the report goes in but `needs`, which was a question and is over (rule of
   `signer.validation.report`). Bytes are base64, times keep their offset.
2. The same report gives the same bytes, and what is read back equals what was written.
3. A record says which `format` it has. One that is newer than we are is refused, never half-read;
   one that is older lacks fields that came later, which then have their defaults: "not
   established", never a guess.
4. To make an old verdict again one needs the file (`sha256`), the anchors (`anchors`), the evidence
   that did not come with the file (`evidence`), the policy (`policy_digest`), the software, and
   `validation_time` for `--at`. `--trust` with the same anchors has the same `trust_digest`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from certs.model import TrustStore
from signer.validation.report import CitedAnchor, ValidationReport, cite_trust

FORMAT = 1
"""Raised when a field changes its meaning or goes away; a new field with a default is not that."""

_ADAPTER: TypeAdapter[tuple[ValidationReport]] = TypeAdapter(
    # A tuple, because a configuration cannot be given for a dataclass itself.
    tuple[ValidationReport],
    config=ConfigDict(val_json_bytes="base64"),
)


class RecordInvalidError(ValueError):
    """What was read is not a record of ours."""


def write_record(report: ValidationReport) -> bytes:
    """Return `report` as JSON, UTF-8, with a line feed at its end (rule 2)."""
    return to_json(record_of(report), indent=1) + b"\n"


def record_of(report: ValidationReport) -> dict[str, Any]:
    """Return the record as JSON values, for whoever puts it into a larger document."""
    # Through JSON and back, so that a time is the string that it will be on disk.
    values = from_json(to_json(report, exclude={"needs"}, bytes_mode="base64"))
    return {"format": FORMAT, "report": values}


def read_record(data: bytes) -> ValidationReport:
    """Return the report that `write_record` wrote.

    Raises:
        RecordInvalidError: not JSON, not a record, or of a format that is newer than this software.

    """
    try:
        values = from_json(data)
    except ValueError as e:
        raise RecordInvalidError("not JSON") from e
    return report_of(values)


def report_of(record: object) -> ValidationReport:
    """Return the report that `record_of` took apart.

    Raises:
        RecordInvalidError: as `read_record`.

    """
    if not isinstance(record, dict) or type(record.get("format")) is not int:
        raise RecordInvalidError("not a record of a validation")
    if record["format"] > FORMAT:
        raise RecordInvalidError(f"format {record['format']} is newer than this software")
    try:
        (report,) = _ADAPTER.validate_json(to_json([record.get("report")]), strict=True)
    except ValidationError as e:
        raise RecordInvalidError(f"{e.error_count()} fields are not as they must be") from e
    return report


def with_anchors(report: ValidationReport, trust: TrustStore) -> ValidationReport:
    """Return `report` with its anchors cited one by one, if `trust` is what it was made with.

    A report that cites them already, or that was made with another trust, is returned as it is:
    a citation is a fact about the validation, not about who prints it.
    """
    if report.anchors or trust.digest != report.trust_digest:
        return report
    return replace(report, anchors=cite_trust(trust))


def digest_of_anchors(anchors: Sequence[CitedAnchor]) -> str:
    """Return the `trust_digest` that goes with these anchors, for whoever compares."""
    lines = sorted(f"{a.sha256} {' '.join(sorted(a.purposes))}" for a in anchors)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
