"""A validation report as a page shows it, in one language.

1. Every sentence about a document comes from `signer.reports`, where terminal and paper have theirs
   from: here they are put into the reader's language and into order, and none is worded.
2. Reasons of one kind share their remedy. Where page and signature differ, both texts stand beside
   one another.
3. Stamps that one hand made one after another (number, day, month) are one step of the document's
   way, told in one line; each keeps its technical details. They are together only where their
   outcome is the same.
4. What only informs stands apart, quietly, below everything else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from api.web.i18n import Texts
from signer.reports.sentence import (
    Finding,
    PlainWords,
    SignatureLine,
    TimeFact,
    one_line,
    plain_words,
)
from signer.reports.sentence import badge as plain_badge
from signer.reports.words import NAMELESS, Tone
from signer.validation.report import (
    Box,
    Indication,
    Integrity,
    SignatureKind,
    SignatureReport,
    SignatureRole,
    ValidationReport,
)

STAMPS = frozenset(
    {SignatureRole.NUMBER, SignatureRole.DAY, SignatureRole.MONTH, SignatureRole.DATE}
)
"""Roles that are told together (rule 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One of the four questions, answered."""

    question: str
    answer: str
    detail: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonLine:
    """A finding and its remedy."""

    sentence: str
    remedy: str
    page_text: str | None = None
    signature_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonGroup:
    """Findings of one kind (rule 2)."""

    lines: tuple[ReasonLine, ...]
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLine:
    """One thing that is known about when a signature was made."""

    says: str
    at: str | None
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerLine:
    """One signature, in signing order."""

    order: int
    name: str
    organization: str | None
    kind: str
    role: str | None
    is_timestamp: bool
    tone: Tone
    verdict: str
    times: tuple[TimeLine, ...]
    changes: str
    notes: tuple[str, ...]
    technical: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the document's way: a signature, or some stamps (rule 3)."""

    lines: tuple[SignerLine, ...]

    @property
    def first(self) -> SignerLine:
        """The first of them; the others share its signer and outcome."""
        return self.lines[0]

    @property
    def last(self) -> SignerLine:
        """The last of them, which says what came after."""
        return self.lines[-1]

    @property
    def numbers(self) -> str:
        """Its place, or places, in signing order."""
        if len(self.lines) == 1:
            return str(self.first.order)
        return f"{self.first.order}–{self.last.order}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What explains its lines, each once."""
        return tuple(dict.fromkeys(note for line in self.lines for note in line.notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedBox:
    """Where a signature's appearance stands, for drawing over the page."""

    order: int
    name: str
    tone: Tone
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictView:
    """Everything that a verdict page says."""

    tone: Tone
    headline: str
    lead: str
    answers: tuple[Answer, ...]
    reasons: tuple[ReasonLine, ...]
    notes: tuple[ReasonLine, ...]
    signers: tuple[SignerLine, ...]
    steps: tuple[Step, ...]
    boxes: tuple[MarkedBox, ...]
    technical: tuple[tuple[str, str], ...]

    @property
    def reason_groups(self) -> tuple[ReasonGroup, ...]:
        """The reasons by their remedies, each kind where its first stands (rule 2)."""
        kinds: dict[str, list[ReasonLine]] = {}
        for line in self.reasons:
            kinds.setdefault(line.remedy, []).append(line)
        return tuple(ReasonGroup(lines=tuple(k), remedy=remedy) for remedy, k in kinds.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A verdict in two or three words, for lists."""

    tone: Tone
    words: str


def badge(integrity: str | None, indication: str | None, texts: Texts) -> Badge:
    """Return the short form of a verdict; both `None` where none was made."""
    if integrity is None:
        return Badge(tone=Tone.NEUTRAL, words=texts.gettext("Chưa kiểm tra"))
    tone, said = plain_badge(
        Integrity(integrity), None if indication is None else Indication(indication)
    )
    return Badge(tone=tone, words=texts.of(said))


def verdict(report: ValidationReport, texts: Texts) -> VerdictView:
    """Return what the page says about `report`, in the language of `texts`."""
    words = plain_words(report)
    signers = tuple(
        _signer(line, signature, texts)
        for line, signature in zip(words.signatures, report.signatures, strict=True)
    )
    return VerdictView(
        tone=words.verdict.tone,
        headline=texts.of(words.verdict.headline),
        lead=texts.of(words.verdict.lead),
        answers=_answers(words, texts),
        reasons=_reasons(words.findings, texts),
        notes=_reasons(words.notes, texts),
        signers=signers,
        steps=_steps(signers, report.signatures),
        boxes=tuple(
            MarkedBox(
                order=line.order,
                name=f"{line.name} ({line.role})" if line.role else line.name,
                tone=line.tone,
                box=signature.box,
            )
            for line, signature in zip(signers, report.signatures, strict=True)
            if signature.box is not None
        ),
        technical=_technical(report, texts),
    )


def _answers(words: PlainWords, texts: Texts) -> tuple[Answer, ...]:
    return tuple(
        Answer(
            question=texts.of(a.question),
            answer=texts.of(a.answer),
            detail=texts.of(a.detail),
            tone=a.tone,
        )
        for a in words.answers
    )


def _reasons(findings: Iterable[Finding], texts: Texts) -> tuple[ReasonLine, ...]:
    return tuple(
        ReasonLine(
            sentence=texts.of(f.said),
            remedy=texts.of(f.remedy),
            page_text=f.page_text,
            signature_text=f.signature_text,
        )
        for f in findings
    )


def _steps(
    signers: Sequence[SignerLine], signatures: Sequence[SignatureReport]
) -> tuple[Step, ...]:
    def alike(pair: tuple[SignerLine, SignatureReport]) -> object:
        line, signature = pair
        if signature.role not in STAMPS:
            return line.order
        return (line.name, line.organization, line.verdict, signature.changes_after)

    pairs = zip(signers, signatures, strict=True)
    return tuple(
        Step(lines=tuple(line for line, _ in group)) for _, group in groupby(pairs, key=alike)
    )


def _signer(line: SignatureLine, signature: SignatureReport, texts: Texts) -> SignerLine:
    return SignerLine(
        order=line.order,
        name=line.name or texts.of(NAMELESS),
        organization=line.organization,
        kind=texts.of(line.kind),
        role=None if line.role is None else texts.of(line.role),
        is_timestamp=signature.kind is SignatureKind.DOCUMENT_TIMESTAMP,
        tone=line.tone,
        verdict=texts.of(line.verdict),
        times=tuple(_time(fact, texts) for fact in line.times),
        changes=texts.of(line.changes),
        notes=tuple(texts.of(note) for note in line.notes),
        technical=_signature_details(line, signature, texts),
    )


def _time(fact: TimeFact, texts: Texts) -> TimeLine:
    return TimeLine(
        says=texts.of(fact.says),
        at=None if fact.at is None else texts.moment(fact.at),
        proven=fact.proven,
    )


def _signature_details(
    line: SignatureLine, signature: SignatureReport, texts: Texts
) -> tuple[tuple[str, str], ...]:
    _ = texts.gettext
    signer = signature.signer
    result = signature.indication.value
    if signature.sub_indication:
        result += f" / {signature.sub_indication}"
    rows = (
        (_("Kết quả theo EN 319 102-1"), result),
        (_("Mức chữ ký"), signature.level.value if signature.level else None),
        (_("Trường chữ ký"), one_line(signature.field_name)),
        (_("Chữ hiện trên chữ ký"), _shown(signature.shown_text)),
        (_("Lý do ghi trong chữ ký"), line.purpose),
        (_("Cấp bởi"), one_line(signer.issuer) if signer else None),
        (_("Số sê-ri chứng thư"), signer.serial if signer else None),
        (_("Thuật toán băm"), signature.digest_algorithm),
        (_("Định dạng"), signature.sub_filter),
        (_("Quyền sửa sau khi ký (DocMDP)"), f"P={signature.docmdp}" if signature.docmdp else None),
        (_("Phủ toàn bộ tệp"), _("Có") if signature.covers_whole_file else _("Không")),
    )
    return tuple((label, value) for label, value in rows if value)


def _shown(text: str | None) -> str | None:
    return None if not text else " / ".join(one_line(t) for t in text.splitlines() if t.strip())


def _technical(report: ValidationReport, texts: Texts) -> tuple[tuple[str, str], ...]:
    _ = texts.gettext
    rows = (
        (_("Kết luận"), " / ".join(filter(None, (report.integrity, report.indication)))),
        (_("SHA-256 của tệp"), report.sha256),
        (_("Dung lượng"), size(report.size, texts)),
        (_("Số trang"), str(report.pages) if report.pages else None),
        (_("Nội dung chủ động"), ", ".join(one_line(found) for found in report.active_content)),
        (_("Thời điểm kiểm tra"), texts.moment(report.validation_time)),
        (_("Danh sách tin cậy"), report.trust_digest),
        (_("Chính sách"), report.policy_digest),
        (_("Phần mềm"), report.software),
    )
    return tuple((label, value) for label, value in rows if value)


def size(count: int, texts: Texts) -> str:
    """Return a file size as people read it, with the language's decimal sign."""
    amount, unit = float(count), "byte"
    for bigger in ("KB", "MB", "GB"):
        if amount < 1024:  # noqa: PLR2004 - the step between the units
            break
        amount, unit = amount / 1024, bigger
    shown = f"{amount:.0f}" if unit == "byte" or amount >= 10 else f"{amount:.1f}"  # noqa: PLR2004 - one decimal below ten
    return f"{shown.replace('.', ',') if texts.language == 'vi' else shown} {unit}"
