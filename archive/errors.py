"""Errors of the archive.

    ArchiveError
    ├── RecordNotFoundError        no record has that id
    ├── RecordNotReadyError        the record exists but is not published yet (retryable)
    ├── SipRejectedError           what was handed in cannot be taken into the archive
    ├── ObjectNotFoundError        there is no object at that key
    ├── ImmutableObjectError       different bytes already live at that key
    ├── KeyRejectedError           not a key that a store may use
    ├── StoreAddressError          the settings name no object store that we know
    ├── StoreUnavailableError      the object store did not do what was asked (retryable)
    │   └── StoreFullError         … because it has no room left (retryable)
    ├── ReadBackError              what came back is not what was written (retryable)
    ├── CatalogueUnavailableError  the database did not do what was asked (retryable)
    │   └── CatalogueBusyError     … because somebody else holds its lock (retryable)
    ├── FixityError                the stored bytes are not the ones that were archived
    ├── QueryRejectedError         a search that we do not run
    ├── CursorRejectedError        a page cursor of another search, or none of ours
    ├── ExportRejectedError        the export folder cannot be used
    ├── NumberStateError           the number is in no state for what was asked
    └── RebuildRefusedError        the objects alone do not explain themselves; nothing was changed

A missing or changed object met by `fixity` or `fsck` is a finding, a value; it becomes an error
only when somebody asks for its bytes.
Every class carries a stable `code`, says whether trying again can help (`retryable`), and builds
one sentence that a clerk can read in each language (`vi`, `en`).
"""

from typing import ClassVar


class ArchiveError(Exception):
    """The archive could not do what was asked."""

    code: ClassVar[str] = "archive.error"
    retryable: ClassVar[bool] = False

    def __init__(self, vi: str, en: str) -> None:
        self.vi = vi
        self.en = en
        super().__init__(en)


class RecordNotFoundError(ArchiveError):
    """No record has that id."""

    code: ClassVar[str] = "record.not_found"

    def __init__(self, record_id: str) -> None:
        self.record_id = record_id
        super().__init__(
            f"Không có hồ sơ lưu trữ mang mã «{record_id}».",
            f"The archive holds no record “{record_id}”.",
        )


class RecordNotReadyError(ArchiveError):
    """The record is committed, but its object is not whole in the store yet."""

    code: ClassVar[str] = "record.not_ready"
    retryable: ClassVar[bool] = True

    def __init__(self, record_id: str) -> None:
        self.record_id = record_id
        super().__init__(
            f"Văn bản «{record_id}» đã được ghi nhận nhưng chưa lưu xong. Hãy thử lại sau ít phút.",
            f"Record “{record_id}” is registered but not stored completely yet. Try again shortly.",
        )


class SipRejectedError(ArchiveError):
    """What was handed in cannot be taken into the archive. Nothing was stored."""

    code: ClassVar[str] = "sip.rejected"

    def __init__(self, name: str, why_vi: str, why_en: str) -> None:
        self.name = name
        super().__init__(
            f"Không lưu được «{name}»: {why_vi}.",
            f"“{name}” cannot be archived: {why_en}.",
        )


class ObjectNotFoundError(ArchiveError):
    """There is no object at that key."""

    code: ClassVar[str] = "object.not_found"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"Kho lưu trữ không có tệp {key}.",
            f"The object store holds nothing at {key}.",
        )


class ImmutableObjectError(ArchiveError):
    """Different bytes already live at that key; they stay."""

    code: ClassVar[str] = "object.immutable"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"Tệp {key} trong kho đã có nội dung khác và không được ghi đè.",
            f"Other bytes already live at {key} and are never overwritten.",
        )


class KeyRejectedError(ArchiveError):
    """Not a key that a store may use."""

    code: ClassVar[str] = "object.key"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"Tên tệp trong kho không hợp lệ: {key!r}.",
            f"Not a key that the object store accepts: {key!r}.",
        )


class StoreAddressError(ArchiveError):
    """The settings name no object store that we know."""

    code: ClassVar[str] = "store.address"

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(
            f"Địa chỉ kho lưu trữ không đúng: {address!r}. "
            "Cần file:///thư-mục hoặc s3://bucket?endpoint=máy:cổng.",
            f"Not the address of an object store: {address!r}. "
            "It is file:///folder or s3://bucket?endpoint=host:port.",
        )


