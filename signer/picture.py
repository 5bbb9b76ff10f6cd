"""The document as people see it: each signed revision beside the file as it is now.

A second gate after the difference analysis (design.md §4 rule 4), and a picture for people. It
knows nothing of objects: pdfium draws what a person would have seen at signing and what a person
sees now, and the two are compared pixel by pixel.

1. A signed revision is the file's bytes up to the end of the signature's /ByteRange. It is drawn
   as displayed (`signer.render` rule 1), and so is the current file. They have equally many pages
   of equal size; anything else is a difference. What pdfium draws for nobody (a widget that belongs
   to no field) is not seen here.
2. A difference is explained where something stands that the difference analysis permits: the
   appearance of a later signature; a field that was empty and is filled now (never under P=1); an
   annotation under P=3. Rules in force are the signature's own and every earlier one's. Explained
   boxes are grown by `limits.PICTURE_GROWTH`, for strokes that stand on an edge.
3. The first look is at 72 dpi. A page with unexplained differences is looked at again at 150 dpi:
   seen both times, and large and strong enough for the eye, the document is DIFFERENT. Seen once,
   or too faint or small, UNDECIDED.
4. What came later, though permitted, may not hide what the page itself said: dark ink of the page
   (drawn without annotations and fields) that was to be seen at signing and gave way to paper since
   is covered, and the document UNDECIDED (`picture.covers`). Strokes over strokes are no cover: a
   seal stands on the name as it should.
5. At most `PICTURE_PAGES` pages are looked at, those where a change is expected first. A comparison
   that left pages out says so (`truncated`) and claims nothing about them. Of several
   signatures the later ones are looked at where the earliest differs or a change is expected; what
   was changed and taken back between two signatures is the difference analysis' to find.
6. The gate only makes a verdict worse: DIFFERENT makes the changes after the signature FORBIDDEN
   and the document ALTERED (`picture.differs`), UNDECIDED makes both UNDECIDED (`picture.doubt`). A
   comparison that could not be made changes nothing: the difference analysis stands by itself.

This module is light: it may be imported anywhere. The work is in `signer.picturing`, in the child.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from signer import limits
from signer.jobs import JobSpec
from signer.validation.report import (
    Box,
    ChangesAfter,
    Indication,
    Integrity,
    Reason,
    SignatureReport,
    ValidationReport,
    weakest,
)
from signer.validation.wording import reason


class PictureVerdict(StrEnum):
    """What the picture says of a page, or of a document."""

    SAME = "SAME"
    EXPLAINED = "EXPLAINED"
    """Differs, inside explained boxes only."""
    UNDECIDED = "UNDECIDED"
    """Differs elsewhere, but so little, or so unsteadily, that it may be an artefact."""
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSignature:
    """One signature's revision, and what may look different after it (rule 2)."""

    field_name: str
    reach: int
    """Bytes of the file that its revision consists of."""
    later_fields: tuple[str, ...] = ()
    """Names of signature fields signed after it."""
    later_boxes: tuple[Box, ...] = ()
    """Where their appearances stand."""
    filling: bool = True
    """Whether empty fields may be filled."""
    annotations: bool = False
    """Whether annotations may come, go and change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRequest:
    """Which revisions to put beside the current file."""

    signatures: tuple[ComparedSignature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDifference:
    """A page that looks different now."""

    page: int
    verdict: PictureVerdict
    explained: tuple[Box, ...]
    """The changed areas that are explained, merged and trimmed to what changed."""
    unexplained: tuple[Box, ...]
    covered: tuple[Box, ...] = ()
    """Where ink of the page itself has disappeared under something (rule 4)."""
    changed_pixels: int
    """At 72 dpi, the explained ones included."""
    unexplained_pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureComparison:
    """One signed revision beside the current file."""

    field_name: str
    verdict: PictureVerdict | None
    """`None`: the revision could not be drawn, nothing is established."""
    pages: tuple[PageDifference, ...] = ()
    """Those that differ, in order."""
    signed_pages: int = 0
    current_pages: int = 0
    compared: int = 0
    """How many pages were compared."""

    @property
    def truncated(self) -> bool:
        """Whether there are pages that were not looked at (rule 4)."""
        return self.compared < min(self.signed_pages, self.current_pages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The comparisons asked for, in the order asked."""

    comparisons: tuple[PictureComparison, ...]


PICTURE: JobSpec[PictureRequest, Pictures] = JobSpec(
    "signer.picturing:picture_job", PictureRequest, Pictures, limits.PICTURE
)
"""Raises PdfRejectedError when the current file cannot be drawn."""


