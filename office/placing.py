"""Where a signature would go on the page, for somebody to accept or move.

Nghị định 30/2020, Phụ lục I, mục II.7 and II.8 (boxes 7b and 8 of its scheme):

1. The competent person's signature stands between title and name: centred over the printed name,
   where the page was read and the name found.
2. The agency's seal stands over the left third of the person's signature, whether that one is on
   the page already or its place was found by rule 1.
3. Where nothing was found, `signer.appearance.propose` says; on the last page.

A proposal is never applied by itself: it is shown, and what is signed is what was shown.
"""

from office.model import Verification
from signer.appearance import (
    LEADER_SIZE,
    SEAL_SIDE,
    TEXT_SIZE,
    AppearanceKind,
    Sheet,
    propose,
)
from signer.render import PageSizes
from signer.validation.report import Box

ABOVE_NAME = 3.0
"""Points between the printed name and the signature over it."""

SIZES: dict[AppearanceKind, tuple[float, float]] = {
    AppearanceKind.LEADER: LEADER_SIZE,
    AppearanceKind.SEAL: (SEAL_SIDE, SEAL_SIDE),
}
"""Points; of images. Text alone needs `TEXT_SIZE`."""


def place(
    kind: AppearanceKind,
    sizes: PageSizes,
    verification: Verification,
    *,
    known: Box | None = None,
) -> Box:
    """Return the proposed box for an appearance of `kind`.

    `known` is the place of the person's signature where whoever made the document said so.
    """
    size = SIZES.get(kind, TEXT_SIZE)
    present = [s.box for s in verification.report.signatures if s.box is not None]
    person = known or _over_name(sizes, verification)
    if kind is AppearanceKind.LEADER and person is not None and not present:
        return person
    under = present or ([person] if person is not None else [])
    page = under[-1].page if under else sizes.page_count
    found = next((s for s in sizes.pages if s.page == page), sizes.pages[-1])
    sheet = Sheet(
        page=found.page,
        width=found.width,
        height=found.height,
        signatures=tuple(box for box in under if box.page == found.page),
    )
    return propose(sheet, kind, size)


def _over_name(sizes: PageSizes, verification: Verification) -> Box | None:
    name = verification.extracted.nguoi_ky if verification.extracted else None
    if name is None or name.box is None:
        return None
    page = next((s for s in sizes.pages if s.page == name.box.page), None)
    if page is None:
        return None
    width, height = SIZES[AppearanceKind.LEADER]
    x1 = (name.box.x1 + name.box.x2 - width) / 2
    y1 = name.box.y2 + ABOVE_NAME
    x1 = max(0.0, min(x1, page.width - width))
    y1 = max(0.0, min(y1, page.height - height))
    return Box(page=page.page, x1=x1, y1=y1, x2=x1 + width, y2=y1 + height)