class StoreUnavailableError(ArchiveError):
    """The object store did not do what was asked. Whether it did part of it is not known."""

    code: ClassVar[str] = "store.unavailable"
    retryable: ClassVar[bool] = True

    def __init__(self, key: str, why: str) -> None:
        self.key = key
        super().__init__(
            f"Kho lưu trữ tệp không phản hồi ({key}: {why}). Hãy thử lại sau.",
            f"The object store did not answer ({key}: {why}). Try again later.",
        )


class StoreFullError(StoreUnavailableError):
    """The object store has no room left."""

    code: ClassVar[str] = "store.full"

    def __init__(self, key: str) -> None:
        super().__init__(key, "no space left")
        self.vi = f"Kho lưu trữ đã hết dung lượng nên chưa ghi được {key}. Hãy báo quản trị viên."
        self.en = f"The object store is full; {key} was not written. Tell the administrator."


class ReadBackError(ArchiveError):
    """What the store gave back is not what was written; the write does not count."""

    code: ClassVar[str] = "store.read_back"
    retryable: ClassVar[bool] = True

    def __init__(self, key: str, expected: str, found: str) -> None:
        self.key = key
        self.expected = expected
        self.found = found
        super().__init__(
            f"Đọc lại {key} thấy khác với nội dung vừa ghi ({found} thay vì {expected}).",
            f"Reading {key} back gave {found} instead of {expected}.",
        )


class CatalogueUnavailableError(ArchiveError):
    """The database did not do what was asked; its transaction was rolled back or is unknown."""

    code: ClassVar[str] = "catalogue.unavailable"
    retryable: ClassVar[bool] = True

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Cơ sở dữ liệu không phản hồi ({why}). Hãy thử lại sau.",
            f"The database did not answer ({why}). Try again later.",
        )


class CatalogueBusyError(CatalogueUnavailableError):
    """Somebody else holds the database's lock for longer than we wait."""

    code: ClassVar[str] = "catalogue.busy"

    def __init__(self) -> None:
        super().__init__("locked")
        self.vi = "Cơ sở dữ liệu đang bận ghi việc khác. Hãy thử lại sau ít giây."
        self.en = "The database is busy with another write. Try again in a few seconds."


class FixityError(ArchiveError):
    """The stored bytes are not the ones that were archived. They are not handed out."""

    code: ClassVar[str] = "fixity.mismatch"

    def __init__(self, key: str, expected: str, found: str) -> None:
        self.key = key
        self.expected = expected
        self.found = found
        super().__init__(
            f"Tệp {key} trong kho đã bị thay đổi: SHA-256 là {found}, phải là {expected}. "
            "Không cung cấp bản này; hãy báo quản trị viên.",
            f"The stored object {key} has changed: its SHA-256 is {found}, not {expected}. "
            "It is not handed out; tell the administrator.",
        )


class QueryRejectedError(ArchiveError):
    """A search that we do not run."""

    code: ClassVar[str] = "search.query"


class CursorRejectedError(ArchiveError):
    """A page cursor that belongs to another search, or is none of ours."""

    code: ClassVar[str] = "search.cursor"

    def __init__(self) -> None:
        super().__init__(
            "Trang kết quả không còn đúng với câu tìm kiếm này. Hãy tìm lại từ đầu.",
            "That results page does not belong to this search. Start the search again.",
        )


class ExportRejectedError(ArchiveError):
    """The export folder cannot be used."""

    code: ClassVar[str] = "export.rejected"

    def __init__(self, folder: str) -> None:
        self.folder = folder
        super().__init__(
            f"Thư mục xuất {folder} đã có nội dung. Hãy chọn thư mục mới hoặc trống.",
            f"The export folder {folder} is not empty. Choose a new or empty one.",
        )


class NumberStateError(ArchiveError):
    """The number is in no state for what was asked: nothing was changed."""

    code: ClassVar[str] = "register.state"

    def __init__(self, number: str, state_vi: str, state_en: str) -> None:
        self.number = number
        super().__init__(
            f"Số {number} {state_vi}. Sổ đăng ký giữ nguyên.",
            f"Number {number} {state_en}. The register was left as it was.",
        )


class RebuildRefusedError(ArchiveError):
    """The objects alone do not explain themselves. The catalogue was left as it was."""

    code: ClassVar[str] = "rebuild.refused"

    def __init__(self, key: str, why: str) -> None:
        self.key = key
        super().__init__(
            f"Không dựng lại được danh mục: {key} không đọc được ({why}). Danh mục giữ nguyên.",
            f"The catalogue cannot be rebuilt: {key} is unusable ({why}). It was left as it was.",
        )
