"""A verdict as a file to take away: for machines by ETSI TS 119 102-2, for people on paper.

Where the service has an identity for reports the paper is signed with it, as on the command line
(`office.flows.report` rule 3); otherwise it says of itself that it is not signed. One document has
one paper: whoever keeps it for a while makes it once.
"""

import tempfile
from enum import StrEnum
from pathlib import Path

from api.wiring import House
from office.errors import OfficeError
from office.flows.report import ReportWriter
from office.model import Verification
from signer.reports.etsi import etsi_report
from signer.validation.report import ValidationReport


class ReportForm(StrEnum):
    """A form of the report beside JSON; the value is how its file name ends."""

    XML = "xml"
    PDF = "pdf"

    @property
    def media_type(self) -> str:
        """As in Content-Type."""
        return {ReportForm.XML: "application/xml", ReportForm.PDF: "application/pdf"}[self]


def report_file(house: House, report: ValidationReport, name: str, form: ReportForm) -> bytes:
    """Return `report` on the file that people call `name`.

    Raises:
        OfficeError: the paper could not be made; the log says why.

    """
    signing = house.report_signing
    if form is ReportForm.XML:
        return etsi_report(
            report, validator=None if signing is None else signing.identity.certificate
        )
    public = house.settings.public_url.rstrip("/")
    page = f"{public}/verify" if public else None
    if signing is None:
        return house.report_paper.typeset(report, name=name, page=page)
    found = Verification(report=report, extracted=None, seconds=0.0)
    with tempfile.TemporaryDirectory(prefix="antin-report-") as folder:
        writer = ReportWriter(Path(folder), page=page, signing=signing, typesetter=house.typesetter)
        made = writer.write(name, found, trust=house.trust())
        paper = next((path for path in made.files if path.suffix == ".pdf"), None)
        if paper is None:
            said = made.failures[-1] if made.failures else None
            raise OfficeError(
                said.vi if said else "Không lập được báo cáo.",
                said.en if said else "The report could not be made.",
            )
        return paper.read_bytes()
