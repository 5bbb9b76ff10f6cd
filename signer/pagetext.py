"""The words of a PDF with their places on the page as displayed.

1. Words come from the page and from the appearances of signature and form fields: the number and
   date of most Vietnamese documents stand in the latter alone (a reader that skips annotations sees
   "Số:     /QĐ-…"). Which is which is kept: a stamp's "Thời gian ký" is not a date of issue.
2. Text is normalised: NFC; what bad ToUnicode tables make of ư (ƣ, U+01A3) and Đ (Ð, U+00D0) is put
   right where Vietnamese is written; what has no width or no meaning is dropped.
3. A page is `text` when its own text can be believed; `scan` when it is a picture without text, or
   with a text layer that is not the language of its paper (bad OCR); `stamp-only` when a picture's
   only text is that of its stamps.

This module is light: it may be imported anywhere. The work is in `signer.reading`, in the child.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from signer import limits
from signer.jobs import JobSpec

DESCENT: Final = 0.22
# Of the size: how far a font reaches below the line that its letters stand on.

SAME_LINE: Final = 0.3
# Of the size: stamped digits stand a little off the line that they fill.


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRequest:
    """Pages `first` to `last`, from 1; `None`: the last one."""

    first: int = 1
    last: int | None = None
    words: bool = True
    """Without words the result is a tenth as large: for full text search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word on the displayed page: PDF points, origin lower left."""

    text: str
    x1: float
    y1: float
    x2: float
    y2: float
    size: float
    """Points, as it appears."""
    bold: bool = False
    italic: bool = False
    stamp: bool = False
    """From the appearance of a signature or form field, not from the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """One page."""

    page: int
    width: float
    """Points, as displayed."""
    height: float
    text: str
    """Lines in reading order, stamps merged in where they stand."""
    words: tuple[Word, ...]
    """In reading order; empty when not asked for."""
    kind: Literal["text", "scan", "stamp-only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentText:
    """What was read."""

    page_count: int
    pages: tuple[PageText, ...]
    """Pages `first` to `last`, fewer when `truncated`."""
    truncated: bool
    """The document has more words than `TEXT_WORDS`; ask for the remaining pages again."""
    info_title: str | None
    """The Info dictionary's /Title: a claim, often wrong or in an old encoding."""
    info_producer: str | None


# Raises PdfRejectedError (`file.damaged`, `file.encrypted`, `file.not_pdf`).
READ_TEXT = JobSpec("signer.reading:read_job", TextRequest, DocumentText, limits.READ_TEXT)


def lines_of(words: Iterable[Word]) -> list[list[Word]]:
    """Return `words` as lines from top to bottom, each from left to right.

    Columns that stand side by side share a line, as they do on paper. Words are held together by
    where they stand on: the height of a box depends on the letters in it.
    """
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (-_baseline(w), w.x1)):
        near = SAME_LINE * max(word.size, lines[-1][0].size) if lines else 0
        if lines and _baseline(lines[-1][0]) - _baseline(word) <= near:
            lines[-1].append(word)
        else:
            lines.append([word])
    for line in lines:
        line.sort(key=lambda w: w.x1)
    return lines


def _baseline(word: Word) -> float:
    return word.y1 + DESCENT * word.size
