"""A validation report on paper: for the file, for the counter, for whoever reads no JSON.

1. It says what the page says, from the same words (`sentence.py`): Vietnamese first, then English.
2. One A4 page where the signatures are few; what does not fit flows onto the next. A signature or a
   reason never breaks across pages.
3. Tagged PDF/A-2b: it is archived beside the document. The same report gives the same bytes on the
   same machine; the creation time written into it is the validation time.
4. Text out of the document is shown as one line of letters, with places to break; letters that no
   face of the machine has are shown as “?”: a certificate must not be able to stop its own report.
5. The QR code leads to the public page with the document's digest, where the caller has a public
   page; nothing is asked from there by itself.
6. Whether the paper itself is signed is printed on it, because who gets it printed cannot see it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

import segno
import typst

from certs.model import TrustStore
from signer.reports.sentence import (
    PlainWords,
    SignatureLine,
    moment,
    one_line,
    plain_words,
)
from signer.reports.words import NAMELESS, Said
from signer.typeset import TEMPLATES, Json, Typesetter
from signer.validation.report import CitedAnchor, ValidationReport

TEMPLATE = TEMPLATES / "report.typ"
ANCHORS = 4
"""Anchors printed one by one; a store of hundreds is in the record, and in `trust_digest`."""
UNBROKEN = 14
"""Letters after which a word may break: as many capitals as fit a column of the table."""

TITLE = Said("Báo cáo kiểm tra chữ ký số", "Digital signature validation report")
_WORDS = {
    "signatures": Said("Các chữ ký, theo thứ tự ký", "Signatures, in the order of signing"),
    "number": Said("#", "#"),
    "signer": Said("Người ký (theo chứng thư)", "Signer (by the certificate)"),
    "outcome": Said("Kết quả", "Result"),
    "time": Said("Thời điểm ký", "Time of signing"),
    "after": Said("Sau chữ ký này", "After this signature"),
    "purpose": Said("Lý do ghi trong chữ ký:", "Reason stated:"),
    "reasons": Said("Lý do và việc cần làm", "Reasons, and what to do"),
    "notes": Said("Lưu ý", "Notes"),
    "made_with": Said("Căn cứ của báo cáo này", "What this report was made with"),
    "anchors": Said("Chứng thư được tin cậy, vân tay SHA-256:", "Trusted certificates, SHA-256:"),
    "more": Said(
        "chứng thư được tin cậy khác: xem bản JSON.", "more trusted certificates: see the JSON."
    ),
}
_NOBODY = "trống: không tin cậy chứng thư nào / empty: no certificate was trusted"
_CHECKED = Said("Kiểm tra lúc {at}", "checked at {at}")
_STANDARD = Said(
    "Kết luận theo ETSI EN 319 102-1; bản đầy đủ cho máy đọc đi kèm ở dạng JSON và XML "
    "(ETSI TS 119 102-2).",
    "Verdict by ETSI EN 319 102-1; the full report for machines comes as JSON and XML.",
)
_UNSIGNED = Said(
    "Báo cáo này không được ký số: chỉ có giá trị tham khảo.",
    "This report is not signed; it is for information only.",
)
_SIGNED = Said(
    "Báo cáo này được ký số bởi {name}; bản in không kiểm tra được.",
    "This report is signed by {name}; a printout cannot be checked.",
)


class ReportPaper:
    """Typesets reports. Thread-safe."""

    def __init__(self, typesetter: Typesetter) -> None:
        self._typesetter = typesetter

    def typeset(
        self,
        report: ValidationReport,
        *,
        name: str | None = None,
        page: str | None = None,
        signed_by: str | None = None,
    ) -> bytes:
        """Return `report` as a PDF.

        Args:
            report: What to print.
            name: What people call the file.
            page: URL of the public page (rule 5); `None`: no QR code.
            signed_by: Who will sign this PDF (rule 6); `None`: nobody.

        Raises:
            typst.TypstError: the template is broken: our fault, not the document's.

        """
        data = _data(report, name=name, page=page, signed_by=signed_by)
        try:
            return self._set(data, report)
        except typst.TypstError:
            # PDF/A forbids letters without a glyph, and only the typesetter knows them (rule 4).
            return self._set({k: _plain(v) for k, v in data.items()}, report)

    def _set(self, data: Mapping[str, Json], report: ValidationReport) -> bytes:
        return self._typesetter.typeset(
            TEMPLATE, data, archival=True, at=report.validation_time.replace(microsecond=0)
        )


def public_address(page: str, sha256: str) -> str:
    """Return the address behind the QR code."""
    return f"{page}{'&' if '?' in page else '?'}sha256={sha256}"


def _data(
    report: ValidationReport, *, name: str | None, page: str | None, signed_by: str | None
) -> dict[str, Json]:
    words = plain_words(report)
    at = moment(report.validation_time)
    anchors = _anchors(report)
    address = None if page is None else public_address(page, report.sha256)
    note = _UNSIGNED
    if signed_by is not None:
        who = one_line(signed_by)
        note = Said(_SIGNED.vi.format(name=who), _SIGNED.en.format(name=who))
    return {
        "title": _both(TITLE),
        "name": None if name is None else _breakable(one_line(name)),
        "size": _size(report),
        "checked": at,
        "checked_at": _both(Said(_CHECKED.vi.format(at=at), _CHECKED.en.format(at=at))),
        "digest_short": f"SHA-256 {report.sha256[:16]}…",
        "qr": None if address is None else _qr(address),
        "qr_alt": f"QR: {address}",
        "verdict": {
            "tone": words.verdict.tone.value,
            "headline": _both(words.verdict.headline),
            "lead": _both(words.verdict.lead),
        },
        "answers": tuple(
            {
                "question": _both(a.question),
                "tone": a.tone.value,
                "answer": _both(a.answer),
                "detail": _both(a.detail),
            }
            for a in words.answers
        ),
        "signatures": tuple(_signature(s) for s in words.signatures),
        "findings": tuple(_findings(words)),
        "made_with": tuple(
            {"label": _both(label), "value": value, "mono": mono}
            for label, value, mono in _made_with(report)
        ),
        "anchors": tuple(
            {"origin": _breakable(one_line(a.origin)), "sha256": a.sha256} for a in anchors
        ),
        "more_anchors": len(report.anchors) - len(anchors),
        "software": report.software,
        "note": _both(Said(f"{note.vi} {_STANDARD.vi}", f"{note.en} {_STANDARD.en}")),
        "words": {key: _both(said) for key, said in _WORDS.items()},
    }


def _signature(s: SignatureLine) -> dict[str, Json]:
    return {
        "order": s.order,
        "name": _breakable(s.name or f"{NAMELESS.vi} / {NAMELESS.en}"),
        "organization": None if s.organization is None else _breakable(s.organization),
        "role": _both(s.role or s.kind),
        "level": None if s.level is None else s.level.value,
        "tone": s.tone.value,
        "verdict": _both(s.verdict),
        "times": tuple(
            {
                "says": _both(t.says),
                "at": None if t.at is None else moment(t.at),
                "proven": t.proven,
            }
            for t in s.times
        ),
        "notes": tuple(_both(n) for n in s.notes),
        "changes": _both(s.changes),
        "purpose": None if s.purpose is None else _breakable(s.purpose),
    }


def _findings(words: PlainWords) -> Iterator[dict[str, Json]]:
    """Yield the reasons; those of one kind share their remedy, where the first of them stands."""
    kinds: dict[tuple[str, Said], list[Said]] = {}
    for f in (*words.findings, *words.notes):
        kinds.setdefault((f.code, f.remedy), []).append(f.said)
    for (_, remedy), said in kinds.items():
        yield {"said": tuple(_both(one) for one in said), "remedy": _both(remedy)}


def _anchors(report: ValidationReport) -> tuple[CitedAnchor, ...]:
    """Return the anchors to print: those relied on, else the first; at most `ANCHORS`."""
    used = {s.path[-1] for s in report.signatures if s.path}
    first = tuple(a for a in report.anchors if a.sha256 in used) or report.anchors
    return first[:ANCHORS]


def _made_with(report: ValidationReport) -> Iterator[tuple[Said, str, bool]]:
    yield Said("SHA-256 của tệp", "of the file"), report.sha256, True
    if report.active_content:
        listed = _breakable(one_line(", ".join(report.active_content)))
        yield Said("Nội dung chủ động", "active content"), listed, False
    if report.trust_digest == TrustStore().digest:
        yield Said("Danh sách tin cậy", "trust list"), _NOBODY, False
    else:
        yield Said("Danh sách tin cậy", "trust list"), report.trust_digest, True
    yield Said("Chính sách", "policy"), report.policy_digest, True
    if report.evidence:
        count = str(len(report.evidence))
        yield Said("Bằng chứng lấy thêm", "evidence gathered"), count, False
    yield Said("Phần mềm", "software"), report.software, False


def _size(report: ValidationReport) -> str:
    pages = "" if report.pages is None else f" · {report.pages} trang / pages"
    return f"{report.size:,}".replace(",", ".") + " byte" + pages


def _both(said: Said) -> dict[str, Json]:
    return {"vi": _breakable(said.vi), "en": _breakable(said.en)}


def _breakable(text: str) -> str:
    """Return `text` with places to break in words that are longer than any word is."""
    return re.sub(rf"\S{{{UNBROKEN}}}(?=\S)", "\\g<0>\u200b", text)


def _qr(address: str) -> str:
    drawn: str = segno.make(address, error="m", micro=False).svg_inline(
        border=0, omitsize=True, dark="#000"
    )
    return drawn.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)


def _plain(value: Json) -> Json:
    """Return `value` in letters that every face of ours has."""
    if isinstance(value, str):
        return "".join(c if _common(c) else "?" for c in value)
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(_plain(v) for v in value)
    return value


def _common(c: str) -> bool:
    if c < "\u0250" or "\u1e00" <= c < "\u1f00" or c in "‘’“”–—…«»•\u200b":
        return unicodedata.category(c) != "Cn"
    return False
