"""Errors of people and of the flows.

    OfficeError
    ├── NotSignedInError           this needs an account, and nobody is signed in
    ├── WrongCredentialsError      no such account, or not its password: never said which
    ├── NotAllowedError            signed in, but the role does not allow it
    ├── TooManyAttemptsError       too often from one place (retryable)
    ├── AccountNotFoundError       there is no account of that name
    ├── AccountExistsError         the name is taken
    ├── AccountInvalidError        a name or password that we refuse to take in
    ├── UploadEmptyError           nothing came in
    ├── UploadTooLargeError        one byte above the limit, or more
    ├── UploadTooSlowError         it came in too slowly (retryable)
    ├── MetadataInvalidError       a metadata file or field that means nothing
    ├── RecordInvalidError         a record id or cursor that means nothing
    ├── RequestChangedError        an Idempotency-Key came back with another request
    ├── RequestRunningError        the request with that Idempotency-Key still runs (retryable)
    ├── NotIssuableError           a step of issuing whose condition is not met
    ├── FileUnusableError          a file of the caller's own cannot be read or written
    ├── AddressTakenError          the service cannot listen where it was told to
    ├── StorageFullError           the disk, or the quota, is full (retryable)
    └── DatabaseBusyError          the database is locked or away (retryable)

Every class carries a stable `code`, says whether trying again can help (`retryable`), and builds
one sentence that a clerk can read in each language (`vi`, `en`).
"""

from typing import ClassVar


class OfficeError(Exception):
    """What was asked could not be done, and the person can be told why."""

    code: ClassVar[str] = "office.error"
    retryable: ClassVar[bool] = False

    def __init__(self, vi: str, en: str) -> None:
        self.vi = vi
        self.en = en
        super().__init__(en)


class NotSignedInError(OfficeError):
    """An account is needed, and nobody is signed in."""

    code: ClassVar[str] = "person.not_signed_in"

    def __init__(self) -> None:
        super().__init__("Hãy đăng nhập để tiếp tục.", "Sign in to go on.")


class WrongCredentialsError(OfficeError):
    """No such account, or not its password. Which of the two is never said."""

    code: ClassVar[str] = "person.wrong_credentials"

    def __init__(self) -> None:
        super().__init__(
            "Tên đăng nhập hoặc mật khẩu không đúng.", "That name and password do not go together."
        )


class NotAllowedError(OfficeError):
    """Signed in, but the role does not allow it."""

    code: ClassVar[str] = "person.not_allowed"

    def __init__(self, what_vi: str, what_en: str) -> None:
        super().__init__(
            f"Vai trò của bạn không được phép {what_vi}.",
            f"Your role does not allow you to {what_en}.",
        )


class TooManyAttemptsError(OfficeError):
    """Too often from one place, or by one account."""

    code: ClassVar[str] = "too_many_attempts"
    retryable: ClassVar[bool] = True

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        """Seconds."""
        super().__init__(
            f"Quá nhiều yêu cầu. Hãy thử lại sau {retry_after} giây.",
            f"Too many requests. Try again in {retry_after} seconds.",
        )


class AccountNotFoundError(OfficeError):
    """There is no account of that name."""

    code: ClassVar[str] = "account.not_found"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Không có tài khoản «{name}».", f"There is no account “{name}”.")


class AccountExistsError(OfficeError):
    """The name is taken."""

    code: ClassVar[str] = "account.exists"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Tài khoản «{name}» đã có.", f"Account “{name}” exists already.")


class AccountInvalidError(OfficeError):
    """A name or password that we refuse to take in."""

    code: ClassVar[str] = "account.invalid"


class UploadEmptyError(OfficeError):
    """Nothing came in."""

    code: ClassVar[str] = "upload.empty"

    def __init__(self) -> None:
        super().__init__(
            "Chưa có tệp nào, hoặc tệp rỗng. Hãy chọn một tệp PDF.",
            "There is no file, or it is empty. Choose a PDF.",
        )


