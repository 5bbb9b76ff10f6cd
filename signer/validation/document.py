"""The verdict on a document: contract.md's decision table and design.md §4's rules, in order.

1. What is not a PDF, damaged, or over a limit is UNREADABLE, with the reason.
2. What is encrypted and does not open with the empty password is UNDECIDED `file.encrypted`.
3. Signatures are enumerated wherever they hide (`enumeration.py`). None: UNSIGNED, and whether one
   was prepared or removed.
4. Each signature's own integrity (`integrity.py`): digest and value, bytes alone.
5. Every byte after the first signature belongs to a parsed revision, and every signature ends where
   a revision ends (`structure.py`); otherwise ALTERED `bytes.uncovered`.
6. Each later revision is explained change by change (`difference.py`) and judged against the rules
   of each signature and all earlier ones (`changes.py`).
7. The second parser reads the same pages and content (`parsers.py`); otherwise UNDECIDED.
8. Each signature's indication by EN 319 102-1 (`procedure.py`). A signature that is ALTERED is
   TOTAL-FAILED; one after which a forbidden change came is TOTAL-FAILED / FORMAT_FAILURE, as EU DSS
   words it; one that is UNDECIDED in any way is INDETERMINATE at best.
9. The document: ALTERED if any signature is, if any change is FORBIDDEN, if bytes are uncovered,
   if a signature stands outside the form; else UNDECIDED if anything is; else INTACT. Its
   indication is the worst of its signatures'; not INTACT never passes.
10. Active and hidden content is listed. Every fault of ours on the way is a value, never a trace.
"""

import hashlib
import logging
from datetime import datetime

from asn1crypto import x509

from certs.model import RevocationNeed
from signer.jobs import JobFiles
from signer.validation.accounting import beyond, unaccounted
from signer.validation.changes import (
    Judgement,
    judge,
    raises_permissions,
    read_permissions,
)
from signer.validation.comparison import Change, Kind, Signed
from signer.validation.content import active_content, overlapping_pages
from signer.validation.difference import explain
from signer.validation.enumeration import Enumeration, Found, enumerate_signatures
from signer.validation.evidence import Evidence
from signer.validation.integrity import check
from signer.validation.job import SOFTWARE, ValidationRequest, cited, unreadable_report
from signer.validation.parsers import disagreement
from signer.validation.policy_digest import POLICY_DIGEST
from signer.validation.procedure import Knowledge, Subject, judge_signatures
from signer.validation.report import (
    ChangesAfter,
    Indication,
    Integrity,
    Reason,
    SignatureKind,
    ValidationReport,
    weakest,
)
from signer.validation.reporting import Case, report_without, signature_reasons, signature_report
from signer.validation.roles import with_roles
from signer.validation.structure import Document, StructureError
from signer.validation.wording import reason

log = logging.getLogger(__name__)


def validate_job(request: ValidationRequest, files: JobFiles) -> ValidationReport:
    """Validate the PDF in `files.input`; never raises for what is in it."""
    return validate(files.input.read(), request)


def validate(data: bytes, request: ValidationRequest) -> ValidationReport:
    """Validate `data`."""
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        doc = Document(data)
        if doc.encrypted and not doc.unlock():
            locked = [reason("file.encrypted")]
            return cited(
                report_without(sha256, data, request, Integrity.UNDECIDED, locked), request
            )
        found = enumerate_signatures(doc)
        if not found.signatures:
            return cited(_unsigned(sha256, doc, request, found), request)
        return cited(_signed(sha256, doc, found, request), request)
    except StructureError as e:
        code, detail = e.reason, e.detail
    except RecursionError:  # pyHanko's own reader, on nesting that ours refuses
        code, detail = "file.limit", "nesting"
    except Exception as e:
        log.warning("validation did not foresee this document", exc_info=e)
        code, detail = "file.damaged", type(e).__name__
    return unreadable_report(
        sha256=sha256, size=len(data), code=code, request=request, detail=detail
    )


