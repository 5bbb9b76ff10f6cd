# ruff: noqa: E501 - one phrase is one line
"""A change in plain words, in both languages.

1. What a person can see is named first: pages, fields with their values before and after, notes.
2. What nobody can see is summed up in one phrase; the machine word stays in brackets for whoever
   has to look into the file.
"""

import re

from signer.validation.comparison import Change, Kind

_KINDS = {
    Kind.SIGNATURE: ("chữ ký mới", "a new signature"),
    Kind.TIMESTAMP: ("dấu thời gian mới", "a new time-stamp"),
    Kind.VALIDATION_DATA: ("dữ liệu kiểm tra được bổ sung", "validation data added"),
    Kind.METADATA: ("thông tin tài liệu được cập nhật", "document information updated"),
    Kind.FILLED: ("ô trống được điền", "an empty field was filled"),
}
_PHRASES: tuple[tuple[str, str, str], ...] = (
    (r"page (\d+) /Contents", "nội dung trang {1} bị đổi", "the content of page {1} changed"),
    (r"page (\d+): signature covers the page", "chữ ký mới che gần hết trang {1}", "a new signature covers most of page {1}"),
    (r"page (\d+): widget added", "thêm ô trên trang {1}", "a field was placed on page {1}"),
    (r"page (\d+): field removed", "bỏ ô trên trang {1}", "a field was removed from page {1}"),
    (r"page (\d+): \S+ added", "thêm chú thích trên trang {1}", "a note was added on page {1}"),
    (r"page (\d+): \S+ changed", "sửa chú thích trên trang {1}", "a note on page {1} was changed"),
    (r"page (\d+): \S+ removed", "xóa chú thích trên trang {1}", "a note on page {1} was removed"),
    (r"page (\d+)\b.*", "trang {1} bị đổi", "page {1} changed"),
    (r"page tree .*", "thêm, bớt hoặc đổi thứ tự trang", "pages were added, removed or moved"),
    (r"field value", "giá trị của ô bị đổi", "the value of a field changed"),
    (r"field added", "thêm ô", "a field was added"),
    (r"field removed", "bỏ ô", "a field was removed"),
    (r"field /AP", "hình hiển thị của ô bị đổi", "the picture of a field changed"),
    (r"field /V", "giá trị của ô bị đổi", "the value of a field changed"),
    (r"field /.*", "thuộc tính của ô bị đổi", "a property of a field changed"),
    (r"empty signature field added", "thêm ô chữ ký chưa ký", "an empty signature field was added"),
    (r"signature (dictionary|replaced)", "thông tin của chữ ký bị sửa", "a signature's own data were changed"),
    (r"signature field with .*", "ô chữ ký bị gắn giá trị không phải chữ ký", "a signature field was given a value that signs nothing"),
    (r"permissions raised", "chữ ký sau tự nới quyền sửa đổi", "a later signature grants itself more than was allowed"),
    (r"new objects without use.*", "thêm dữ liệu không rõ mục đích", "data were added that nothing uses"),
    (r"structure element", "cấu trúc đọc của văn bản bị sửa", "the reading structure was changed"),
    (r"/Perms", "quyền của người chứng thực bị sửa", "the certifier's permissions were changed"),
    (r"/(Info|Metadata)", "thông tin tài liệu bị sửa", "the document information was changed"),
    (r"(dangling reference|object) .*", "nội dung bên trong bị thay", "content inside was replaced"),
)  # fmt: skip


def tell(change: Change) -> tuple[str, str]:
    """Return the change in Vietnamese and in English."""
    vi, en = _phrase(change)
    if change.field:
        vi, en = f"{vi} «{change.field}»", f"{en} “{change.field}”"
    if change.old is not None or change.new is not None:
        old, new = change.old or "", change.new or ""
        vi, en = f"{vi}: «{old}» → «{new}»", f"{en}: “{old}” → “{new}”"
    return vi, en


def _phrase(change: Change) -> tuple[str, str]:
    if change.kind in _KINDS:
        return _KINDS[change.kind]
    for pattern, vi, en in _PHRASES:
        m = re.fullmatch(pattern, change.what)
        if m is not None:
            page = m[1] if m.groups() else ""
            return vi.replace("{1}", page), en.replace("{1}", page)
    return f"cấu trúc tệp bị đổi ({change.what})", f"the file's structure changed ({change.what})"


def tell_all(changes: list[Change], most: int = 5) -> tuple[str, str]:
    """Return several changes as one phrase in each language, each said once."""
    told = list(dict.fromkeys(tell(c) for c in changes))
    rest = len(told) - most
    vi, en = "; ".join(t[0] for t in told[:most]), "; ".join(t[1] for t in told[:most])
    return (f"{vi}; và {rest} điều khác", f"{en}; and {rest} more") if rest > 0 else (vi, en)
