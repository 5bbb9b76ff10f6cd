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
9. The document: ALTERED if any signature is, if any change is FORBIDDEN, if bytes are uncovered, if
   a signature stands outside the form; else UNDECIDED if anything is; else INTACT. Its indication is
   the worst of its signatures'; not INTACT never passes.
10. Active and hidden content is listed. Every fault of ours on the way is a value, never a trace.
"""

import hashlib
import logging
from dataclasses import dataclass, field, replace

from asn1crypto import x509

from certs.model import RevocationNeed
from signer.jobs import JobFiles
from signer.validation.changes import Judgement, Permissions, judge, read_permissions
from signer.validation.difference import Change, Context, Kind, Signed, Step, interesting
from signer.validation.enumeration import Enumeration, Found, enumerate_signatures
from signer.validation.form import Form, read_form, read_pages
from signer.validation.integrity import Checked, check
from signer.validation.job import SOFTWARE, ValidationRequest, unreadable_report
from signer.validation.lexer import Ref
from signer.validation.policy_digest import POLICY_DIGEST
from signer.validation.report import (
    ChangesAfter,
    Indication,
    Integrity,
    Reason,
    SignatureReport,
    ValidationReport,
    weakest,
)
from signer.validation.sameness import ReferenceIndex
from signer.validation.structure import Document, StructureError
from signer.validation.wording import reason

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Case:
    """One signature on its way to a report."""

    found: Found
    checked: Checked
    revision: int | None
    permissions: Permissions = field(default_factory=Permissions)
    judgement: Judgement = field(default_factory=Judgement)


def validate_job(request: ValidationRequest, files: JobFiles) -> ValidationReport:
    """Validate the PDF in `files.input`; never raises for what is in it."""
    data = files.input.read()
    return validate(data, request)


def validate(data: bytes, request: ValidationRequest) -> ValidationReport:
    """Validate `data`."""
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        doc = Document(data)
        if doc.encrypted and not doc.unlock():
            return _bare(sha256, data, request, Integrity.UNDECIDED, [reason("file.encrypted")])
        found = enumerate_signatures(doc)
        if not found.signatures:
            return _unsigned(sha256, data, request, found)
        return _signed(sha256, doc, found, request)
    except StructureError as e:
        return unreadable_report(sha256=sha256, size=len(data), code=e.reason, request=request, detail=e.detail)


def _bare(sha256: str, data: bytes, request: ValidationRequest, integrity: Integrity, reasons: list[Reason], pages: int | None = None) -> ValidationReport:
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
    )


def _unsigned(sha256: str, data: bytes, request: ValidationRequest, found: Enumeration) -> ValidationReport:
    reasons = [reason("signature.prepared", f) for f in found.prepared]
    if found.removed:
        reasons.append(reason("signature.removed"))
    return _bare(sha256, data, request, Integrity.UNSIGNED, reasons or [reason("signature.none")], found.pages)


def _signed(sha256: str, doc: Document, found: Enumeration, request: ValidationRequest) -> ValidationReport:
    more: list[x509.Certificate] = []
    cases = [_case(doc, f, more) for f in found.signatures]
    reasons: list[Reason] = []
    uncovered = _bytes(doc, cases, reasons)
    _changes(doc, cases)
    reports, needs = _indications(doc, cases, request)
    for c in cases:
        reasons += _reasons(c)
    integrity = _document_integrity(cases, uncovered=uncovered)
    worst = weakest(reports)
    if integrity is Integrity.ALTERED:
        indication = Indication.TOTAL_FAILED
    elif integrity is Integrity.UNDECIDED:
        indication = Indication.INDETERMINATE
    else:
        indication = worst or Indication.INDETERMINATE
    return ValidationReport(
        sha256=sha256,
        size=len(doc.data),
        integrity=integrity,
        indication=indication,
        reasons=tuple(dict.fromkeys(reasons)),
        signatures=tuple(reports),
        validation_time=request.at,
        trust_digest=request.trust.digest,
        policy_digest=POLICY_DIGEST,
        software=SOFTWARE,
        pages=found.pages,
        needs=needs,
    )


def _case(doc: Document, found: Found, more: list[x509.Certificate]) -> Case:
    checked = check(doc.data, found, more)
    revision = doc.revision_covered_to(found.reach) if found.byte_range else None
    lock = found.field.dict.get("/Lock") if found.field else None
    at = revision if revision is not None else doc.last
    permissions = read_permissions(found.dict, lambda v: doc.resolve(v, at), lock)
    return Case(found, checked, revision, permissions)


def _bytes(doc: Document, cases: list[Case], reasons: list[Reason]) -> bool:
    """Account for every byte: rule 5. Return whether something is uncovered."""
    spans: list[str] = []
    for c in cases:
        if c.revision is None and c.found.byte_range is not None and c.checked.code != "signature.malformed":
            reasons.append(reason("bytes.uncovered", c.found.field_name, detail=f"{c.found.reach}"))
            spans.append(c.found.field_name)
    revisions = [c.revision for c in cases if c.revision is not None]
    if revisions:
        gaps = list(doc.unaccounted(min(revisions) + 1))
        ahead = list(doc.beyond(max(revisions)))
        if gaps or ahead:
            where = ", ".join(f"{a}-{b}" for a, b in gaps[:5]) or f"object {ahead[0]}"
            reasons.append(reason("bytes.uncovered", detail=where))
            spans.append(where)
    return bool(spans)


def _changes(doc: Document, cases: list[Case]) -> None:
    """Explain and judge every later revision: rule 6."""
    revisions = [c.revision for c in cases if c.revision is not None]
    if not revisions or min(revisions) == doc.last:
        return
    steps = _steps(doc, cases, min(revisions))
    integrity_of = {c.found.field_name: c.checked.integrity for c in cases}
    for n, c in enumerate(cases):
        if c.revision is None:
            c.judgement = Judgement(ChangesAfter.UNDECIDED)
            continue
        later = [changes for r, changes in steps.items() if r > c.revision]
        c.judgement = judge(later, [x.permissions for x in cases[: n + 1]], integrity_of)


def _steps(doc: Document, cases: list[Case], first: int) -> dict[int, list[Change]]:
    signed = {
        c.found.holder: Signed(c.found.field_name, c.found.holder, c.revision, c.found.kind.value != "signature")
        for c in cases
        if c.found.holder is not None
    }
    pages = {p.ref.id: p.number for p in read_pages(doc, first) if p.ref}
    index = ReferenceIndex.build(doc, interesting(doc, first))
    context = Context(doc, index, pages, signed)
    out: dict[int, list[Change]] = {}
    before: Form = read_form(doc, first)
    for r in range(first + 1, doc.last + 1):
        after = read_form(doc, r)
        out[r] = Step(context, r, before, after).run()
        before = after
    return out


def _document_integrity(cases: list[Case], *, uncovered: bool) -> Integrity:
    if (
        uncovered
        or any(c.checked.integrity is Integrity.ALTERED for c in cases)
        or any(c.judgement.after is ChangesAfter.FORBIDDEN for c in cases)
        or any(c.found.orphan for c in cases)
    ):
        return Integrity.ALTERED
    if any(c.checked.integrity is Integrity.UNDECIDED for c in cases) or any(
        c.judgement.after is ChangesAfter.UNDECIDED for c in cases
    ):
        return Integrity.UNDECIDED
    return Integrity.INTACT


def _reasons(c: Case) -> list[Reason]:
    out: list[Reason] = []
    name = c.found.field_name
    if c.found.orphan:
        out.append(reason("signature.orphan", name))
    if c.checked.code:
        out.append(reason(c.checked.code, name, detail=c.checked.detail))
    for verdict, code in ((ChangesAfter.FORBIDDEN, "change.forbidden"), (ChangesAfter.UNDECIDED, "change.undecided")):
        which = [ch for ch, v in c.judgement.explained if v is verdict]
        if which:
            out.append(reason(code, name, detail="; ".join(_say(ch) for ch in which[:5])))
    return out


def _say(change: Change) -> str:
    parts = [change.what or change.kind.value]
    if change.field:
        parts.append(f"«{change.field}»")
    if change.old is not None or change.new is not None:
        parts.append(f"«{change.old or ''}» → «{change.new or ''}»")
    return " ".join(parts)


def _indications(doc: Document, cases: list[Case], request: ValidationRequest) -> tuple[list[SignatureReport], tuple[RevocationNeed, ...]]:
    out = []
    for c in cases:
        failed = c.checked.integrity is Integrity.ALTERED or c.judgement.after is ChangesAfter.FORBIDDEN
        out.append(
            SignatureReport(
                field_name=c.found.field_name,
                kind=c.found.kind,
                indication=Indication.TOTAL_FAILED if failed else Indication.INDETERMINATE,
                sub_indication=c.checked.sub_indication or ("FORMAT_FAILURE" if failed else "NO_CERTIFICATE_CHAIN_FOUND"),
                integrity=c.checked.integrity,
                changes_after=c.judgement.after,
                signer=None,
                level=None,
                claimed_signing_time=None,
                best_signature_time=None,
                digest_algorithm=c.checked.digest_algorithm,
                box=c.found.box,
                sub_filter=c.found.sub_filter,
                docmdp=c.permissions.docmdp,
                covers_whole_file=c.revision == doc.last,
                revision=c.revision or 0,
            )
        )
    return out, ()


__all__ = ["Kind", "Ref", "replace", "validate", "validate_job"]
