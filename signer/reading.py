"""Reads words and their places with pdfium, in the sandbox child. Rules: `signer.pagetext`."""

import ctypes
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Literal

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from signer import limits
from signer.errors import PdfRejectedError
from signer.geometry import Frame
from signer.jobs import JobFiles
from signer.pagetext import DocumentText, PageText, TextRequest, Word, lines_of
from signer.pdfium import frame_of, has_appearances, opened, page_of

BOLD_WEIGHT = 600
ITALIC = 1 << 6  # PDF 32000-1 table 123, bit 7
FORCE_BOLD = 1 << 18
_SPACES = frozenset({0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0xA0, 0x2028, 0x2029, 0x3000, 0})
SAME_PLACE = 1.0  # points: the same word read before and after flattening
TOUCHING = 0.1  # of the size: no space is as narrow
PICTURE_SHARE = 0.6  # of the page; a photo of a paper covers it, a seal or a logo does not
FEW_WORDS = 8  # a page of text has more; a scan's stray words do not
MARKED_SHARE = 0.2  # of words with Vietnamese marks; real prose has about 0.7, bad OCR below 0.1

# What bad ToUnicode tables of Vietnamese fonts make of ư and đ: neither gha nor eth is written
# here. The last two are what pdfium makes of a hyphen at the end of a line.
_REPAIRS = str.maketrans(
    {"ƣ": "ư", "Ƣ": "Ư", "Ð": "Đ", "ð": "đ", "Ɖ": "Đ", "\u0002": "-", "\ufffe": "-"}
)
_DROPPED = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\uffff"
    "\ud800-\udfff]"
)
_MARKED = re.compile("[ăâđêôơưĂÂĐÊÔƠƯàáảãạÀÁẢÃẠèéẻẽẹìíỉĩịòóỏõọùúủũụỳýỷỹỵ\u1ea0-\u1ef9]")


def clean(text: str) -> str:
    """Return `text` normalised (rule 2 of `signer.pagetext`)."""
    return unicodedata.normalize("NFC", _DROPPED.sub("", text.translate(_REPAIRS))).strip()


@dataclass(frozen=True, slots=True)
class _Face:
    size: float
    bold: bool
    italic: bool


def read_job(request: TextRequest, files: JobFiles) -> DocumentText:
    """Return the words of the pages asked for."""
    with opened(files) as document:
        last = min(request.last or len(document), len(document))
        pages: list[PageText] = []
        total = 0
        for number in range(max(1, request.first), last + 1):
            page = _page(document, number)
            total += len(page.words)
            if total > limits.TEXT_WORDS and pages:
                break
            pages.append(page if request.words else replace(page, words=()))
        return DocumentText(
            page_count=len(document),
            pages=tuple(pages),
            truncated=bool(pages) and pages[-1].page < last,
            info_title=_info(document, "Title"),
            info_producer=_info(document, "Producer"),
        )


def _info(document: pdfium.PdfDocument, key: str) -> str | None:
    return clean(document.get_metadata_value(key))[:500] or None


def _page(document: pdfium.PdfDocument, number: int) -> PageText:
    try:
        page = page_of(document, number)
    except PdfRejectedError:
        # One damaged page does not hide the others.
        return PageText(page=number, width=0, height=0, text="", words=(), kind="scan")
    frame = frame_of(page)
    width, height = page.get_size()
    own = _words(page, frame)
    pictured = _is_picture(page, width * height)
    stamps: list[Word] = []
    if has_appearances(page):
        # In memory, on this child's own copy; the helper's flatten() insists on an AcroForm.
        pdfium_c.FPDFPage_Flatten(page, pdfium_c.FLAT_NORMALDISPLAY)
        page.close()
        page = page_of(document, number)
        stamps = _added(own, _words(page, frame))
    page.close()
    lines = lines_of([*own, *stamps])
    words = [w for line in lines for w in line]
    return PageText(
        page=number,
        width=width,
        height=height,
        text="\n".join(" ".join(w.text for w in line) for line in lines),
        words=tuple(words),
        kind=_kind(own, stamps, pictured=pictured),
    )


def _words(page: pdfium.PdfPage, frame: Frame) -> list[Word]:
    """Return the words in the order of the content."""
    text = page.get_textpage()
    words: list[Word] = []
    joined: list[bool] = []  # whether the space before a word is pdfium's own idea
    try:
        count = text.count_chars()
        start = 0
        letters: list[str] = []
        guessed = False
        for index in range(count + 1):
            code = pdfium_c.FPDFText_GetUnicode(text, index) if index < count else 0x20
            if code not in _SPACES:
                if not letters:
                    start = index
                letters.append(chr(code))
                continue
            said = clean("".join(letters))
            if said:
                words.append(_word(text, start, index - 1, said, frame))
                joined.append(guessed)
                guessed = True
            letters = []
            guessed = guessed and index < count and pdfium_c.FPDFText_IsGenerated(text, index) == 1
    finally:
        text.close()
    echoes = _echoes(words)
    whole: list[Word] = []
    for word, guess in zip(words, joined, strict=True):
        if id(word) in echoes:
            continue
        if whole and guess and _touch(whole[-1], word):
            whole[-1] = _one(whole[-1], word)
        else:
            whole.append(word)
    return whole


