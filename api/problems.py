"""Turns the rooms' errors into RFC 9457 problems; the only place that knows an HTTP status.

1. Every class of the four error trees has its row; a test walks the trees and fails without one.
2. What is not in the table is our own fault: 500, one sentence, the details in the log only.
3. A problem says what happened in Vietnamese and English, whether trying again helps, and the id
   of its request. `type` is a stable URI; `title` is the same for every occurrence of it.
4. Errors of libraries that a clerk can do something about (a full disk, a locked database) are
   recognised by `known` wherever they were raised, and worded like our own.
"""

import errno
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from archive import errors as archive
from certs import errors as certs
from office import errors as office
from signer import errors as signer

RoomError = certs.CertsError | signer.SignerError | archive.ArchiveError | office.OfficeError
ROOTS = (
    certs.CertsError,
    signer.SignerError,
    archive.ArchiveError,
    office.OfficeError,
)

STATUS: dict[type[Exception], HTTPStatus] = {
    # -- certs
    certs.CertsError: HTTPStatus.INTERNAL_SERVER_ERROR,
    certs.IdentityNotFoundError: HTTPStatus.NOT_FOUND,
    certs.IdentityUnusableError: HTTPStatus.CONFLICT,
    certs.IdentityInvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certs.PinRequiredError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certs.WrongPinError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certs.AnchorInvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    certs.AnchorConflictError: HTTPStatus.CONFLICT,
    certs.AnchorNotFoundError: HTTPStatus.NOT_FOUND,
    certs.FetchRefusedError: HTTPStatus.BAD_GATEWAY,
    certs.FetchFailedError: HTTPStatus.BAD_GATEWAY,
    certs.TimestampRejectedError: HTTPStatus.BAD_GATEWAY,
    certs.TimestampUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    # -- signer
    signer.SignerError: HTTPStatus.INTERNAL_SERVER_ERROR,
    signer.PdfRejectedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    signer.LimitExceededError: HTTPStatus.UNPROCESSABLE_ENTITY,
    signer.SandboxError: HTTPStatus.SERVICE_UNAVAILABLE,
    signer.PlacementError: HTTPStatus.UNPROCESSABLE_ENTITY,
    signer.WouldBreakError: HTTPStatus.CONFLICT,
    signer.LevelNotReachedError: HTTPStatus.BAD_GATEWAY,
    signer.SelfCheckError: HTTPStatus.INTERNAL_SERVER_ERROR,
    # -- office
    office.OfficeError: HTTPStatus.INTERNAL_SERVER_ERROR,
    office.NotSignedInError: HTTPStatus.UNAUTHORIZED,
    office.WrongCredentialsError: HTTPStatus.UNAUTHORIZED,
    office.NotAllowedError: HTTPStatus.FORBIDDEN,
    office.TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
    office.AccountNotFoundError: HTTPStatus.NOT_FOUND,
    office.AccountExistsError: HTTPStatus.CONFLICT,
    office.AccountInvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    office.UploadEmptyError: HTTPStatus.UNPROCESSABLE_ENTITY,
    office.UploadTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    office.UploadTooSlowError: HTTPStatus.REQUEST_TIMEOUT,
    office.MetadataInvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    office.RecordInvalidError: HTTPStatus.UNPROCESSABLE_ENTITY,
    office.RequestChangedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    office.RequestRunningError: HTTPStatus.CONFLICT,
    office.NotIssuableError: HTTPStatus.CONFLICT,
    office.FileUnusableError: HTTPStatus.INTERNAL_SERVER_ERROR,  # over HTTP the files are ours
    office.AddressTakenError: HTTPStatus.SERVICE_UNAVAILABLE,
    office.StorageFullError: HTTPStatus.INSUFFICIENT_STORAGE,
    office.DatabaseBusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    # -- archive
    archive.ArchiveError: HTTPStatus.INTERNAL_SERVER_ERROR,
    archive.RecordNotFoundError: HTTPStatus.NOT_FOUND,
    archive.RecordNotReadyError: HTTPStatus.SERVICE_UNAVAILABLE,
    archive.SipRejectedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    archive.ObjectNotFoundError: HTTPStatus.INTERNAL_SERVER_ERROR,  # the catalogue says it is there
    archive.ImmutableObjectError: HTTPStatus.INTERNAL_SERVER_ERROR,
    archive.KeyRejectedError: HTTPStatus.INTERNAL_SERVER_ERROR,
    archive.StoreAddressError: HTTPStatus.INTERNAL_SERVER_ERROR,
    archive.StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    archive.StoreFullError: HTTPStatus.INSUFFICIENT_STORAGE,
    archive.ReadBackError: HTTPStatus.SERVICE_UNAVAILABLE,
    archive.CatalogueUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    archive.CatalogueBusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    archive.FixityError: HTTPStatus.INTERNAL_SERVER_ERROR,  # ours to repair; named, not handed out
    archive.QueryRejectedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    archive.CursorRejectedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    archive.ExportRejectedError: HTTPStatus.CONFLICT,
    archive.NumberStateError: HTTPStatus.CONFLICT,
    archive.RebuildRefusedError: HTTPStatus.CONFLICT,
}

