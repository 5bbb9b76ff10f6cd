"""From what was found to what is said: reports and reasons of signatures.

1. A signature that is ALTERED is TOTAL-FAILED by the procedure. One after which a forbidden change
   came, or that stands outside the form, is TOTAL-FAILED / FORMAT_FAILURE, as EU DSS words it; one
   with an undecided change is INDETERMINATE at best.
2. Every cause is said once per signature, in the order in which a person asks: is it whole, what
   was changed, whom to trust, when.
"""

import hashlib
from dataclasses import dataclass, field

from asn1crypto import parser

from signer.validation.changes import Judgement, Permissions
from signer.validation.comparison import Kind
from signer.validation.enumeration import Found
from signer.validation.facts import claimed_time, signer_info
from signer.validation.form import text
from signer.validation.integrity import Checked
from signer.validation.job import SOFTWARE, ValidationRequest
from signer.validation.policy_digest import POLICY_DIGEST
from signer.validation.procedure import Outcome
from signer.validation.report import (
    ChangesAfter,
    Indication,
    Integrity,
    Reason,
    SignatureKind,
    SignatureReport,
    ValidationReport,
)
from signer.validation.structure import Document
from signer.validation.telling import tell_all
from signer.validation.wording import reason, reason_for

_TOLD = {Kind.FILLED, Kind.ANNOTATION}
"""Permitted changes that are told. A later signature stands in the report itself."""


@dataclass(slots=True)
class Case:
    """One signature on its way to a report."""

    found: Found
    checked: Checked
    revision: int | None
    permissions: Permissions = field(default_factory=Permissions)
    judgement: Judgement = field(default_factory=Judgement)
    outcome: Outcome = field(default_factory=Outcome)


def report_without(
    sha256: str,
    data: bytes,
    request: ValidationRequest,
    integrity: Integrity,
    reasons: list[Reason],
    pages: int | None = None,
    active: tuple[str, ...] = (),
) -> ValidationReport:
    """Return a report on a document without signatures to speak of."""
    return ValidationReport(
        sha256=sha256,
        size=len(data),
        integrity=integrity,
        indication=Indication.INDETERMINATE if integrity is Integrity.UNDECIDED else None,
        reasons=tuple(reasons),
        signatures=(),
        validation_time=request.at,
        trust_digest=request.trust.digest,
        policy_digest=POLICY_DIGEST,
        software=SOFTWARE,
        pages=pages,
        active_content=active,
    )


def signature_report(doc: Document, c: Case) -> SignatureReport:
    """Return the report on one signature."""
    indication, sub = c.outcome.indication, c.outcome.sub_indication
    if c.checked.integrity is not Integrity.ALTERED:
        if c.judgement.after is ChangesAfter.FORBIDDEN or c.found.orphan:
            indication, sub = Indication.TOTAL_FAILED, "FORMAT_FAILURE"
        elif indication is Indication.TOTAL_PASSED and c.judgement.after is ChangesAfter.UNDECIDED:
            indication, sub = Indication.INDETERMINATE, "GENERIC"
    claimed, _ = claimed_time(c.found, c.checked)
    return SignatureReport(
        field_name=c.found.field_name,
        kind=c.found.kind,
        indication=indication,
        sub_indication=sub,
        integrity=c.checked.integrity,
        changes_after=c.judgement.after,
        signer=signer_info(c.checked.certificate),
        level=c.outcome.level,
        claimed_signing_time=claimed,
        best_signature_time=c.outcome.best_signature_time,
        digest_algorithm=c.checked.digest_algorithm,
        box=c.found.box,
        reason_text=text(doc.resolve(c.found.entries.get("/Reason"), doc.last)) or None,
        sub_filter=c.found.sub_filter,
        docmdp=c.permissions.docmdp,
        covers_whole_file=c.revision == doc.last,
        revision=c.revision or 0,
        byte_range=c.found.byte_range,
        signed_digest=None if c.checked.digest is None else c.checked.digest.hex(),
        signature_value=_value(c.checked),
        container_sha256=_container_digest(c.found.contents),
        path=tuple(x.sha256.hex() for x in c.outcome.path or ()),
    )


def _value(checked: Checked) -> bytes | None:
    value = checked.container.info["signature"].native if checked.container else None
    return value if isinstance(value, bytes) else None


def _container_digest(contents: bytes) -> str | None:
    """Return the digest of the container without what pads it."""
    try:
        return hashlib.sha256(contents[: parser.peek(contents)]).hexdigest()
    except ValueError:
        return None


def signature_reasons(c: Case) -> list[Reason]:
    """Return everything that is to be said about one signature."""
    out: list[Reason] = []
    name = c.found.field_name
    if c.found.orphan:
        out.append(reason("signature.orphan", name))
    if c.checked.code:
        out.append(reason(c.checked.code, name, detail=c.checked.detail))
    for verdict, code in (
        (ChangesAfter.FORBIDDEN, "change.forbidden"),
        (ChangesAfter.UNDECIDED, "change.undecided"),
        (ChangesAfter.PERMITTED, "change.permitted"),
    ):
        which = [
            ch
            for ch, v in c.judgement.explained
            if v is verdict and (v is not ChangesAfter.PERMITTED or ch.kind in _TOLD)
        ]
        if which:
            vi, en = tell_all(which)
            out.append(reason(code, name, detail=vi, detail_en=en))
    if c.checked.integrity is Integrity.INTACT:
        certificate = signer_info(c.checked.certificate)
        out += reason_for(
            c.outcome.sub_indication,
            name,
            certificate.issuer if certificate else "",
            c.outcome.detail,
            timestamp=c.found.kind is SignatureKind.DOCUMENT_TIMESTAMP,
        )
        out += _time_reasons(c)
    return out


def _time_reasons(c: Case) -> list[Reason]:
    """Return what is to be said about time and age of one intact signature."""
    out: list[Reason] = []
    name = c.found.field_name
    problem = c.outcome.timestamp_problem
    if problem == "NO_CERTIFICATE_CHAIN_FOUND":  # the token itself may be in perfect order
        who = c.outcome.timestamp_authority or problem
        out.append(reason("timestamp.untrusted", name, detail=who))
    elif problem:
        out.append(reason("timestamp.invalid", name, detail=problem))
    if c.outcome.legacy:
        out.append(reason("algorithm.legacy", name, detail=c.outcome.legacy))
    if c.found.kind is SignatureKind.SIGNATURE and c.outcome.best_signature_time is None:
        out.append(reason("time.unproven", name))
    if claimed_time(c.found, c.checked)[1]:
        out.append(reason("time.local_as_utc", name))
    return out
