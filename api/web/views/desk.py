"""Lists of documents, and what a person can do: lines for the desk and for search results."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.web.i18n import Texts
from api.web.views.verdict import Badge, badge
from archive.model import RecordKind, SearchHit, Segment
from office.people import Person
from office.roles import MANAGERS, READERS, SIGNERS


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLine:
    """A document in a list."""

    url: str
    number: str | None
    title: str
    line: str
    """Agency, type, date: what is known, in one line."""
    kind: str
    badge: Badge
    snippet: Sequence[Segment]
    page: int | None


def paper(hit: SearchHit, texts: Texts) -> PaperLine:
    """Return a hit as a line."""
    _ = texts.gettext
    m = hit.metadata
    known = (
        m.co_quan_ban_hanh,
        texts.day(m.ngay_ban_hanh) if m.ngay_ban_hanh else None,
    )
    return PaperLine(
        url=f"/records/{hit.record_id}",
        number=m.so_ky_hieu,
        title=m.trich_yeu or m.loai_van_ban or _("Văn bản chưa có trích yếu"),
        line=" · ".join(part for part in known if part),
        kind=kind_name(hit.kind, texts),
        badge=badge(hit.integrity, hit.indication, texts),
        # When the subject itself is the passage, the title shows it already.
        snippet=hit.snippet if hit.page is not None else (),
        page=hit.page,
    )


def kind_name(kind: RecordKind, texts: Texts) -> str:
    """Return which way a document went, as clerks say it."""
    _ = texts.gettext
    return _("Văn bản đến") if kind is RecordKind.INCOMING else _("Văn bản đi")


def tasks(person: Person | None, texts: Texts) -> tuple[tuple[str, str, str, str], ...]:
    """Return address, icon, name and explanation of what this person can do."""
    _ = texts.gettext
    verify = (
        "/verify",
        "check",
        _("Kiểm tra chữ ký"),
        _("Văn bản có thật không, của ai, có bị sửa không? Ai cũng dùng được."),
    )
    sign = (
        "/sign",
        "sign",
        _("Ký số"),
        _("Đọc văn bản, xem trước vị trí chữ ký hoặc con dấu, nhập mã PIN để ký."),
    )
    search = (
        "/search",
        "search",
        _("Tra cứu"),
        _("Tìm trong kho lưu trữ theo số, trích yếu, nội dung; gõ không dấu cũng được."),
    )
    if person is None:
        return (verify, sign, search)
    allowed = [verify]
    if person.has(SIGNERS):
        allowed.insert(0, sign)
    if person.has(READERS):
        allowed.append(search)
    if person.has(MANAGERS):
        allowed.append(
            (
                "/accounts",
                "people",
                _("Tài khoản"),
                _("Mở, khóa tài khoản, giao vai trò và danh tính ký số."),
            )
        )
    return tuple(allowed)