TITLES: dict[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("Yêu cầu không đọc được", "The request cannot be read"),
    HTTPStatus.UNAUTHORIZED: ("Chưa đăng nhập", "Not signed in"),
    HTTPStatus.FORBIDDEN: ("Không được phép", "Not allowed"),
    HTTPStatus.NOT_FOUND: ("Không tìm thấy", "Not found"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("Không dùng được cách này ở đây", "Method not allowed"),
    HTTPStatus.REQUEST_TIMEOUT: ("Gửi quá chậm", "Sent too slowly"),
    HTTPStatus.CONFLICT: ("Chưa thực hiện được lúc này", "In conflict with the present state"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("Tệp quá lớn", "Too large"),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("Nội dung không hợp lệ", "Not valid"),
    HTTPStatus.TOO_MANY_REQUESTS: ("Quá nhiều yêu cầu", "Too many requests"),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("Lỗi của hệ thống", "Our own fault"),
    HTTPStatus.BAD_GATEWAY: ("Dịch vụ bên ngoài trả lời sai", "A remote service answered wrongly"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Tạm thời chưa phục vụ được", "Temporarily unavailable"),
    HTTPStatus.INSUFFICIENT_STORAGE: ("Hết chỗ lưu trữ", "Storage is full"),
}

MEDIA_TYPE = "application/problem+json"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is told to whoever asked."""

    status: HTTPStatus
    code: str
    vi: str
    en: str
    retryable: bool = False
    retry_after: int | None = None
    """Seconds."""

    def body(self, *, instance: str, request_id: str, language: str = "vi") -> dict[str, Any]:
        """Return the problem document; `title` and `detail` in `language`, both beside."""
        title = TITLES.get(self.status, (self.status.phrase, self.status.phrase))
        english = language == "en"
        return {
            "type": f"urn:antin:problem:{self.code}",
            "title": title[english],
            "status": int(self.status),
            "detail": self.en if english else self.vi,
            "instance": instance,
            "code": self.code,
            "title_vi": title[0],
            "title_en": title[1],
            "detail_vi": self.vi,
            "detail_en": self.en,
            "retryable": self.retryable,
            "request_id": request_id,
        }


def own_fault(request_id: str) -> Problem:
    """Return what is said when the fault is ours (rule 2)."""
    return Problem(
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        code="internal",
        vi=f"Hệ thống gặp lỗi. Hãy báo cho người quản trị mã yêu cầu {request_id}.",
        en=f"The system failed. Tell the administrator the request id {request_id}.",
        retryable=True,
    )


def problem_of(error: BaseException) -> Problem | None:
    """Return the problem that `error` is, or `None` when it is our own fault."""
    room = known(error)
    if room is None:
        return None
    status = next(STATUS[cls] for cls in type(room).__mro__ if cls in STATUS)
    return Problem(
        status=status,
        code=room.code,
        vi=room.vi,
        en=room.en,
        retryable=room.retryable,
        retry_after=getattr(room, "retry_after", 5 if room.retryable else None),
    )


def known(error: BaseException) -> RoomError | None:
    """Return `error` as one of the rooms' own, if it is one or stands for one (rule 4)."""
    if isinstance(error, ROOTS):
        if error.code in UNNAMED and any(_is_full(e) for e in _chain(error)):
            return office.StorageFullError()
        return error
    for cause in _chain(error):
        if isinstance(cause, ROOTS):
            return cause
        if _is_full(cause):
            return office.StorageFullError()
        if _is_database(cause):
            return office.DatabaseBusyError()
    return None


UNNAMED = frozenset(
    {"archive.error", "signer.error", "certs.error", "office.error", "catalogue.unavailable"}
)
"""Codes that say no more than where: a full disk behind them is the better word."""


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        seen.add(id(step))
        yield step
        step = step.__cause__ or step.__context__


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in FULL
    return _is_database(error) and "full" in str(getattr(error, "orig", ""))


def _is_database(error: BaseException) -> bool:
    # Looked up, not imported: the command line's verify never loads SQLAlchemy.
    exc = sys.modules.get("sqlalchemy.exc")
    return exc is not None and isinstance(error, (exc.OperationalError, exc.TimeoutError))
