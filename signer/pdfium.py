"""Opens PDFs with pdfium, in the sandbox child; nothing outside a job may import this."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from signer import limits
from signer.errors import LimitExceededError, PdfRejectedError, PlacementError
from signer.geometry import Frame
from signer.jobs import JobFiles


@contextmanager
def opened(files: JobFiles, reach: int | None = None) -> Iterator[pdfium.PdfDocument]:
    """Open the job's input, or the revision of it that its first `reach` bytes are.

    Raises:
        PdfRejectedError: not a PDF, damaged, or locked by a password.
        LimitExceededError: too many pages.

    """
    with loaded(files.input.read(), reach) as document:
        yield document


@contextmanager
def loaded(data: bytes, reach: int | None = None) -> Iterator[pdfium.PdfDocument]:
    """Open `data`, or its first `reach` bytes, without copying it. Raises what `opened` does."""
    length = len(data) if reach is None else min(reach, len(data))
    handle = pdfium_c.FPDF_LoadMemDocument64(data, length, None)
    if pdfium_c.FPDF_GetPageCount(handle) < 1:  # no document has none
        _refuse(data)
    document = pdfium.PdfDocument(handle)
    try:
        if len(document) > limits.PAGES:
            raise LimitExceededError(
                "pages",
                f"Tệp có {len(document)} trang, quá giới hạn {limits.PAGES} trang.",
                f"The file has {len(document)} pages; the limit is {limits.PAGES}.",
            )
        yield document
    finally:
        document.close()


def _refuse(data: bytes) -> NoReturn:
    """Say why nothing could be opened."""
    if pdfium_c.FPDF_GetLastError() == pdfium_c.FPDF_ERR_PASSWORD:
        raise PdfRejectedError(
            "file.encrypted",
            "Tệp PDF bị khóa bằng mật khẩu nên không xem được.",
            "The PDF is locked with a password and cannot be shown.",
        )
    if b"%PDF-" not in data[:1024]:
        raise PdfRejectedError(
            "file.not_pdf", "Tệp này không phải là PDF.", "This file is not a PDF."
        )
    raise PdfRejectedError(
        "file.damaged",
        "Tệp PDF bị hỏng, không mở được trang nào.",
        "The PDF is damaged; no page can be opened.",
    )


def page_of(document: pdfium.PdfDocument, number: int) -> pdfium.PdfPage:
    """Return page `number`, from 1.

    Raises:
        PlacementError: there is no such page.
        PdfRejectedError: it cannot be loaded.

    """
    if not 1 <= number <= len(document):
        raise PlacementError(
            f"Tài liệu có {len(document)} trang, không có trang {number}.",
            f"The document has {len(document)} pages; there is no page {number}.",
        )
    try:
        return document[number - 1]
    except pdfium.PdfiumError as error:
        raise PdfRejectedError(
            "file.damaged",
            f"Trang {number} bị hỏng, không mở được.",
            f"Page {number} is damaged and cannot be opened.",
        ) from error


def frame_of(page: pdfium.PdfPage) -> Frame:
    """Return how `page` is displayed, as pdfium itself resolves inherited and odd boxes."""
    return Frame(page.get_bbox(), page.get_rotation())


def has_appearances(page: pdfium.PdfPage) -> bool:
    """Return whether annotations may draw something on `page`; links and pop-ups do not."""
    silent = {pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP}
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        pdfium_c.FPDFPage_CloseAnnot(annotation)
        if kind not in silent:
            return True
    return False