def compared_signature(report: ValidationReport, order: int) -> ComparedSignature | None:
    """Return what to ask about the `order`-th signature (from 1); `None` if nothing can be.

    Nothing can be compared where no revision is known, or where it is the whole file.
    """
    own = report.signatures[order - 1]
    reach = _reach(own)
    if reach is None or own.covers_whole_file:
        return None
    later = [
        s
        for s in report.signatures[order:]
        if s.integrity is Integrity.INTACT and (_reach(s) or 0) > reach
    ]
    rules = [s.docmdp for s in report.signatures[:order] if s.docmdp is not None]
    strictest = min(rules, default=None)
    return ComparedSignature(
        field_name=own.field_name,
        reach=reach,
        later_fields=tuple(s.field_name for s in later),
        later_boxes=tuple(s.box for s in later if s.box is not None),
        filling=strictest != 1,
        annotations=strictest == 3,  # noqa: PLR2004 P=3
    )


def questions(report: ValidationReport) -> PictureRequest | None:
    """Return what the gate has to ask about `report`; `None` when the picture could not matter.

    It matters where the difference analysis found changes and permits them. At most
    `PICTURE_SIGNATURES` are asked about: the earliest, which permit least.
    """
    if report.integrity is not Integrity.INTACT:
        return None
    asked = [
        compared_signature(report, order)
        for order, s in enumerate(report.signatures, 1)
        if s.changes_after in (ChangesAfter.LTA, ChangesAfter.PERMITTED)
    ]
    signatures = {s.reach: s for s in reversed(asked) if s is not None}
    if not signatures:
        return None
    chosen = [signatures[reach] for reach in sorted(signatures)]
    return PictureRequest(signatures=tuple(chosen[: limits.PICTURE_SIGNATURES]))


def gated(report: ValidationReport, comparison: PictureComparison) -> ValidationReport:
    """Return `report` as the picture leaves it: the same, or worse (rule 5)."""
    match comparison.verdict:
        case PictureVerdict.DIFFERENT:
            after, code = ChangesAfter.FORBIDDEN, "picture.differs"
        case PictureVerdict.UNDECIDED:
            doubt = any(p.unexplained for p in comparison.pages)
            after, code = ChangesAfter.UNDECIDED, "picture.doubt" if doubt else "picture.covers"
        case _:
            return report
    signatures = tuple(
        _worsened(s, after) if s.field_name == comparison.field_name else s
        for s in report.signatures
    )
    if signatures == report.signatures:
        return report
    said = reason(code, comparison.field_name, detail=_where(comparison))
    return replace(
        report,
        signatures=signatures,
        integrity=_document(report.integrity, after),
        indication=_indication(report.integrity, after, signatures),
        reasons=_first(said, report.reasons),
    )


def _reach(signature: SignatureReport) -> int | None:
    """Return where the signed revision ends; `None` when the report does not know."""
    ranges = signature.byte_range
    return ranges[2] + ranges[3] if ranges is not None and len(ranges) == 4 else None  # noqa: PLR2004 two pairs


_ORDER = (
    ChangesAfter.NONE,
    ChangesAfter.LTA,
    ChangesAfter.PERMITTED,
    ChangesAfter.UNDECIDED,
    ChangesAfter.FORBIDDEN,
)


def _worsened(s: SignatureReport, after: ChangesAfter) -> SignatureReport:
    if _ORDER.index(s.changes_after) >= _ORDER.index(after):
        return s
    indication, sub = s.indication, s.sub_indication
    if s.integrity is not Integrity.ALTERED and after is ChangesAfter.FORBIDDEN:
        indication, sub = Indication.TOTAL_FAILED, "FORMAT_FAILURE"
    elif indication is Indication.TOTAL_PASSED:
        indication, sub = Indication.INDETERMINATE, "GENERIC"
    return replace(s, changes_after=after, indication=indication, sub_indication=sub)


def _document(integrity: Integrity, after: ChangesAfter) -> Integrity:
    if after is ChangesAfter.FORBIDDEN or integrity is Integrity.ALTERED:
        return Integrity.ALTERED
    return Integrity.UNDECIDED


def _indication(
    integrity: Integrity, after: ChangesAfter, signatures: tuple[SignatureReport, ...]
) -> Indication | None:
    fixed = {
        Integrity.ALTERED: Indication.TOTAL_FAILED,
        Integrity.UNDECIDED: Indication.INDETERMINATE,
    }
    return fixed.get(_document(integrity, after), weakest(signatures))


def _first(said: Reason, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Put the reason before the others: it decides, they only add to it."""
    return (said, *(r for r in reasons if r != said))


def _where(comparison: PictureComparison) -> str:
    if comparison.signed_pages != comparison.current_pages:
        return f"{comparison.signed_pages} → {comparison.current_pages}"
    pages = [str(p.page) for p in comparison.pages if p.unexplained or p.covered]
    return ", ".join(pages[:10]) + (", …" if len(pages) > 10 else "")  # noqa: PLR2004 enough to look at
