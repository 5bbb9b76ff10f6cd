"""The validation job, as its callers see it. Light: imports neither pyHanko nor any PDF library."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from certs.model import RevocationMaterial, TrustStore
from signer.jobs import JobSpec
from signer.limits import VERIFY
from signer.validation.policy_digest import POLICY_DIGEST
from signer.validation.report import Integrity, ValidationReport, cite_evidence, cite_trust
from signer.validation.wording import reason

SOFTWARE = "Ấn Tín 0.1.0"
"""Cited in every report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownExistence:
    """A proof from outside the file that something existed at a time, e.g. our archive's log."""

    sha256: str
    """Of the whole document, lower-case hex."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRequest:
    """What to validate a document against."""

    trust: TrustStore
    at: datetime
    """Validation time."""
    material: RevocationMaterial = field(default_factory=RevocationMaterial)
    """Evidence gathered so far, beside what the file itself carries."""
    offline: bool = False
    """No more evidence will come; `needs` is still filled in, for the report."""
    present: datetime | None = None
    """What the clock says, where `at` is in the past: evidence from after it is not believed."""
    known: tuple[KnownExistence, ...] = field(default=())


VALIDATE: JobSpec[ValidationRequest, ValidationReport] = JobSpec(
    "signer.validation.document:validate_job", ValidationRequest, ValidationReport, VERIFY
)
"""Never raises for bad input: UNREADABLE, UNSIGNED, ALTERED… are values."""


def cited(report: ValidationReport, request: ValidationRequest) -> ValidationReport:
    """Return `report` with what it was made with cited by digest (design.md §4 rule 10)."""
    return replace(
        report,
        anchors=cite_trust(request.trust),
        evidence=cite_evidence(request.material, request.trust.helpers),
        known_since=min((k.at for k in request.known if k.at <= request.at), default=None),
    )


def unreadable_report(
    *,
    sha256: str,
    size: int,
    code: str,
    request: ValidationRequest,
    detail: str = "",
) -> ValidationReport:
    """Return the report on a file that could not be looked into.

    Also for callers whose sandbox was killed (`file.limit`) or failed (`file.fault`).
    """
    report = ValidationReport(
        sha256=sha256,
        size=size,
        integrity=Integrity.UNREADABLE,
        indication=None,
        reasons=(reason(code, detail=detail),),
        signatures=(),
        validation_time=request.at,
        trust_digest=request.trust.digest,
        policy_digest=POLICY_DIGEST,
        software=SOFTWARE,
    )
    return cited(report, request)
