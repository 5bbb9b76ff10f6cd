"""The picture comparison: after the verdict as a second gate (`signer.picture`), and for people.

1. It runs where the difference analysis found later changes and permits them, and never makes a
   verdict better.
2. A comparison that could not be made (no picture of the file, no time left) leaves the verdict as
   it is: the difference analysis judged every byte without it.
3. For people any signature is compared that does not cover the whole file, whatever the verdict:
   it is on the altered document that one wants to see what changed.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from signer.errors import SignerError
from signer.limits import PICTURE
from signer.picture import PICTURE as COMPARE
from signer.picture import (
    PictureComparison,
    PictureRequest,
    compared_signature,
    gated,
    questions,
)
from signer.render import PAGE_SIZES, PageSizes, PageSizesRequest
from signer.sandbox import Sandbox
from signer.validation.report import ValidationReport

_log = logging.getLogger(__name__)


def pictured(
    sandbox: Sandbox, file: BinaryIO, report: ValidationReport, *, wall: float
) -> ValidationReport:
    """Return `report` as the picture of `file` leaves it, within `wall` seconds."""
    request = questions(report)
    if request is None:
        return report
    within = replace(PICTURE, wall=min(PICTURE.wall, wall))
    try:
        pictures = sandbox.run(COMPARE, request, pdf=file, limits=within)
    except SignerError as e:
        _log.info("the pages could not be compared: %s", e)
        return report
    for comparison in pictures.comparisons:
        report = gated(report, comparison)
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """One signature's revision beside the file."""

    reach: int
    """Bytes of the file that were signed, for drawing them."""
    comparison: PictureComparison
    sizes: PageSizes | None
    """Of the signed pages; `None` when they cannot be drawn."""


def side_by_side(
    sandbox: Sandbox, path: Path, report: ValidationReport, order: int
) -> SideBySide | None:
    """Compare the `order`-th signature (from 1) of the file; `None` if there is nothing to compare.

    Raises:
        SignerError: the current file cannot be drawn, or not within the limits.

    """
    if not 1 <= order <= len(report.signatures):
        return None
    asked = compared_signature(report, order)
    if asked is None:
        return None
    (comparison,) = sandbox.run(COMPARE, PictureRequest(signatures=(asked,)), pdf=path).comparisons
    sizes = None
    if comparison.verdict is not None:
        sizes = sandbox.run(PAGE_SIZES, PageSizesRequest(reach=asked.reach), pdf=path)
    return SideBySide(reach=asked.reach, comparison=comparison, sizes=sizes)
