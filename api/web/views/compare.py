"""A signed revision beside the current file, as a person looks at it.

1. The picture shows; the report judges. The sentence of this page is never kinder than what the
   report says of the changes after the signature.
2. Three marks, each with a colour, a stroke and a number that the list below the page repeats: what
   is explained, what is not, what has disappeared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.web.i18n import Texts
from api.web.views.sheets import AT_ONCE, SheetView, sheets
from api.web.views.verdict import MarkedBox, SignerLine, verdict
from office.flows.pictured import SideBySide
from signer.picture import PageDifference, PictureComparison, PictureVerdict, compared_signature
from signer.render import PageSizes
from signer.reports.words import Tone
from signer.validation.report import Box, ChangesAfter, ValidationReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One changed area in words."""

    order: int
    words: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One page, then and now."""

    number: int
    then: SheetView | None
    """`None`: there was no such page."""
    now: SheetView | None
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareView:
    """Everything that the page says."""

    tone: Tone
    headline: str
    lead: str
    name: str
    """The signer's."""
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]
    others: tuple[tuple[str, str], ...]
    """Name and address of the other comparisons."""


_WORTH_SEEING = (ChangesAfter.PERMITTED, ChangesAfter.FORBIDDEN, ChangesAfter.UNDECIDED)


def comparable(report: ValidationReport, base: str) -> dict[int, str]:
    """Return the address of the comparison for each signature, by order, that has one to show."""
    return {
        order: f"{base}/{order}"
        for order, signature in enumerate(report.signatures, 1)
        if signature.changes_after in _WORTH_SEEING and compared_signature(report, order)
    }


def compare_view(
    beside: SideBySide,
    report: ValidationReport,
    order: int,
    sizes: PageSizes | None,
    base: str,
    texts: Texts,
) -> CompareView:
    """Return what is shown; `base` is the address of the verdict."""
    comparison = beside.comparison
    signers = verdict(report, texts).signers
    tone, headline, lead = _sentence(comparison, report.signatures[order - 1].changes_after, texts)
    numbers = _numbers(comparison, beside.sizes, sizes)
    differing = {p.page: p for p in comparison.pages}
    pairs = []
    for number in numbers[:AT_ONCE]:
        marks = tuple(_marks(differing.get(number), report, order, signers, texts))
        boxes = [box for box, _ in marks]
        pairs.append(
            Pair(
                number=number,
                then=_sheet(beside.sizes, f"{base}/compare/{order}/pages", number, boxes),
                now=_sheet(sizes, f"{base}/pages", number, boxes),
                marks=tuple(mark for _, mark in marks),
            )
        )
    others = comparable(report, f"{base}/compare")
    return CompareView(
        tone=tone,
        headline=headline,
        lead=lead,
        name=signers[order - 1].name,
        pairs=tuple(pairs),
        notes=tuple(_notes(comparison, len(numbers), texts)),
        others=tuple((_called(signers[n - 1]), url) for n, url in others.items() if n != order),
    )


