"""What a signature looks like on the page, and where it goes when nobody says.

Nghị định 30/2020/NĐ-CP, Phụ lục I, as repeated by the provinces' rules of 2025:

1. The competent person: the image of the handwritten signature, blue, transparent PNG, no text,
   centred between title and name (box 7b).
2. The agency: the image of the seal, red, transparent PNG, at the seal's real size, over the left
   third of the person's signature (box 8).
3. Where there is no image, text alone: upright, 10 pt, black, in lower case; the name, then the
   time of signing by ISO 8601 with Vietnam's offset and seconds.
4. A development identity has no image of its own; it gets a specimen signature, or a seal that
   says in its rim that it has no legal value. Nobody else is ever given an invented image.
5. Number and date are written like the line that they fill: its size, its slant, black, standing on
   the same line (mục II.3 and II.4: 13-14 pt, the date in italics).

Appearances are typeset here, in the parent: they are made of our own data, never of the document.
The child only puts the finished page into the PDF.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from itertools import combinations, pairwise
from math import sqrt

from certs.model import SigningIdentity
from signer.pagetext import DESCENT
from signer.specimen import specimen_svg
from signer.typeset import TEMPLATES, Json, Typesetter
from signer.validation.report import Box

VIETNAM = timezone(timedelta(hours=7), "+07")
MM = 72 / 25.4

SEAL_SIDE = 36 * MM
"""Points; the seal of most provincial and communal agencies measures 36 mm."""
LEADER_SIZE = (124.0, 66.0)
"""Points; what fits between title and name where four or five lines are left free."""
TEXT_SIZE = (190.0, 30.0)
"""Points; two lines of 10 pt."""
MARGIN = 20.0
"""Points kept free at the page's edge by a proposal."""


class AppearanceKind(StrEnum):
    """Whose signature is to be seen."""

    LEADER = "leader"
    SEAL = "seal"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Art:
    """A finished appearance: a one-page PDF of exactly this size, in points."""

    pdf: bytes
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A page as displayed, in points, with the visible signatures that it already bears."""

    page: int
    """From 1."""
    width: float
    height: float
    signatures: tuple[Box, ...] = ()


class AppearanceArtist:
    """Draws appearances. Thread-safe."""

    def __init__(self, typesetter: Typesetter) -> None:
        self._typesetter = typesetter

    def draw(
        self,
        kind: AppearanceKind,
        identity: SigningIdentity,
        *,
        at: datetime,
        image: bytes | None = None,
    ) -> Art | None:
        """Return the appearance for a signature made `at`, or `None` when none is wanted.

        `image` is the PNG that was taken in for this identity; rules 3 and 4 say what stands in
        for a missing one.
        """
        if kind is AppearanceKind.NONE:
            return None
        seal = kind is AppearanceKind.SEAL
        if image is not None:
            size = (SEAL_SIDE, SEAL_SIDE) if seal else LEADER_SIZE
            return self._typeset("image", size, {"png": tuple(image)})
        if identity.development and seal:
            lines = _agency_lines(identity)
            return self._typeset("seal", (SEAL_SIDE, SEAL_SIDE), {"lines": lines})
        if identity.development:
            svg = specimen_svg(identity.common_name, *LEADER_SIZE)
            return self._typeset("specimen", LEADER_SIZE, {"svg": svg})
        name = (identity.organization if seal else None) or identity.common_name
        return self._typeset("text", TEXT_SIZE, {"lines": (name, iso_time(at))})

    def write(self, value: str, box: Box, *, size: float, italic: bool = False) -> Art:
        """Return `value` as it stands in the text field at `box`, in one line, at `size` points.

        It stands on the line that the page's own words stand on (rule 5), and is made narrower
        where it would not fit.
        """
        extent = (box.x2 - box.x1, box.y2 - box.y1)
        data: dict[str, Json] = {
            "value": value,
            "size": size,
            "italic": italic,
            "rise": DESCENT * size,
        }
        return self._typeset("field", extent, data)

    def _typeset(self, template: str, size: tuple[float, float], data: dict[str, Json]) -> Art:
        width, height = size
        pdf = self._typesetter.typeset(
            TEMPLATES / f"{template}.typ", {**data, "width": width, "height": height}
        )
        return Art(pdf=pdf, width=width, height=height)


def propose(sheet: Sheet, kind: AppearanceKind, size: tuple[float, float] | None = None) -> Box:
    """Propose where an appearance of `size` goes on `sheet`, without reading the page's text.

    A seal goes over the left third of the last visible signature (rule 2). Otherwise, and for the
    person, to the lower right, where the signature block of an official document stands. Callers
    who have read the page know better and give a box.
    """
    usual = (SEAL_SIDE, SEAL_SIDE) if kind is AppearanceKind.SEAL else LEADER_SIZE
    width, height = size or usual
    if kind is AppearanceKind.SEAL and sheet.signatures:
        under = sheet.signatures[-1]
        x1 = under.x1 + (under.x2 - under.x1) / 3 - width
        y1 = (under.y1 + under.y2 - height) / 2
    else:
        # The centre of the right half between the margins of Nghị định 30 (30 mm, 15-20 mm).
        x1 = 0.70 * sheet.width - width / 2
        y1 = 0.16 * sheet.height
        if kind is AppearanceKind.SEAL:
            x1 -= width / 3
    x1 = max(min(x1, sheet.width - width - MARGIN), min(MARGIN, sheet.width - width), 0.0)
    y1 = max(min(y1, sheet.height - height - MARGIN), min(MARGIN, sheet.height - height), 0.0)
    return Box(
        page=sheet.page,
        x1=x1,
        y1=y1,
        x2=min(x1 + width, sheet.width),
        y2=min(y1 + height, sheet.height),
    )


def iso_time(at: datetime) -> str:
    """Return `at` as rule 3 writes it: 2025-12-02T14:05:09+07:00."""
    return at.astimezone(VIETNAM).isoformat(timespec="seconds")


def _agency_lines(identity: SigningIdentity) -> tuple[str, ...]:
    """Return the agency's name for the middle of a seal, in lines as even as its words allow."""
    name = (identity.organization or identity.common_name).split("(")[0].strip()
    words = name.split()
    # A disc is as wide as high, and letters are about half as wide as a line is high.
    count = min(len(words), max(1, round(sqrt(len(name)) / 2.2)))
    breaks = min(
        combinations(range(1, len(words)), count - 1),
        key=lambda cuts: max(len(line) for line in _joined(words, cuts)),
    )
    return _joined(words, breaks)


def _joined(words: Sequence[str], cuts: Sequence[int]) -> tuple[str, ...]:
    return tuple(" ".join(words[a:b]) for a, b in pairwise((0, *cuts, len(words))))
