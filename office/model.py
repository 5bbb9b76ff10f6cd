"""Values of the flows."""

from dataclasses import dataclass

from office.extract.fields import Extracted
from signer.validation.report import ValidationReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found out about one file."""

    report: ValidationReport
    extracted: Extracted | None
    """What the first pages say; `None` when they were not read."""
    seconds: float
    """For the verdict; reading the page is not counted."""
    page_texts: tuple[str, ...] = ()
    """Text of the pages that were read, for the search index."""
    page_count: int | None = None
    """Of the document, by who read the pages; `None` when they were not read."""
