"""Errors of identities, trust and time.

    CertsError
    ├── IdentityNotFoundError       no signing identity has that id
    ├── IdentityUnusableError       it exists but may not sign now (expired, retired, no key)
    ├── IdentityInvalidError        a key or certificate that we refuse to take in
    ├── PinRequiredError            the key is protected and no PIN was given
    ├── WrongPinError               the PIN does not open the key
    ├── AnchorInvalidError          a trust anchor file that holds no usable certificate
    ├── AnchorConflictError         a certificate with a known authority's name, not its fingerprint
    ├── AnchorNotFoundError         nothing of that fingerprint was added
    ├── FetchRefusedError           the guarded fetcher will not connect there, by rule
    ├── FetchFailedError            the far end did not answer as it should (retryable)
    ├── TimestampRejectedError      a token came back that does not hold up
    └── TimestampUnavailableError   no time-stamping authority answered (retryable)

A certificate that is revoked, expired or unknown is never an error: it is part of a report.
Every class carries a stable `code`, says whether trying again can help (`retryable`), and builds
one sentence that a clerk can read in each language (`vi`, `en`).
"""

from typing import ClassVar


class CertsError(Exception):
    """Something about keys, certificates, trust or time could not be done."""

    code: ClassVar[str] = "certs.error"
    retryable: ClassVar[bool] = False

    def __init__(self, vi: str, en: str) -> None:
        self.vi = vi
        self.en = en
        super().__init__(en)


class IdentityNotFoundError(CertsError):
    """No signing identity has that id."""

    code: ClassVar[str] = "identity.not_found"

    def __init__(self, identity_id: str) -> None:
        self.identity_id = identity_id
        super().__init__(
            f"Không có danh tính ký số «{identity_id}». Xem danh sách: ./antin identity list.",
            f"There is no signing identity “{identity_id}”. List them with ./antin identity list.",
        )


class IdentityUnusableError(CertsError):
    """The identity exists but may not sign now."""

    code: ClassVar[str] = "identity.unusable"

    def __init__(self, identity_id: str, why_vi: str, why_en: str) -> None:
        self.identity_id = identity_id
        super().__init__(
            f"Danh tính «{identity_id}» hiện không ký được: {why_vi}.",
            f"Identity “{identity_id}” cannot sign now: {why_en}.",
        )


class IdentityInvalidError(CertsError):
    """A key or certificate that we refuse to take in."""

    code: ClassVar[str] = "identity.invalid"


class PinRequiredError(CertsError):
    """The key is protected by a PIN and none was given."""

    code: ClassVar[str] = "pin.required"

    def __init__(self, identity_id: str) -> None:
        self.identity_id = identity_id
        super().__init__(
            f"Danh tính «{identity_id}» cần mã PIN (--pin-file hoặc ô mã PIN).",
            f"Identity “{identity_id}” needs its PIN (--pin-file, or the PIN box).",
        )


class WrongPinError(CertsError):
    """The PIN does not open the key. Nothing was signed."""

    code: ClassVar[str] = "pin.wrong"

    def __init__(self, identity_id: str) -> None:
        self.identity_id = identity_id
        super().__init__(
            f"Mã PIN của «{identity_id}» không đúng. Chưa có gì được ký.",
            f"That is not the PIN of “{identity_id}”. Nothing was signed.",
        )


class AnchorInvalidError(CertsError):
    """A trust anchor file that holds no usable certificate."""

    code: ClassVar[str] = "anchor.invalid"

    def __init__(self, source: str, why: str) -> None:
        self.source = source
        super().__init__(
            f"Không đọc được chứng thư tin cậy từ {source}: {why}. Cần tệp PEM hoặc DER.",
            f"No trusted certificate could be read from {source}: {why}. Give a PEM or DER file.",
        )


class AnchorConflictError(CertsError):
    """A certificate with the name of a known authority, but not its fingerprint."""

    code: ClassVar[str] = "anchor.conflict"

    def __init__(self, name: str, sha256: str, listed: tuple[str, ...], dated: str) -> None:
        self.name = name
        self.sha256 = sha256
        self.listed = listed
        """Fingerprints that the list has under that name."""
        known = ", ".join(listed)
        super().__init__(
            f"CẢNH BÁO: KHÔNG THÊM. Chứng thư này mang tên «{name}» của một cơ quan chứng thực đã "
            f"biết, nhưng vân tay khác hẳn: tệp là {sha256}, danh sách ngày {dated} ghi {known}. "
            "Có thể là chứng thư GIẢ, hoặc là thế hệ mới. Hãy đối chiếu vân tay với cơ quan chứng "
            "thực qua kênh khác (văn bản, điện thoại); chỉ khi đúng mới thêm bằng "
            "--force --checked-by «người đã đối chiếu».",
            f"WARNING: NOT ADDED. This certificate bears the name “{name}” of an authority that is "
            f"known, but quite another fingerprint: the file has {sha256}, the list of {dated} "
            f"says {known}. It may be a FORGERY, or a newer generation. Compare the fingerprint "
            "with the authority through another channel (letter, telephone); only if it holds, add "
            "it with --force --checked-by “who compared”.",
        )


class AnchorNotFoundError(CertsError):
    """Nothing of that fingerprint was added, or several things begin like it."""

    code: ClassVar[str] = "anchor.not_found"

    def __init__(self, wanted: str, found: int) -> None:
        self.wanted = wanted
        how_many_vi = "không có chứng thư nào" if not found else f"có {found} chứng thư"
        how_many_en = "no certificate matches" if not found else f"{found} certificates match"
        super().__init__(
            f"Trong danh sách tin cậy {how_many_vi} ứng với «{wanted}». "
            "Xem danh sách: ./antin trust list.",
            f"Among those trusted, {how_many_en} “{wanted}”. List them with ./antin trust list.",
        )


class FetchRefusedError(CertsError):
    """The guarded fetcher will not connect there, by rule; see `certs.fetch` for the rules."""

    code: ClassVar[str] = "fetch.refused"

    def __init__(self, url: str, why: str) -> None:
        self.url = url
        super().__init__(
            f"Không được phép kết nối tới {url}: {why}.",
            f"Connecting to {url} is not allowed: {why}.",
        )


class FetchFailedError(CertsError):
    """The far end did not answer as it should, within the limits."""

    code: ClassVar[str] = "fetch.failed"
    retryable: ClassVar[bool] = True

    def __init__(self, url: str, why: str, received: int = 0) -> None:
        self.url = url
        self.received = received
        """Bytes of the body that arrived before it failed; a budget counts them."""
        super().__init__(
            f"{url} không trả lời đúng: {why}. Thử lại sau.",
            f"{url} did not answer as it should: {why}. Try again later.",
        )


class TimestampRejectedError(CertsError):
    """A token came back that does not hold up; it is not used."""

    code: ClassVar[str] = "timestamp.rejected"

    def __init__(self, authority: str, why: str) -> None:
        self.authority = authority
        super().__init__(
            f"Dấu thời gian do {authority} trả về không hợp lệ: {why}.",
            f"The time-stamp returned by {authority} does not hold up: {why}.",
        )


class TimestampUnavailableError(CertsError):
    """No time-stamping authority gave a usable token."""

    code: ClassVar[str] = "timestamp.unavailable"
    retryable: ClassVar[bool] = True

    def __init__(self, tried: tuple[str, ...]) -> None:
        self.tried = tried
        names = ", ".join(tried) or "—"
        super().__init__(
            f"Không lấy được dấu thời gian (đã thử: {names}). Văn bản chưa được ký; hãy thử lại.",
            f"No time-stamp could be had (tried: {names}). The document was not signed; try again.",
        )
