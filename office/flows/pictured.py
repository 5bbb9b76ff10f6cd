"""The picture comparison after the verdict: the second gate of `signer.picture`.

1. It runs where the difference analysis found later changes and permits them, and never makes a
   verdict better.
2. A comparison that could not be made (no picture of the file, no time left) leaves the verdict as
   it is: the difference analysis judged every byte without it.
"""

import logging
from dataclasses import replace
from typing import BinaryIO

from signer.errors import SignerError
from signer.limits import PICTURE
from signer.picture import PICTURE as COMPARE
from signer.picture import gated, questions
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