def _touch(a: Word, b: Word) -> bool:
    return abs(b.x1 - a.x2) < TOUCHING * a.size and abs(b.y1 - a.y1) < TOUCHING * a.size


def _one(a: Word, b: Word) -> Word:
    return replace(
        a,
        text=clean(a.text + b.text),
        x1=min(a.x1, b.x1),
        y1=min(a.y1, b.y1),
        x2=max(a.x2, b.x2),
        y2=max(a.y2, b.y2),
    )


def _echoes(words: list[Word]) -> set[int]:
    """Return the ids of words that only say again a letter of the word they stand in.

    Some fonts draw ơ and ư as two glyphs, and typesetters name both of them "ơ": the second comes
    out as a word of one letter, and cuts the word in two.
    """
    return {
        id(word)
        for word in words
        if len(word.text) == 1
        and not word.text.isascii()
        and any(
            word.text in other.text
            and other is not word
            and len(other.text) > 1
            and other.x1 <= (word.x1 + word.x2) / 2 <= other.x2
            and abs(other.y1 - word.y1) < other.size / 2
            for other in words
        )
    }


def _word(text: pdfium.PdfTextPage, first: int, last: int, word: str, frame: Frame) -> Word:
    a, b = _char_box(text, first), _char_box(text, last)
    box = frame.displayed((min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])))
    face = _face(text, first)
    return Word(
        text=word,
        x1=round(box[0], 2),
        y1=round(box[1], 2),
        x2=round(box[2], 2),
        y2=round(box[3], 2),
        size=face.size,
        bold=face.bold,
        italic=face.italic,
    )


def _char_box(text: pdfium.PdfTextPage, index: int) -> tuple[float, float, float, float]:
    # The loose box is as high as the font, whatever the letter: words of a line then align.
    box = pdfium_c.FS_RECTF()
    pdfium_c.FPDFText_GetLooseCharBox(text, index, ctypes.byref(box))
    return box.left, box.bottom, box.right, box.top


def _face(text: pdfium.PdfTextPage, index: int) -> _Face:
    matrix = pdfium_c.FS_MATRIX()
    pdfium_c.FPDFText_GetMatrix(text, index, ctypes.byref(matrix))
    size = pdfium_c.FPDFText_GetFontSize(text, index) * (matrix.c**2 + matrix.d**2) ** 0.5
    flags = ctypes.c_int()
    name = ctypes.create_string_buffer(128)
    pdfium_c.FPDFText_GetFontInfo(text, index, name, len(name), ctypes.byref(flags))
    called = name.value.lower()
    return _Face(
        size=round(size, 2),
        bold=b"bold" in called
        or bool(flags.value & FORCE_BOLD)
        or pdfium_c.FPDFText_GetFontWeight(text, index) >= BOLD_WEIGHT,
        italic=b"italic" in called or b"oblique" in called or bool(flags.value & ITALIC),
    )


def _added(before: list[Word], after: list[Word]) -> list[Word]:
    """Return the words of `after` that were not there before, as stamps."""
    known: dict[str, list[Word]] = {}
    for word in before:
        known.setdefault(word.text, []).append(word)
    added = []
    for word in after:
        twins = known.get(word.text, [])
        twin = next((t for t in twins if _same_place(t, word)), None)
        if twin is None:
            added.append(replace(word, stamp=True))
        else:
            twins.remove(twin)
    return added


def _same_place(a: Word, b: Word) -> bool:
    return abs(a.x1 - b.x1) <= SAME_PLACE and abs(a.y1 - b.y1) <= SAME_PLACE


def _is_picture(page: pdfium.PdfPage, area: float) -> bool:
    covered = 0.0
    for image in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        try:
            left, bottom, right, top = image.get_bounds()
        except pdfium.PdfiumError:
            continue
        covered += max(0.0, right - left) * max(0.0, top - bottom)
    return covered >= PICTURE_SHARE * area


def _kind(
    own: list[Word], stamps: list[Word], *, pictured: bool
) -> Literal["text", "scan", "stamp-only"]:
    spoken = [w for w in own if any(c.isalpha() for c in w.text)]
    if len(spoken) >= FEW_WORDS:
        marked = sum(1 for w in spoken if _MARKED.search(w.text))
        return "scan" if pictured and marked < MARKED_SHARE * len(spoken) else "text"
    if not pictured:
        return "text"
    return "stamp-only" if stamps else "scan"
