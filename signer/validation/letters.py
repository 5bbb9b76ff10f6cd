"""From the codes of a font to letters, without opening the font program (ISO 32000-2 clause 9.10).

1. /ToUnicode says it; else the font's simple encoding does: its /Differences, then WinAnsi or
   MacRoman. What cannot be told is left out: a wrong letter is worse than none.
2. Composite fonts have codes of two bytes (Identity-H, which is what stamping tools write).
3. Ranges stay ranges: a table that claims a million codes cannot make us write a million letters.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from signer.validation.lexer import Value

CODES = 2_000
"""Codes per string that are looked at; a line of a stamp has 80."""
UNICODE = 0x110000

_TOKEN = re.compile(rb"<([0-9A-Fa-f\s]*)>|(\[)|(\])")
_SECTION = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_NAMED = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9", "slash": "/", "hyphen": "-", "period": ".",
    "comma": ",", "colon": ":", "space": " ", "parenleft": "(", "parenright": ")",
}  # fmt: skip


@dataclass(slots=True)
class Font:
    """What the codes of one font mean."""

    single: dict[int, str] = field(default_factory=dict)
    ranges: list[tuple[int, int, str]] = field(default_factory=list)
    """First code, last code, text of the first; in order."""
    bytes_per_code: int = 1
    codec: str = "cp1252"

    def text(self, data: bytes) -> str:
        """Return the letters of a string."""
        n = self.bytes_per_code
        data = data[: CODES * n]
        codes = (int.from_bytes(data[at : at + n], "big") for at in range(0, len(data) - n + 1, n))
        return "".join(map(self._letter, codes))

    def _letter(self, code: int) -> str:
        if code in self.single:
            return self.single[code]
        at = bisect_right(self.ranges, code, key=lambda r: r[0]) - 1
        low, high, first = self.ranges[at] if at >= 0 else (0, -1, "")
        if low <= code <= high and first:
            last = ord(first[-1]) + code - low
            return first[:-1] + (chr(last) if last < UNICODE else "")
        return "" if self.bytes_per_code > 1 else bytes([code]).decode(self.codec, "ignore")


def read_font(
    resolve: Callable[[Value], Value], entries: Mapping[str, Value], to_unicode: bytes
) -> Font:
    """Return the font of a dictionary; `to_unicode` is its decoded table, empty for none."""
    out = Font()
    if entries.get("/Subtype") == "/Type0":
        out.bytes_per_code = 2
    for section in _SECTION.finditer(to_unicode):
        (_characters if section[1] == b"bfchar" else _ranges)(out, _items(section[2]))
    out.ranges.sort(key=lambda r: r[0])
    encoding = resolve(entries.get("/Encoding"))
    named = encoding.get("/BaseEncoding") if isinstance(encoding, dict) else encoding
    out.codec = "mac_roman" if resolve(named) == "/MacRomanEncoding" else "cp1252"
    listed = resolve(encoding.get("/Differences")) if isinstance(encoding, dict) else None
    code = 0
    for item in listed if isinstance(listed, tuple) else ():
        if isinstance(item, int):
            code = item
        elif isinstance(item, str):
            out.single.setdefault(code, _named(item[1:]))
            code += 1
    return out


def _named(glyph: str) -> str:
    found = re.fullmatch(r"uni([0-9A-Fa-f]{4})|u([0-9A-Fa-f]{4,6})", glyph)
    if found:
        code = int(found[1] or found[2], 16)
        return chr(code) if code < UNICODE else ""
    return _NAMED.get(glyph, glyph if len(glyph) == 1 else "")


_Item = bytes | list[bytes]


def _items(section: bytes) -> list[_Item]:
    """Return the strings of a section; those in brackets as one list."""
    items: list[_Item] = []
    inside: list[bytes] | None = None
    for m in _TOKEN.finditer(section):
        if m[2]:
            inside = []
        elif m[3]:
            items.append(inside or [])
            inside = None
        else:
            raw = re.sub(rb"\s", b"", m[1])
            value = bytes.fromhex((raw + b"0" * (len(raw) % 2)).decode())
            if inside is None:
                items.append(value)
            else:
                inside.append(value)
    return items


def _characters(font: Font, items: list[_Item]) -> None:
    for code, letter in zip(items[::2], items[1::2], strict=False):
        if isinstance(code, bytes) and isinstance(letter, bytes):
            font.single[int.from_bytes(code, "big")] = _letters(letter)


def _ranges(font: Font, items: list[_Item]) -> None:
    for a, b, to in zip(items[::3], items[1::3], items[2::3], strict=False):
        if not isinstance(a, bytes) or not isinstance(b, bytes):
            continue
        low, high = int.from_bytes(a, "big"), int.from_bytes(b, "big")
        if isinstance(to, bytes):
            font.ranges.append((low, high, _letters(to)))
        else:
            for n, each in enumerate(to[: max(0, high - low + 1)]):
                font.single[low + n] = _letters(each)


def _letters(raw: bytes) -> str:
    return raw.decode("utf-16-be", "ignore")