def _sentence(
    comparison: PictureComparison, after: ChangesAfter, texts: Texts
) -> tuple[Tone, str, str]:
    _ = texts.gettext
    verdict = comparison.verdict
    if verdict is None:
        return (
            Tone.NEUTRAL,
            _("Không dựng lại được trang lúc ký."),
            _("Phần đã ký của tệp này không vẽ ra thành trang được."),
        )
    if comparison.signed_pages != comparison.current_pages:
        lead = _("Lúc ký có %(then)s trang, hiện nay có %(now)s trang.") % {
            "then": comparison.signed_pages,
            "now": comparison.current_pages,
        }
        return Tone.BAD, _("Số trang không còn như lúc ký."), lead
    covered = any(p.covered for p in comparison.pages)
    tone, headline, lead = {
        PictureVerdict.SAME: (
            Tone.GOOD,
            _("Mọi trang trông giống hệt lúc ký."),
            _("Không có gì nhìn thấy được đã thay đổi sau chữ ký này."),
        ),
        PictureVerdict.EXPLAINED: (
            Tone.GOOD,
            _("Chỉ khác ở những chỗ được phép thêm."),
            _("Các chỗ khác nhau được khoanh và giải thích ở đầu mỗi trang."),
        ),
        PictureVerdict.UNDECIDED: (
            Tone.CAUTION,
            _("Phần thêm vào che mất nội dung đã ký.")
            if covered
            else _("Có chỗ hơi khác mà hệ thống không giải thích được."),
            _("Hãy so sánh kỹ các chỗ được khoanh; nếu nghi ngờ, xin bản gốc."),
        ),
        PictureVerdict.DIFFERENT: (
            Tone.BAD,
            _("Trang hiện nay khác trang đã ký, ở chỗ không được phép."),
            _("Nội dung đã được ký là ảnh «Lúc ký». Không sử dụng bản hiện nay."),
        ),
    }[verdict]
    if tone is Tone.GOOD and after is ChangesAfter.FORBIDDEN:
        return (
            Tone.BAD,
            _("Nhìn không thấy khác, nhưng tệp có thay đổi không được phép."),
            _("Hình ảnh chỉ cho thấy phần nhìn được. Lý do đầy đủ ở trang kết quả kiểm tra."),
        )
    if tone is Tone.GOOD and after is ChangesAfter.UNDECIDED:
        return (
            Tone.CAUTION,
            _("Nhìn không thấy gì bất thường, nhưng tệp có thay đổi chưa giải thích được."),
            _("Hình ảnh chỉ cho thấy phần nhìn được. Lý do đầy đủ ở trang kết quả kiểm tra."),
        )
    if tone is Tone.CAUTION and after is ChangesAfter.FORBIDDEN:
        tone = Tone.BAD
    return tone, headline, lead


def _numbers(
    comparison: PictureComparison, then: PageSizes | None, now: PageSizes | None
) -> list[int]:
    """Return the pages to show: those that differ, and those that only one side has."""
    pages = {p.page for p in comparison.pages}
    if then is not None and now is not None:
        shorter, longer = sorted((then.page_count, now.page_count))
        pages |= set(range(shorter + 1, longer + 1))
    return sorted(pages)


def _marks(
    difference: PageDifference | None,
    report: ValidationReport,
    order: int,
    signers: Sequence[SignerLine],
    texts: Texts,
) -> Iterable[tuple[MarkedBox, Mark]]:
    """Yield the areas of a page, numbered, the worst first: rule 2."""
    if difference is None:
        return
    _ = texts.gettext
    unclear, hidden = difference.unexplained, difference.covered
    found: list[tuple[Box, str, Tone]] = [
        *((box, _("Khác, không rõ vì sao"), Tone.BAD) for box in unclear),
        *(
            (box, _("Nội dung đã ký bị che"), Tone.CAUTION)
            for box in hidden
            if not any(_meet(box, other) for other in unclear)
        ),
    ]
    later = [
        (signature.box, _called(line), Tone.GOOD)
        for line, signature in zip(signers[order:], report.signatures[order:], strict=True)
        if signature.box is not None and signature.box.page == difference.page
    ]
    explained = difference.explained
    found += [mark for mark in later if any(_meet(mark[0], box) for box in explained)]
    found += [
        (box, _("Ô được điền hoặc ghi chú thêm"), Tone.GOOD)
        for box in explained
        if not any(_meet(box, mark[0]) for mark in later)
    ]
    for n, (box, words, tone) in enumerate(found, 1):
        yield (
            MarkedBox(order=n, name=words, tone=tone, box=box),
            Mark(order=n, words=words, tone=tone),
        )


def _meet(a: Box, b: Box) -> bool:
    return a.x1 <= b.x2 and b.x1 <= a.x2 and a.y1 <= b.y2 and b.y1 <= a.y2


def _sheet(
    sizes: PageSizes | None, images: str, number: int, boxes: list[MarkedBox]
) -> SheetView | None:
    shown = sheets(sizes, images, boxes=boxes, first=number)[:1]
    return shown[0] if shown and shown[0].number == number else None


def _notes(comparison: PictureComparison, differing: int, texts: Texts) -> Iterable[str]:
    _ = texts.gettext
    if comparison.truncated:
        yield _("Văn bản dài: mới so sánh %(some)s trong %(all)s trang.") % {
            "some": comparison.compared,
            "all": comparison.current_pages,
        }
    if differing > AT_ONCE:
        yield _("Có %(all)s trang khác nhau; dưới đây là %(some)s trang đầu.") % {
            "all": differing,
            "some": AT_ONCE,
        }


def _called(line: SignerLine) -> str:
    return f"{line.role or line.kind} · {line.name}"
