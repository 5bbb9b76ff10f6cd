"""Kiểm tra chữ ký: one file in, its verdict and what its first pages say out.

1. The document is opened in the sandbox only (design.md D3). A child that misses revocation
   evidence says which; the parent gathers it and the child runs again, at most `ROUNDS` times.
2. The verdict comes from embedded and cached evidence first; the network only fills gaps, within
   the budget of one document: each gets a revocation source of its own (D4). `offline` never
   touches it.
3. All rounds together have the wall clock of one. When a later round is cut off, the verdict of
   the round before stands: it was made with less evidence, so it is never the more favourable.
4. A document that is over a limit, or that broke its child, has a verdict like any other:
   UNREADABLE with `file.limit` or the reason that the child gave. Nothing that a document does
   raises here. A sandbox that failed says nothing about the document: `file.fault`, our own.
5. Reading the page comes after the verdict and cannot change it: where page and signature differ,
   a warning joins the reasons (`office.extract.semantic`). What cannot be read is `None`.
6. What was verified is what was read: every run is given the same open file.
7. Where the first look found no path from a signer to those trusted, the missing issuers are asked
   for (`certs.issuers`): the certificate is in the report, so the child need not name them. A
   time-stamp's are not: its token has to bring them.
8. Where later changes are permitted, the picture of what was signed is put beside the picture of
   what is there (`office.flows.pictured`), in what is left of the wall clock. Its time counts.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from certs.model import Clock, EvidenceSource, RevocationMaterial, TrustStore
from office.extract.fields import extract
from office.extract.semantic import compare
from office.flows.pictured import pictured
from office.model import Verification
from signer.errors import LimitExceededError, SandboxError, SignerError
from signer.limits import VERIFY
from signer.pagetext import READ_TEXT, DocumentText, TextRequest
from signer.sandbox import Sandbox
from signer.validation.job import VALIDATE, ValidationRequest, unreadable_report
from signer.validation.report import Integrity, ValidationReport

ROUNDS = 3
"""A first look, the evidence that it asked for, and the evidence about that evidence's signers."""
READ_PAGES = 100
"""The signatory stands where the text ends, before the annexes: on page 42 of one real circular.
Words of a text layer cost about 10 ms a page; a page without one costs less."""
SHORTEST = 1.0
"""Seconds. With less left of the wall clock, another round would only be cut off."""

_log = logging.getLogger(__name__)


class Verifier:
    """Verifies documents. Thread-safe; as many at once as the sandbox has children."""

    def __init__(
        self,
        *,
        sandbox: Sandbox,
        revocation: Callable[[TrustStore], EvidenceSource] | None,
        clock: Clock,
        size_limit: int,
    ) -> None:
        self._sandbox = sandbox
        self._revocation = revocation
        self._clock = clock
        self._size_limit = size_limit

    def verify(
        self,
        pdf: Path | bytes,
        *,
        trust: TrustStore,
        at: datetime | None = None,
        offline: bool = False,
        read: bool = True,
    ) -> Verification:
        """Return the verdict on `pdf`, at the time `at` (now, if `None`).

        Raises:
            OSError: the file itself cannot be opened.
            SandboxError: there is no sandbox to open it in.

        """
        with _opened(pdf) as file:
            self._sandbox.warm()  # once per process, a second of imports: not this document's time
            started = time.monotonic()
            report = self._verdict(file, trust, at or self._clock.now(), offline=offline)
            left = VERIFY.wall - (time.monotonic() - started)
            if left > SHORTEST:
                report = pictured(self._sandbox, file, report, wall=left)
            seconds = time.monotonic() - started
            text = (
                self._read(file) if read and report.integrity is not Integrity.UNREADABLE else None
            )
        extracted = None if text is None else extract(text)
        if text is not None and extracted is not None:
            # Warnings for people; the verdict is the validation's (rule 5).
            warnings = compare(text, extracted, report)
            report = replace(report, reasons=(*report.reasons, *warnings))
        return Verification(
            report=report,
            extracted=extracted,
            seconds=seconds,
            page_texts=() if text is None else tuple(p.text for p in text.pages),
            page_count=None if text is None else text.page_count,
        )

    def refuse(
        self, code: str, *, size: int, trust: TrustStore, at: datetime | None, sha256: str = ""
    ) -> Verification:
        """Return the verdict on a file that was not opened at all; `code` says why."""
        request = ValidationRequest(trust=trust, at=at or self._clock.now())
        report = unreadable_report(sha256=sha256, size=size, code=code, request=request)
        return Verification(report=report, extracted=None, seconds=0.0)

    def _verdict(
        self, file: BinaryIO, trust: TrustStore, at: datetime, *, offline: bool
    ) -> ValidationReport:
        request = ValidationRequest(trust=trust, at=at, present=self._clock.now(), offline=offline)
        size = file.seek(0, 2)
        if size > self._size_limit:
            return unreadable_report(
                sha256=_digest(file), size=size, code="file.limit", request=request
            )
        report: ValidationReport | None = None
        source: EvidenceSource | None = None
        left = VERIFY.wall
        for number in range(ROUNDS):
            started = time.monotonic()
            try:
                report = self._sandbox.run(
                    VALIDATE, request, pdf=file, limits=replace(VERIFY, wall=left)
                )
            except SignerError as e:
                return report or _broken(e, file, size, request)
            left -= time.monotonic() - started
            orphans = _without_path(report) if number == 0 and trust.anchors else ()
            if not (report.needs or orphans) or self._revocation is None or left < SHORTEST:
                break
            # Made when first needed: most documents lack nothing that could be had.
            source = source or self._revocation(trust)
            material = request.material
            if orphans:
                found = source.issuers_of(orphans, offline=offline)
                material |= RevocationMaterial(certificates=found)
            if report.needs:
                material |= source.gather(report.needs, offline=offline)
            if material == request.material:
                break
            request = replace(request, material=material)
        assert report is not None  # noqa: S101 - the loop runs at least once
        return report

    def _read(self, file: BinaryIO) -> DocumentText | None:
        try:
            return self._sandbox.run(READ_TEXT, TextRequest(first=1, last=READ_PAGES), pdf=file)
        except SignerError as e:
            _log.info("the pages could not be read: %s", e)
            return None


def _without_path(report: ValidationReport) -> tuple[bytes, ...]:
    """Return the signers' certificates from which no path leads to an anchor (rule 7)."""
    wanted = (
        s.signer.certificate
        for s in report.signatures
        if s.signer is not None and s.sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"
    )
    return tuple(dict.fromkeys(wanted))


def _broken(
    error: SignerError, file: BinaryIO, size: int, request: ValidationRequest
) -> ValidationReport:
    if isinstance(error, LimitExceededError):
        code = "file.limit"
    elif isinstance(error, SandboxError):
        code = "file.fault"
        _log.warning("the sandbox could not answer: %s", error)
    else:
        code = "file.damaged"
    return unreadable_report(sha256=_digest(file), size=size, code=code, request=request)


@contextmanager
def _opened(pdf: Path | bytes) -> Iterator[BinaryIO]:
    if isinstance(pdf, bytes):
        yield BytesIO(pdf)
        return
    with pdf.open("rb") as file:
        yield file


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