def _unsigned(
    sha256: str, doc: Document, request: ValidationRequest, found: Enumeration
) -> ValidationReport:
    reasons = [reason("signature.prepared", f) for f in found.prepared]
    if found.removed:
        reasons.append(reason("signature.removed"))
    active = active_content(doc)
    reasons = reasons or [reason("signature.none")]
    return report_without(
        sha256,
        doc.data,
        request,
        Integrity.UNSIGNED,
        [*reasons, *_content_note(active)],
        found.pages,
        active,
    )


def _content_note(active: tuple[str, ...]) -> list[Reason]:
    return [reason("content.active", detail=", ".join(active))] if active else []


def _signed(
    sha256: str, doc: Document, found: Enumeration, request: ValidationRequest
) -> ValidationReport:
    until = max(request.at, request.present or request.at)
    stores = _stores(doc, found, until)
    embedded = Evidence(until=until)
    for _, store in stores:
        embedded.add(store)
    given = Evidence()
    for der in (*request.material.certificates, *request.trust.helpers):
        given.add_certificate(der)
    cases = [_case(doc, f, [*embedded.certificates, *given.certificates]) for f in found.signatures]
    reasons: list[Reason] = []
    uncovered = _bytes(doc, cases, reasons)
    _changes(doc, cases)
    if uncovered:
        for c in cases:
            c.judgement.after = ChangesAfter.FORBIDDEN
    doubts = _doubts(doc, found, cases)
    needs = _procedure(doc, cases, embedded, stores, request)
    integrity = _document_integrity(cases, doubts)
    reports = with_roles(doc, cases, [signature_report(doc, c) for c in cases])
    for c in cases:
        reasons += signature_reasons(c)
    active = active_content(doc)
    worst = weakest(reports) or Indication.INDETERMINATE
    fixed = {
        Integrity.ALTERED: Indication.TOTAL_FAILED,
        Integrity.UNDECIDED: Indication.INDETERMINATE,
    }
    return ValidationReport(
        sha256=sha256,
        size=len(doc.data),
        integrity=integrity,
        indication=fixed.get(integrity, worst),
        reasons=tuple(dict.fromkeys([*reasons, *doubts, *_content_note(active)])),
        signatures=tuple(reports),
        validation_time=request.at,
        trust_digest=request.trust.digest,
        policy_digest=POLICY_DIGEST,
        software=SOFTWARE,
        pages=found.pages,
        active_content=active,
        needs=needs,
    )


# -- rule 4: each signature alone ------------------------------------------------------------------


def _stores(doc: Document, found: Enumeration, until: datetime) -> list[tuple[int, Evidence]]:
    """Gather what the file carries: every /DSS that a signature stands on, and the newest."""
    revisions = {doc.last}
    for f in found.signatures:
        revision = doc.revision_covered_to(f.reach) if f.byte_range else None
        if revision is not None:
            revisions.add(revision)
    out = []
    for revision in sorted(revisions, reverse=True):
        store = Evidence(until=until)
        if store.add_store(doc, revision):
            out.append((revision, store))
    return out


def _case(doc: Document, found: Found, more: list[x509.Certificate]) -> Case:
    checked = check(doc.data, found, more)
    revision = doc.revision_covered_to(found.reach) if found.byte_range else None
    lock = found.field.entries.get("/Lock") if found.field else None
    at = revision if revision is not None else doc.last
    permissions = read_permissions(found.entries, lambda v: doc.resolve(v, at), lock)
    return Case(found, checked, revision, permissions)


# -- rule 5: every byte ----------------------------------------------------------------------------


def _bytes(doc: Document, cases: list[Case], reasons: list[Reason]) -> bool:
    """Account for every byte. Return whether something is uncovered."""
    uncovered = False
    for c in cases:
        if (
            c.revision is None
            and c.found.byte_range is not None
            and c.checked.code != "signature.malformed"
        ):
            reasons.append(reason("bytes.uncovered", c.found.field_name, detail=f"{c.found.reach}"))
            uncovered = True
    revisions = [c.revision for c in cases if c.revision is not None]
    if revisions:
        gaps = list(unaccounted(doc, min(revisions) + 1))
        ahead = list(beyond(doc, max(revisions)))
        if gaps or ahead:
            where = ", ".join(f"{a}-{b}" for a, b in gaps[:5]) or f"object {ahead[0]}"
            reasons.append(reason("bytes.uncovered", detail=where))
            uncovered = True
    return uncovered


