"""What the appearance of a signature says: its text, and whether it draws anything.

1. The appearance is the one that was signed: read in the signature's own revision
   (ISO 32000-2 clause 12.5.5, /AP /N; a state dictionary is read by /AS).
2. Text is what the content shows, form by form in the order of drawing, line by line, in the
   letters of its fonts (`letters.py`). Widths are not consulted: who compares leaves spaces aside.
3. Nothing of it is rendered, and no font program is opened. pdfium would give the same text, but an
   appearance made to exhaust it would take the verdict down with it; a label is not worth that.
   Every step has a limit; what is beyond one has no text.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pikepdf

from signer.validation.letters import Font, read_font
from signer.validation.lexer import Ref, Stream, Value
from signer.validation.structure import Document

CONTENT = 65_536
"""Bytes of one decoded content stream; real stamps have some 500."""
CMAP = 262_144
"""Bytes of one decoded /ToUnicode; a whole font of Vietnamese has 12,000."""
FORMS = 40
"""Forms drawn per appearance; iText nests four."""
DEPTH = 6
TEXT = 2_000
"""Characters; a stamp of five lines has 200."""
WORK = 2_000_000
"""Bytes of content and of tables read for one document: two hundred real stamps have 300,000."""
SPACE = -180
"""Thousandths of the size that letters are moved apart by where no space is written (TJ)."""
NEW_LINE = 1.0
"""Points."""

_PAINTS = frozenset({"f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh", "INLINE IMAGE"})
_OPERATORS = "q Q cm Do BT ET Tm Td TD T* TL Tf Tj TJ ' \" BI ID EI INLINE IMAGE " + " ".join(
    _PAINTS - {"INLINE IMAGE"}
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What one appearance shows."""

    text: str
    """Lines divided by line feeds; empty where it shows no text."""
    drawn: bool
    """Whether it shows an image or a drawing."""


@dataclass(slots=True)
class Budget:
    """What may still be read for one document."""

    left: int = WORK


