"""Báo cáo kiểm tra: the three forms of a verification, as files beside one another.

`<sha256>.json` for machines (the outside contract's line, and the whole report as it reads back),
`<sha256>.xml` by ETSI TS 119 102-2, `<sha256>.pdf` for people.

1. Each file is whole or absent: written beside its place, one rename. Writing again replaces.
2. A report is a copy of a verdict that stands already. Whatever goes wrong with one form is named
   (`failures`) and logged; it stops neither the other forms nor the verification.
3. Where an identity for reports is given, the PDF is signed with it through the flow that signs
   everything (`office.flows.sign`: intent first, level as asked for or nothing). When that fails,
   the PDF that says of itself that it is not signed is written instead, and the failure is named.
4. A file that was never read whole has no digest, so nothing is written about it.
"""

import errno
import json
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from certs.model import SigningIdentity, TrustStore
from office.errors import FileUnusableError, OfficeError, StorageFullError
from office.flows.sign import Failure, Signing, ToSign
from office.flows.verdict import verdict_line
from office.model import Verification
from signer.appearance import AppearanceKind
from signer.creation import SignRequest
from signer.reports.etsi import etsi_report
from signer.reports.paper import TITLE, ReportPaper
from signer.reports.record import record_of, report_of, with_anchors
from signer.reports.sentence import one_line
from signer.typeset import Typesetter
from signer.validation.report import Level, ValidationReport

ACTOR = "report"
"""Who is named in the history as having asked for these signatures."""

_log = logging.getLogger(__name__)


class Form(StrEnum):
    """A form of the report; the value is how its file name ends."""

    JSON = "json"
    XML = "xml"
    PDF = "pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFailure:
    """One form that could not be made as it should."""

    form: Form
    vi: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles:
    """What was written about one document."""

    files: tuple[Path, ...] = ()
    signed: bool = False
    """Whether the PDF bears the service's signature."""
    failures: tuple[FormFailure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSigning:
    """With what the PDF is signed."""

    signing: Signing
    identity: SigningIdentity
    pin: str | None = None
    level: Level = Level.B_LT


class ReportWriter:
    """Writes reports into one folder. Thread-safe.

    Raises:
        OSError: the folder is not there and cannot be made.

    """

    def __init__(
        self,
        folder: Path,
        *,
        page: str | None = None,
        signing: ReportSigning | None = None,
        typesetter: Typesetter | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._page = page
        """URL of the public page, for the QR code."""
        self._signing = signing
        self._paper = ReportPaper(typesetter or Typesetter())

    def write(self, name: str, verification: Verification, *, trust: TrustStore) -> ReportFiles:
        """Write what was found out about the file that people call `name`.

        `trust` is what the verification was made with; its anchors are cited one by one.
        """
        report = with_anchors(verification.report, trust)
        if not report.sha256:
            return ReportFiles()
        files: list[Path] = []
        failures: list[FormFailure] = []

        def attempt(form: Form, make: Callable[[Path], bool]) -> bool:
            path = self.folder / f"{report.sha256}.{form}"
            try:
                done = make(path)
            except Exception as e:  # noqa: BLE001 - rule 2: a copy never takes the verdict along
                _log.warning("no %s report on %s", form, report.sha256, exc_info=True)
                failures.append(_failure(form, path, e))
                return False
            files.append(path)
            return done

        def as_json(path: Path) -> bool:
            line = verdict_line(name, verification) | {"record": record_of(report)}
            # A file name that is not UTF-8 survives as an escape only.
            _write(path, json.dumps(line, ensure_ascii=False, indent=1).encode("utf-8", "replace"))
            return True

        def as_xml(path: Path) -> bool:
            by = None if self._signing is None else self._signing.identity.certificate
            _write(path, etsi_report(report, validator=by))
            return True

        def as_pdf(path: Path) -> bool:
            if self._signing is not None:
                error = self._signed(path, name, report, self._signing)
                if error is None:
                    return True
                _log.warning("the report on %s is not signed: %s", report.sha256, error)
                failures.append(FormFailure(form=Form.PDF, vi=error.vi, en=error.en))
            _write(path, self._paper.typeset(report, name=name, page=self._page))
            return False

        attempt(Form.JSON, as_json)
        attempt(Form.XML, as_xml)
        signed = attempt(Form.PDF, as_pdf)
        return ReportFiles(files=tuple(files), signed=signed, failures=tuple(failures))

    def _signed(
        self, path: Path, name: str, report: ValidationReport, how: ReportSigning
    ) -> Failure | None:
        """Put the signed PDF at `path`; return why not, if not (rule 3)."""
        pdf = self._paper.typeset(
            report, name=name, page=self._page, signed_by=how.identity.common_name
        )
        request = SignRequest(level=how.level, appearance=AppearanceKind.NONE, reason=TITLE.vi)
        with tempfile.TemporaryDirectory() as scratch:
            source = Path(scratch) / "report.pdf"
            source.write_bytes(pdf)
            item = ToSign(source=source, target=path, name=f"{TITLE.vi}: {one_line(name)}")
            (outcome,) = how.signing.sign(
                [item], request, identity_id=how.identity.id, pin=how.pin, actor=ACTOR
            )
        return outcome.error


def read_report(path: Path) -> ValidationReport:
    """Return the report that was written as `<sha256>.json`.

    Raises:
        OSError: the file cannot be read.
        RecordInvalidError: it is not a report of ours, or newer than this software.

    """
    try:
        line = json.loads(path.read_bytes())
    except ValueError:
        line = None
    return report_of(line.get("record") if isinstance(line, dict) else None)


def _failure(form: Form, path: Path, error: Exception) -> FormFailure:
    worded: OfficeError
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        worded = StorageFullError()
    elif isinstance(error, OSError):
        worded = FileUnusableError(path.name, error.strerror or type(error).__name__)
    else:
        worded = OfficeError(
            f"Không lập được báo cáo .{form}; chi tiết nằm trong nhật ký.",
            f"The .{form} report could not be made; the log says why.",
        )
    return FormFailure(form=form, vi=worded.vi, en=worded.en)


def _write(path: Path, content: bytes) -> None:
    """Put `content` at `path`, whole or not at all (rule 1)."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
