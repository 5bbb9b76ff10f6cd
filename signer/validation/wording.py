# ruff: noqa: E501 - one sentence is one line
"""Every reason that a report can give, in plain words, with what to do about it.

1. A reason has a stable code, one sentence and one remedy in Vietnamese, the same in English. The
   sentences are for a clerk: no abbreviation of the trade, no English word in the Vietnamese.
2. Facts are put in by name; `{at}` becomes the field's name, as in "chữ ký «…»", where one is
   known and nothing otherwise; `{detail}` may differ by language.
3. Nothing else in this project words a reason. `docs/reference/reasons.md` is this list; a test
   keeps them equal.
4. `severity` says what the reason does: `fault` decides against the file or signature, `doubt`
   leaves it open, `warning` asks a person to look though the verdict stands, `note` only informs.
"""

from dataclasses import dataclass
from typing import Literal

from signer.validation.report import Reason


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of one reason."""

    severity: Literal["fault", "doubt", "warning", "note"]
    vi: str
    en: str
    remedy_vi: str
    remedy_en: str


_AGAIN_VI = "Xin cơ quan phát hành gửi lại bản gốc."
_AGAIN_EN = "Ask the issuing agency for the original file again."
_DO_NOT_VI = "Không sử dụng văn bản này; xin cơ quan phát hành gửi lại bản gốc."
_DO_NOT_EN = "Do not rely on this document; ask the issuing agency for the original."
_NONE_VI = "Không cần làm gì."
_NONE_EN = "Nothing needs to be done."
_TRUST_VI = "Nếu cơ quan này đáng tin, quản trị viên thêm chứng thư gốc của họ vào danh sách tin cậy sau khi đối chiếu vân tay."
_TRUST_EN = "If the authority is trustworthy, an administrator adds its root certificate after comparing the fingerprint."

WORDINGS: dict[str, Wording] = {
    # -- the file
    "file.not_pdf": Wording(
        "fault",
        "Tệp này không phải là PDF.",
        "This file is not a PDF.",
        "Chọn đúng tệp PDF; nếu tệp được gửi đến, " + _AGAIN_VI[0].lower() + _AGAIN_VI[1:],
        "Choose the PDF file; if it was sent to you, ask the sender for it again.",
    ),
    "file.damaged": Wording(
        "fault",
        "Tệp PDF bị hỏng, không đọc được ({detail}).",
        "The PDF is damaged and cannot be read ({detail}).",
        _AGAIN_VI,
        _AGAIN_EN,
    ),
    "file.limit": Wording(
        "fault",
        "Tệp vượt quá giới hạn xử lý an toàn ({detail}).",
        "The file goes beyond what can be processed safely ({detail}).",
        "Xin bản gốc gọn hơn; nếu tệp là thật, hãy báo quản trị viên.",
        "Ask for a leaner original; if the file is genuine, tell the administrator.",
    ),
    "file.fault": Wording(
        "fault",
        "Hệ thống gặp lỗi khi đọc tệp này; chưa kết luận được gì về văn bản.",
        "Our own software failed while reading this file; nothing is known about the document.",
        "Kiểm tra lại; nếu lỗi lặp lại, báo quản trị viên kèm tệp này.",
        "Check again; if it fails again, tell the administrator, with this file.",
    ),
    "file.encrypted": Wording(
        "doubt",
        "Tệp được mã hóa bằng mật khẩu nên không kiểm tra được.",
        "The file is encrypted with a password and cannot be checked.",
        "Xin bản không đặt mật khẩu.",
        "Ask for a copy without a password.",
    ),
    "file.too_large": Wording(
        "fault",
        "Tệp lớn hơn mức cho phép ({detail}).",
        "The file is larger than allowed ({detail}).",
        "Xin bản có dung lượng nhỏ hơn.",
        "Ask for a smaller copy.",
    ),
    # -- no signature
    "signature.none": Wording(
        "doubt",
        "Văn bản không có chữ ký số nào.",
        "The document bears no digital signature.",
        "Nếu văn bản phải có chữ ký số, xin bản gốc đã ký; bản scan hoặc bản in lại không giữ được chữ ký.",
        "If it should be signed, ask for the signed original; a scan or a reprint keeps no signature.",
    ),
    "signature.removed": Wording(
        "doubt",
        "Văn bản từng có chữ ký số nhưng chữ ký đã bị gỡ.",
        "The document once bore a digital signature, which has been removed.",
        "Bản này không còn giá trị chữ ký; xin bản gốc đã ký.",
        "This copy proves nothing; ask for the signed original.",
    ),
    "signature.prepared": Wording(
        "doubt",
        "Ô chữ ký{at} đã được chuẩn bị nhưng chưa ký.",
        "A signature{at} was prepared but never made.",
        "Chờ người ký hoàn tất, hoặc xin bản đã ký xong.",
        "Wait for the signer to finish, or ask for the finished copy.",
    ),
    # -- integrity of one signature
    "digest.mismatch": Wording(
        "fault",
        "Nội dung mà chữ ký{at} bảo vệ đã bị sửa sau khi ký.",
        "The content that the signature{at} protects was altered after signing.",
        _DO_NOT_VI,
        _DO_NOT_EN,
    ),
    "signature.invalid": Wording(
        "fault",
        "Giá trị chữ ký{at} không khớp với chứng thư: chữ ký bị làm giả hoặc bị hỏng.",
        "The value of the signature{at} does not match the certificate: forged or damaged.",
        _DO_NOT_VI,
        _DO_NOT_EN,
    ),
    "signature.forbidden_pairing": Wording(
        "fault",
        "Chữ ký{at} ghép thuật toán băm và khóa mà tiêu chuẩn cấm.",
        "The signature{at} pairs a digest and a key that the standard forbids.",
        _DO_NOT_VI,
        _DO_NOT_EN,
    ),
    "signature.malformed": Wording(
        "fault",
        "Cấu trúc của chữ ký{at} bị sai ({detail}): có thể đã bị can thiệp.",
        "The structure of the signature{at} is wrong ({detail}): it may have been tampered with.",
        _DO_NOT_VI,
        _DO_NOT_EN,
    ),
    "signature.orphan": Wording(
        "fault",
        "Có chữ ký{at} nằm ngoài biểu mẫu: đã bị giấu hoặc bị gỡ không hết.",
        "There is a signature{at} outside the form: hidden, or incompletely removed.",
        _DO_NOT_VI,
        _DO_NOT_EN,
    ),
    "signature.unsupported": Wording(
        "doubt",
        "Chữ ký{at} dùng định dạng hoặc thuật toán mà hệ thống chưa hỗ trợ ({detail}).",
        "The signature{at} uses a format or algorithm that is not supported here ({detail}).",
        "Kiểm tra bằng phần mềm của bên ký, hoặc xin bản ký theo chuẩn PAdES.",
        "Check it with the signer's own software, or ask for a PAdES signature.",
    ),
    "signature.encoding": Wording(
        "doubt",
        "Chữ ký{at} được mã hóa theo cách mà các phần mềm hiểu khác nhau.",
        "The signature{at} is encoded in a way that software disagrees about.",
        "Xin cơ quan phát hành ký lại.",
        "Ask the issuer to sign again.",
    ),
    "signature.no_certificate": Wording(
        "doubt",
        "Chữ ký{at} không kèm chứng thư của người ký nên không kiểm tra được.",
        "The signature{at} carries no certificate of its signer and cannot be checked.",
        "Xin chứng thư của người ký, hoặc bản ký đầy đủ.",
        "Obtain the signer's certificate, or a completely signed copy.",
    ),
    # -- changes
    "change.forbidden": Wording(
        "fault",
        "Sau chữ ký{at} văn bản đã bị thay đổi ngoài phạm vi cho phép: {detail}.",
        "After the signature{at} the document was changed beyond what it permits: {detail}.",
        _DO_NOT_VI,
        _DO_NOT_EN,
    ),
    "change.undecided": Wording(
        "doubt",
        "Có thay đổi sau chữ ký{at} mà hệ thống không kết luận được: {detail}.",
        "There are changes after the signature{at} that cannot be judged: {detail}.",
        "Xin bản gốc, hoặc kiểm tra thêm bằng phần mềm khác.",
        "Ask for the original, or check with other software as well.",
    ),
    "change.permitted": Wording(
        "note",
        "Sau chữ ký{at} có bổ sung hợp lệ: {detail}.",
        "After the signature{at} there are permitted additions: {detail}.",
        _NONE_VI,
        _NONE_EN,
    ),
    "picture.differs": Wording(
        "fault",
        "Trang hiện nay trông khác lúc ký chữ ký{at}, ngoài những chỗ được phép thay đổi (trang {detail}).",
        "Pages look different from what the signature{at} signed, outside the places that may change (page {detail}).",
        _DO_NOT_VI,
        _DO_NOT_EN,
    ),
    "picture.doubt": Wording(
        "doubt",
        "Trang hiện nay trông hơi khác lúc ký chữ ký{at} mà hệ thống không giải thích được (trang {detail}).",
        "Pages look slightly different from what the signature{at} signed, for no reason found (page {detail}).",
        "So sánh trang đã ký với trang hiện nay; nếu nghi ngờ, xin bản gốc.",
        "Compare the signed page with the current one; in doubt, ask for the original.",
    ),
    "picture.covers": Wording(
        "doubt",
        "Phần thêm vào sau chữ ký{at} che mất nội dung của trang đã ký (trang {detail}).",
        "What was added after the signature{at} hides content of the signed page (page {detail}).",
        "So sánh trang đã ký với trang hiện nay; nếu nội dung bị che là quan trọng, xin bản gốc.",
        "Compare the signed page with the current one; if what is hidden matters, ask for the original.",
    ),
    "bytes.uncovered": Wording(
        "fault",
        "Tệp có dữ liệu không thuộc bất kỳ phiên bản đã đọc nào ({detail}): có thể là nội dung chèn thêm.",
        "The file holds data that belongs to no revision ({detail}): possibly content slipped in.",
        _DO_NOT_VI,
        _DO_NOT_EN,
    ),
    "parsers.disagree": Wording(
        "doubt",
        "Hai bộ đọc PDF hiểu tệp này khác nhau ({detail}): người đọc có thể thấy nội dung khác nhau.",
        "Two PDF readers understand this file differently ({detail}): people may see different content.",
        _AGAIN_VI,
        _AGAIN_EN,
    ),
    # -- trust, EN 319 102-1
    "chain.not_found": Wording(
        "doubt",
        "Chưa có đường dẫn tin cậy tới chứng thư của chữ ký{at}: không rõ ai cấp ({detail}).",
        "No trusted path leads to the certificate of the signature{at}: its issuer is unknown ({detail}).",
        _TRUST_VI,
        _TRUST_EN,
    ),
    "chain.failure": Wording(
        "doubt",
        "Chuỗi chứng thư của chữ ký{at} không hợp lệ ({detail}).",
        "The certificate chain of the signature{at} does not hold ({detail}).",
        "Hỏi tổ chức cấp chứng thư.",
        "Ask the certification authority.",
    ),
    "chain.constraints": Wording(
        "doubt",
        "Chứng thư của chữ ký{at} không được cấp cho mục đích này ({detail}).",
        "The certificate of the signature{at} was not issued for this purpose ({detail}).",
        "Hỏi người ký có dùng đúng chứng thư ký số không.",
        "Ask the signer whether the right certificate was used.",
    ),
    "certificate.revoked": Wording(
        "fault",
        "Chứng thư của chữ ký{at} đã bị thu hồi trước khi ký.",
        "The certificate of the signature{at} had been revoked before signing.",
        _DO_NOT_VI,
        _DO_NOT_EN,
    ),
    "certificate.revoked_no_poe": Wording(
        "doubt",
        "Chứng thư của chữ ký{at} đã bị thu hồi, và không chứng minh được chữ ký có trước khi thu hồi.",
        "The certificate of the signature{at} is revoked, and nothing proves that the signature is older.",
        "Hỏi cơ quan phát hành; nếu cần, xin văn bản ký lại.",
        "Ask the issuing agency; if needed, ask for a new signature.",
    ),
    "certificate.expired": Wording(
        "doubt",
        "Chứng thư của chữ ký{at} đã hết hạn, và không có dấu thời gian chứng minh chữ ký có trước đó.",
        "The certificate of the signature{at} has expired, and no time-stamp proves that the signature is older.",
        "Xin văn bản ký lại, hoặc bản có dấu thời gian (gia hạn).",
        "Ask for a new signature, or for a copy with a time-stamp (renewal).",
    ),
    "certificate.expired_before": Wording(
        "fault",
        "Chứng thư của chữ ký{at} đã hết hạn trước khi ký.",
        "The certificate of the signature{at} had expired before it signed.",
        _DO_NOT_VI,
        _DO_NOT_EN,
    ),
    "certificate.not_yet_valid": Wording(
        "fault",
        "Chứng thư của chữ ký{at} chưa có hiệu lực khi ký.",
        "The certificate of the signature{at} was not yet valid when it signed.",
        _DO_NOT_VI,
        _DO_NOT_EN,
    ),
    "revocation.missing": Wording(
        "doubt",
        "Chưa có bằng chứng chứng thư của chữ ký{at} chưa bị thu hồi.",
        "There is no evidence that the certificate of the signature{at} was not revoked.",
        "Kiểm tra lại khi có mạng, để lấy danh sách thu hồi.",
        "Check again with a network connection, so that revocation lists can be fetched.",
    ),
    "revocation.out_of_bounds": Wording(
        "doubt",
        "Bằng chứng thu hồi của chữ ký{at} không đúng thời điểm cần chứng minh.",
        "The revocation evidence of the signature{at} does not speak of the time in question.",
        "Kiểm tra lại khi có mạng, hoặc gia hạn văn bản.",
        "Check again with a network connection, or renew the document.",
    ),
    "algorithm.weak": Wording(
        "doubt",
        "Chữ ký{at}, hoặc một chứng thư trên đường dẫn tin cậy của chữ ký đó, dùng thuật toán hoặc khóa không còn đủ an toàn ({detail}).",
        "The signature{at}, or a certificate on its path of trust, uses an algorithm or key that is no longer safe ({detail}).",
        "Xin văn bản ký lại bằng thuật toán hiện hành; nếu chỉ chứng thư của cơ quan chứng thực đã cũ, quản trị viên tin cậy trực tiếp cơ quan cấp chứng thư sau khi đối chiếu vân tay.",
        "Ask for a signature with a current algorithm; if only an authority's certificate is outdated, an administrator trusts the issuing authority itself after comparing its fingerprint.",
    ),
    "algorithm.legacy": Wording(
        "note",
        "Chữ ký{at} dùng thuật toán sắp hết thời hạn sử dụng ({detail}).",
        "The signature{at} uses an algorithm that is near the end of its life ({detail}).",
        "Gia hạn bằng dấu thời gian mới trước thời hạn đó.",
        "Renew it with a new time-stamp before then.",
    ),
    "timestamp.invalid": Wording(
        "doubt",
        "Dấu thời gian của chữ ký{at} không dùng được ({detail}); thời điểm ký chỉ là lời khai của người ký.",
        "The time-stamp of the signature{at} does not hold ({detail}); the time is only what the signer claims.",
        "Hỏi cơ quan phát hành; xin bản có dấu thời gian dùng được.",
        "Ask the issuing agency for a copy with a time-stamp that holds.",
    ),
    "timestamp.untrusted": Wording(
        "doubt",
        "Dấu thời gian của chữ ký{at} do một tổ chức chưa được tin cậy cấp ({detail}); thời điểm ký chỉ là lời khai của người ký.",
        "The time-stamp of the signature{at} comes from an authority that is not trusted here ({detail}); the time is only what the signer claims.",
        "Nếu tổ chức này đáng tin, quản trị viên thêm chứng thư gốc của họ vào danh sách tin cậy cho dấu thời gian.",
        "If the authority is trustworthy, an administrator adds its root certificate to those trusted for time-stamps.",
    ),
    "timestamp.order": Wording(
        "doubt",
        "Các dấu thời gian của chữ ký{at} mâu thuẫn về thứ tự.",
        "The time-stamps of the signature{at} contradict one another.",
        "Hỏi cơ quan phát hành.",
        "Ask the issuing agency.",
    ),
    "time.unproven": Wording(
        "note",
        "Thời điểm của chữ ký{at} là lời khai của người ký, chưa được chứng minh bằng dấu thời gian.",
        "The time of the signature{at} is the signer's claim; no time-stamp proves it.",
        _NONE_VI,
        _NONE_EN,
    ),
    "time.local_as_utc": Wording(
        "note",
        "Giờ của chữ ký{at} ghi sai múi giờ (giờ Việt Nam ghi như giờ quốc tế, lệch 7 tiếng): lỗi quen thuộc của phần mềm ký, không ảnh hưởng giá trị.",
        "The time of the signature{at} is local time marked as UTC (7 hours off): a known slip of signing software, without effect.",
        _NONE_VI,
        _NONE_EN,
    ),
    "renewal.needed": Wording(
        "doubt",
        "Không còn bằng chứng nào của chữ ký{at} kiểm tra được ở thời điểm này ({detail}).",
        "Nothing of the evidence for the signature{at} can be checked at this time any more ({detail}).",
        "Cần gia hạn: bổ sung dấu thời gian mới, hoặc dùng bằng chứng của kho lưu trữ.",
        "Renewal (gia hạn) is needed: add a new time-stamp, or use the archive's proof of existence.",
    ),
    "signature.constraints": Wording(
        "doubt",
        "Chữ ký{at} không đáp ứng yêu cầu của chuẩn ({detail}).",
        "The signature{at} does not meet what the standard requires ({detail}).",
        "Hỏi người ký về phần mềm ký đã dùng.",
        "Ask the signer which software was used.",
    ),
    "signature.policy": Wording(
        "doubt",
        "Chữ ký{at} viện dẫn một chính sách ký mà hệ thống không có.",
        "The signature{at} refers to a signature policy that is not available here.",
        "Kiểm tra bằng phần mềm của bên ban hành chính sách.",
        "Check with the software of whoever issued the policy.",
    ),
    "validation.indeterminate": Wording(
        "doubt",
        "Chưa đủ thông tin để kết luận về chữ ký{at} ({detail}).",
        "There is not enough information to conclude about the signature{at} ({detail}).",
        "Kiểm tra lại sau, hoặc hỏi cơ quan phát hành.",
        "Check again later, or ask the issuing agency.",
    ),
    "validation.failed": Wording(
        "doubt",
        "Hệ thống không kiểm tra hết được chữ ký{at} ({detail}).",
        "The signature{at} could not be checked to the end ({detail}).",
        "Báo quản trị viên kèm tệp này.",
        "Tell the administrator, with this file.",
    ),
    # -- content
    "content.overlap": Wording(
        "doubt",
        "Nhiều trang có chú thích chồng lên nhau (trang {detail}): có thể che nội dung.",
        "Annotations lie over one another on many pages ({detail}): content may be hidden.",
        "Xem kỹ các trang này; nếu nghi ngờ, xin bản gốc.",
        "Look at these pages closely; in doubt, ask for the original.",
    ),
    "content.active": Wording(
        "warning",
        "Văn bản chứa nội dung động hoặc ẩn: {detail}.",
        "The document holds active or hidden content: {detail}.",
        "Cẩn trọng khi mở; văn bản hành chính không cần những thứ này.",
        "Open it with care; official documents need none of this.",
    ),
    # -- what the page says beside what the signature says (design.md §4 rule 9)
    "paper.signer_mismatch": Wording(
        "warning",
        "Tên người ký in trên văn bản khác tên trong chữ ký{at}: {detail}.",
        "The signer printed on the page is not the one of the signature{at}: {detail}.",
        "Hỏi cơ quan phát hành ai đã ký văn bản này, trước khi xử lý.",
        "Ask the issuing agency who signed this document before acting on it.",
    ),
    "paper.agency_mismatch": Wording(
        "warning",
        "Cơ quan ban hành in trên văn bản khác cơ quan trong chữ ký{at}: {detail}.",
        "The agency printed on the page is not the one of the signature{at}: {detail}.",
        "Hỏi cơ quan có tên trên văn bản xem họ có ban hành văn bản này không.",
        "Ask the agency named on the page whether it issued this document.",
    ),
    "paper.date_after": Wording(
        "warning",
        "Ngày in trên văn bản muộn hơn thời điểm được chứng minh của chữ ký{at}: {detail}.",
        "The date on the page is later than the proven time of the signature{at}: {detail}.",
        "Hỏi cơ quan phát hành ngày ban hành đúng của văn bản.",
        "Ask the issuing agency for the right date of issue.",
    ),
    "paper.date_after_claimed": Wording(
        "warning",
        "Ngày in trên văn bản muộn hơn giờ ký mà người ký tự khai{at}: {detail}.",
        "The date on the page is later than the time that the signer claims{at}: {detail}.",
        "Hỏi cơ quan phát hành ngày ban hành đúng của văn bản.",
        "Ask the issuing agency for the right date of issue.",
    ),
    "paper.number_mismatch": Wording(
        "warning",
        "Số văn bản in trên phụ lục khác số ghi trong chữ ký{at}: {detail}.",
        "The number printed on the annex is not the one of the signature{at}: {detail}.",
        "Kiểm tra phụ lục này có đúng là của văn bản đó không.",
        "Check that the annex belongs to that document.",
    ),
}


def reason(
    code: str, field: str | None = None, *, detail: str = "", detail_en: str | None = None
) -> Reason:
    """Return the reason `code`, worded for `field` with `detail` (in English `detail_en`, if given).

    Raises:
        KeyError: no such code. That is a slip in the code, never in a document.

    """
    w = WORDINGS[code]
    in_english = detail if detail_en is None else detail_en

    if detail in _IN_WORDS:
        detail, in_english = _IN_WORDS[detail]

    def say(sentence: str, at: str, facts: str) -> str:
        said = sentence.replace("{at}", at).replace("{detail}", facts)
        return said.replace(" ()", "").replace("  ", " ")

    vi_at, en_at = (f" «{field}»", f" “{field}”") if field else ("", "")
    return Reason(
        code=code,
        vi=say(w.vi, vi_at, detail),
        en=say(w.en, en_at, in_english),
        remedy_vi=say(w.remedy_vi, vi_at, detail),
        remedy_en=say(w.remedy_en, en_at, in_english),
        field_name=field,
    )


_IN_WORDS = {
    "NO_CERTIFICATE_CHAIN_FOUND": ("chưa có đường dẫn tin cậy", "no trusted path"),
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": ("lỗi đường dẫn chứng thư", "the path fails"),
    "CHAIN_CONSTRAINTS_FAILURE": (
        "đường dẫn chứng thư trái quy định",
        "the path breaks its own constraints",
    ),
    "SIG_CONSTRAINTS_FAILURE": ("trái quy định về chữ ký", "against the rules for signatures"),
    "NO_SIGNING_CERTIFICATE_FOUND": ("thiếu chứng thư", "its certificate is missing"),
    "CRYPTO_CONSTRAINTS_FAILURE": ("thuật toán yếu", "a weak algorithm"),
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": (
        "thuật toán yếu, không có bằng chứng thời điểm",
        "a weak algorithm, and no proof of the time",
    ),
    "HASH_FAILURE": ("nội dung không khớp", "its digest does not match"),
    "SIG_CRYPTO_FAILURE": ("giá trị chữ ký sai", "its signature value is wrong"),
    "FORMAT_FAILURE": ("sai định dạng", "a wrong format"),
    "REVOKED": ("chứng thư đã bị thu hồi", "its certificate was revoked"),
    "REVOKED_NO_POE": ("chứng thư đã bị thu hồi", "its certificate was revoked"),
    "REVOKED_CA_NO_POE": ("chứng thư cơ quan cấp đã bị thu hồi", "its issuer was revoked"),
    "EXPIRED": ("chứng thư hết hạn", "its certificate had expired"),
    "OUT_OF_BOUNDS_NO_POE": ("chứng thư hết hạn", "its certificate has expired"),
    "OUT_OF_BOUNDS_NOT_REVOKED": ("chứng thư hết hạn", "its certificate has expired"),
    "NOT_YET_VALID": ("chứng thư chưa có hiệu lực", "its certificate was not yet valid"),
    "REVOCATION_OUT_OF_BOUNDS_NO_POE": (
        "thông tin thu hồi do chứng thư hết hạn ký",
        "revocation data by an expired authority",
    ),
    "TRY_LATER": ("chưa có thông tin thu hồi", "no revocation data yet"),
    "NO_POE": ("không có bằng chứng thời điểm", "no proof of the time"),
    "TIMESTAMP_ORDER_FAILURE": ("mâu thuẫn thứ tự thời gian", "contradictory times"),
}
"""The standard's words as a clerk reads them; the words themselves stand in the report's fields."""
_BY_SUB_INDICATION = {
    "NO_CERTIFICATE_CHAIN_FOUND": "chain.not_found",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": "chain.failure",
    "CHAIN_CONSTRAINTS_FAILURE": "chain.constraints",
    "SIG_CONSTRAINTS_FAILURE": "signature.constraints",
    "NO_SIGNING_CERTIFICATE_FOUND": "signature.no_certificate",
    "CRYPTO_CONSTRAINTS_FAILURE": "algorithm.weak",
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": "algorithm.weak",
    "REVOKED": "certificate.revoked",
    "REVOKED_NO_POE": "certificate.revoked_no_poe",
    "REVOKED_CA_NO_POE": "certificate.revoked_no_poe",
    "EXPIRED": "certificate.expired_before",
    "OUT_OF_BOUNDS_NO_POE": "certificate.expired",
    "OUT_OF_BOUNDS_NOT_REVOKED": "certificate.expired",
    "NOT_YET_VALID": "certificate.not_yet_valid",
    "REVOCATION_OUT_OF_BOUNDS_NO_POE": "revocation.out_of_bounds",
    "TRY_LATER": "revocation.missing",
    "TIMESTAMP_ORDER_FAILURE": "timestamp.order",
    "SIGNATURE_POLICY_NOT_AVAILABLE": "signature.policy",
    "POLICY_PROCESSING_ERROR": "signature.policy",
    "NO_POE": "renewal.needed",
    "GENERIC": "validation.failed",
}
_RENEWAL = {"OUT_OF_BOUNDS_NO_POE", "OUT_OF_BOUNDS_NOT_REVOKED", "EXPIRED", "TRY_LATER"}
"""What ails a document time-stamp that only a newer one can heal."""


def reason_for(
    sub_indication: str | None, field: str, issuer: str, detail: str, *, timestamp: bool
) -> list[Reason]:
    """Return the reason for a sub-indication of EN 319 102-1; none where there is none."""
    if sub_indication is None:
        return []
    if timestamp and sub_indication in _RENEWAL:
        return [reason("renewal.needed", field, detail=sub_indication)]
    code = _BY_SUB_INDICATION.get(sub_indication, "validation.indeterminate")
    return [
        reason(
            code, field, detail=issuer if code == "chain.not_found" else detail or sub_indication
        )
    ]


_SEVERITY = {
    "fault": "quyết định xấu / decides against",
    "doubt": "để ngỏ / leaves open",
    "warning": "cảnh báo / warns",
    "note": "ghi chú / informs",
}


def reference_page() -> str:
    """Return `docs/reference/reasons.md`: this list, for people."""
    lines = [
        "# Lý do trong kết quả kiểm tra / Reasons in a verdict",
        "",
        "Made by `python -m signer.validation.wording`; a test keeps it equal to the code.",
        "",
        "`{at}` stands for the signature's field, `{detail}` for the facts.",
    ]
    for code, w in WORDINGS.items():
        lines += [
            "",
            f"## `{code}`",
            "",
            f"*{_SEVERITY[w.severity]}*",
            "",
            f"- {w.vi}",
            f"  → {w.remedy_vi}",
            f"- {w.en}",
            f"  → {w.remedy_en}",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(reference_page())