@dataclass(slots=True)
class _Reading:
    doc: Document
    revision: int
    budget: Budget
    parts: list[str] = field(default_factory=list)
    length: int = 0
    forms: int = 0
    drawn: bool = False

    @property
    def full(self) -> bool:
        return self.length >= TEXT

    def say(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def content(self, form: Value, most: int) -> bytes | None:
        """Return the decoded content of a stream, within the limits."""
        stream = self.doc.resolve(form, self.revision)
        if not isinstance(form, Ref) or not isinstance(stream, Stream) or len(stream.data) > most:
            return None
        if self.budget.left <= 0:
            return None
        content = self.doc.stream_bytes(form, self.revision)
        self.budget.left -= len(content or b"") + 500  # each has a price, the empty ones as well
        return content if content is not None and len(content) <= most else None


def stamp_of(doc: Document, widgets: Sequence[Value], revision: int, budget: Budget) -> Stamp:
    """Return what the appearances of `widgets` show together at `revision`."""
    reading = _Reading(doc, revision, budget)
    for widget in widgets:
        _draw(reading, _appearance(doc, widget, revision), {}, ())
    lines = (" ".join(line.split()) for line in "".join(reading.parts).split("\n"))
    text = unicodedata.normalize("NFC", "\n".join(line for line in lines if line))
    return Stamp("".join(c for c in text if c == "\n" or c.isprintable())[:TEXT], reading.drawn)


def _appearance(doc: Document, widget: Value, revision: int) -> Value:
    normal: Value = None
    appearances = doc.get(doc.resolve(widget, revision), "/AP", revision)
    if isinstance(appearances, dict):
        normal = appearances.get("/N")
    states = doc.resolve(normal, revision)
    if isinstance(states, dict):
        state = doc.get(doc.resolve(widget, revision), "/AS", revision)
        normal = states.get(str(state)) if state is not None else None
    return normal


def _font(reading: _Reading, fonts: Value, name: str) -> Font:
    d = reading.doc.get(fonts, name, reading.revision)
    entries = d if isinstance(d, dict) else {}
    table = reading.content(entries.get("/ToUnicode"), CMAP)
    return read_font(lambda v: reading.doc.resolve(v, reading.revision), entries, table or b"")


def _draw(  # noqa: C901 - one case per operator that matters
    reading: _Reading, form: Value, inherited: dict[str, Value], above: tuple[int, ...]
) -> None:
    """Read one form XObject and those that it draws."""
    doc, revision = reading.doc, reading.revision
    stream = doc.resolve(form, revision)
    if not isinstance(form, Ref) or not isinstance(stream, Stream) or form.id in above:
        return
    reading.forms += 1
    if reading.forms > FORMS or len(above) >= DEPTH:
        return
    content = reading.content(form, CONTENT)
    if content is None:
        return
    resources = doc.get(stream, "/Resources", revision)
    resources = resources if isinstance(resources, dict) else inherited
    objects = doc.get(resources, "/XObject", revision)
    fonts = doc.get(resources, "/Font", revision)
    known: dict[str, Font] = {}
    now = Font()
    place = _Place()
    for operator, operands in _instructions(content):
        if reading.full:
            return
        if operator == "Do" and operands:
            drawn = objects.get(str(operands[0])) if isinstance(objects, dict) else None
            if doc.get(doc.resolve(drawn, revision), "/Subtype", revision) == "/Image":
                reading.drawn = True
            else:
                reading.say("\n")
                _draw(reading, drawn, resources, (*above, form.id))
                reading.say("\n")
        elif operator == "Tf" and operands:
            name = str(operands[0])
            if name not in known:
                known[name] = _font(reading, fonts, name)
            now = known[name]
        elif operator in _PAINTS:
            reading.drawn = True
        else:
            reading.say(place.moved(operator, operands))
            reading.say(_shown(operator, operands, now))


@dataclass(slots=True)
class _Place:
    """Where the next line of text begins, as far as it tells lines and words apart."""

    y: float = 0.0
    leading: float = 0.0

    def moved(self, operator: str, operands: Sequence[object]) -> str:
        """Return what stands between the text before and after `operator`."""
        numbers = [float(v) for v in operands if isinstance(v, int | float | Decimal)]
        match operator, numbers:
            case ("Tm", [_, _, _, _, _, y]):
                return self._to(y)
            case ("Td", [_, dy]):
                return self._to(self.y + dy)
            case ("TD", [_, dy]):
                self.leading = -dy
                return self._to(self.y + dy)
            case ("TL", [leading]):
                self.leading = leading
            case ("T*" | "'" | '"', _):
                return self._to(self.y - self.leading) or "\n"
            case ("BT", _):
                return "\n"
            case _:
                pass
        return ""

    def _to(self, y: float) -> str:
        before, self.y = self.y, y
        return "\n" if abs(y - before) > NEW_LINE else " "


def _shown(operator: str, operands: Sequence[object], font: Font) -> str:
    if operator in ("Tj", "'", '"') and operands and isinstance(operands[-1], bytes):
        return font.text(operands[-1])
    out = []
    if operator == "TJ" and operands and isinstance(operands[0], tuple):
        for item in operands[0]:
            if isinstance(item, bytes):
                out.append(font.text(item))
            elif isinstance(item, int | float | Decimal) and item < SPACE:
                out.append(" ")
    return "".join(out)


def _instructions(content: bytes) -> Iterator[tuple[str, Sequence[object]]]:
    """Yield operators with their operands: names as `str`, strings as `bytes`, arrays as tuples."""
    with pikepdf.new() as scratch:
        try:
            parsed = pikepdf.parse_content_stream(pikepdf.Stream(scratch, content), _OPERATORS)
        except (pikepdf.PdfError, ValueError, TypeError):
            return
        for item in parsed:
            operands = getattr(item, "operands", ())
            yield str(item.operator), [_plain(o) for o in operands]


def _plain(value: object) -> object:
    if isinstance(value, pikepdf.String):
        return bytes(value)
    if isinstance(value, pikepdf.Name):
        return str(value)
    if isinstance(value, pikepdf.Array):
        return tuple(_plain(v) for v in value)
    return value