# -- rule 6: every later revision ------------------------------------------------------------------


def _changes(doc: Document, cases: list[Case]) -> None:
    revisions = [c.revision for c in cases if c.revision is not None]
    if not revisions or min(revisions) == doc.last:
        return
    steps = explain(doc, min(revisions), _signatures(cases))
    integrity_of = {c.found.field_name: c.checked.integrity for c in cases}
    for n, c in enumerate(cases):
        if c.revision is None:
            c.judgement = Judgement(ChangesAfter.UNDECIDED)
            continue
        later = [changes for r, changes in steps.items() if r > c.revision]
        c.judgement = judge(later, [x.permissions for x in cases[: n + 1]], integrity_of)
        raising = [
            x.found.field_name
            for m, x in enumerate(cases[n + 1 :], n + 1)
            if raises_permissions([y.permissions for y in cases[: m + 1]])
        ]
        if raising and c.judgement.after is not ChangesAfter.FORBIDDEN:
            change = Change(Kind.UNCLEAR, c.revision, raising[0], "permissions raised")
            c.judgement.explained.append((change, ChangesAfter.UNDECIDED))
            c.judgement.after = ChangesAfter.UNDECIDED


def _signatures(cases: list[Case]) -> dict[int, Signed]:
    return {
        c.found.holder: Signed(
            c.found.field_name, c.revision, c.found.kind is SignatureKind.DOCUMENT_TIMESTAMP
        )
        for c in cases
        if c.found.holder is not None
    }


# -- rules 7 to 9 ----------------------------------------------------------------------------------


def _doubts(doc: Document, found: Enumeration, cases: list[Case]) -> list[Reason]:
    """Return what leaves the whole document undecided."""
    out = []
    revisions = [c.revision for c in cases if c.revision is not None]
    different = disagreement(doc, min(revisions, default=None))
    if different is not None:
        out.append(reason("parsers.disagree", detail=different))
    widgets = [w for f in found.signatures if f.field for w, _ in f.field.widgets if w]
    pages = overlapping_pages(doc, widgets)
    if pages:
        out.append(reason("content.overlap", detail=", ".join(map(str, pages[:10]))))
    return out


def _procedure(
    doc: Document,
    cases: list[Case],
    embedded: Evidence,
    stores: list[tuple[int, Evidence]],
    request: ValidationRequest,
) -> tuple[RevocationNeed, ...]:
    """Judge every signature by EN 319 102-1; return what evidence would have helped."""
    everything = Evidence(until=embedded.until)
    for c in cases:
        if c.checked.container is not None:
            embedded.add_container(c.checked.container)
            for token in c.checked.container.tokens():
                embedded.add_container(token)
    everything.add(embedded)
    for der in (*request.material.certificates, *request.trust.helpers):
        everything.add_certificate(der)
    for der in request.material.ocsp_responses:
        everything.add_ocsp(der)
    for der in request.material.crls:
        everything.add_crl(der)
    view = memoryview(doc.data)
    subjects = []
    for c in cases:
        br = c.found.byte_range
        ranges = [view[: br[1]], view[br[2] : br[2] + br[3]]] if br and len(br) == 4 else []  # noqa: PLR2004 pairs
        subjects.append(
            Subject(
                c.found.field_name, c.found.kind, c.found.sub_filter, c.checked, c.revision, ranges
            )
        )
    needs: dict[bytes, RevocationNeed] = {}
    for c, outcome in zip(
        cases,
        judge_signatures(subjects, Knowledge(everything, embedded, stores), request),
        strict=True,
    ):
        c.outcome = outcome
        for need in outcome.needs:
            needs.setdefault(need.certificate, need)
    return tuple(needs.values())


def _document_integrity(cases: list[Case], doubts: list[Reason]) -> Integrity:
    if any(
        c.checked.integrity is Integrity.ALTERED
        or c.judgement.after is ChangesAfter.FORBIDDEN
        or c.found.orphan
        for c in cases
    ):
        return Integrity.ALTERED
    if doubts or any(
        c.checked.integrity is Integrity.UNDECIDED or c.judgement.after is ChangesAfter.UNDECIDED
        for c in cases
    ):
        return Integrity.UNDECIDED
    return Integrity.INTACT