class UploadTooSlowError(OfficeError):
    """It came in too slowly to wait for. What came in was thrown away."""

    code: ClassVar[str] = "upload.too_slow"
    retryable: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__(
            "Đường truyền quá chậm hoặc bị ngắt quãng nên không nhận được tệp. Hãy thử lại.",
            "The connection was too slow or broke off, so the file was not received. Try again.",
        )


class UploadTooLargeError(OfficeError):
    """One byte above the limit, or more. What came in was thrown away."""

    code: ClassVar[str] = "upload.too_large"

    def __init__(self, limit: int) -> None:
        self.limit = limit
        """Bytes."""
        size = f"{limit / (1 << 20):g} MiB" if limit >= 1 << 20 else f"{limit:,} byte"
        super().__init__(
            f"Tệp lớn hơn giới hạn {size}. Tệp không được nhận.",
            f"The file is above the limit of {size}. It was not taken in.",
        )


class MetadataInvalidError(OfficeError):
    """A metadata file or field that means nothing."""

    code: ClassVar[str] = "metadata.invalid"

    def __init__(self, why_vi: str, why_en: str) -> None:
        super().__init__(
            f"Thông tin mô tả văn bản không hợp lệ: {why_vi}.",
            f"The document's metadata are not valid: {why_en}.",
        )


class RecordInvalidError(OfficeError):
    """A record id or cursor that means nothing."""

    code: ClassVar[str] = "record.invalid"


class RequestChangedError(OfficeError):
    """An Idempotency-Key came back with another request."""

    code: ClassVar[str] = "idempotency.changed"

    def __init__(self) -> None:
        super().__init__(
            "Idempotency-Key này đã dùng cho một yêu cầu khác. Không có gì được thực hiện.",
            "This Idempotency-Key was used for another request. Nothing was done.",
        )


class RequestRunningError(OfficeError):
    """The request with that Idempotency-Key still runs."""

    code: ClassVar[str] = "idempotency.running"
    retryable: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__(
            "Yêu cầu với Idempotency-Key này đang được thực hiện. Hãy hỏi lại sau ít giây.",
            "The request with this Idempotency-Key still runs. Ask again in a few seconds.",
        )


class AddressTakenError(OfficeError):
    """The service cannot listen where it was told to."""

    code: ClassVar[str] = "address.taken"

    def __init__(self, address: str, why: str) -> None:
        self.address = address
        super().__init__(
            f"Không mở được địa chỉ {address} ({why}). Hãy chọn cổng khác bằng --port.",
            f"Cannot listen on {address} ({why}). Choose another port with --port.",
        )


class StorageFullError(OfficeError):
    """The disk, or the quota, is full. Nothing half-written stays."""

    code: ClassVar[str] = "storage.full"
    retryable: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__(
            "Hết chỗ lưu trữ. Chưa có gì được ghi; hãy giải phóng dung lượng rồi thử lại.",
            "Storage is full. Nothing was written; free some space, then try again.",
        )


class DatabaseBusyError(OfficeError):
    """The database is locked, or does not answer. Nothing was written."""

    code: ClassVar[str] = "database.busy"
    retryable: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__(
            "Cơ sở dữ liệu đang bận hoặc không trả lời. Chưa có gì được ghi; hãy thử lại.",
            "The database is busy or does not answer. Nothing was written; try again.",
        )


class NotIssuableError(OfficeError):
    """A step of issuing whose condition is not met; the sentence says which."""

    code: ClassVar[str] = "issue.refused"


class FileUnusableError(OfficeError):
    """A file of the caller's own cannot be read or written."""

    code: ClassVar[str] = "file.unusable"

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        super().__init__(
            f"Không đọc hoặc ghi được tệp «{name}» ({why}).",
            f"The file “{name}” cannot be read or written ({why}).",
        )
