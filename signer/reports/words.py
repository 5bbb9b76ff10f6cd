"""The sentences of the decision table, in both languages: data, row by row.

What is said about one document is put together from these in `sentence.py`; nothing is worded there
that could stand here. Findings (reasons) have their words in `signer/validation/wording.py`.
"""

from dataclasses import dataclass
from enum import StrEnum

from signer.validation.report import (
    ChangesAfter,
    Indication,
    Integrity,
    SignatureKind,
    SignatureRole,
)


class Tone(StrEnum):
    """How a finding looks; each has a shape of its own wherever it is drawn."""

    GOOD = "good"
    CAUTION = "caution"
    BAD = "bad"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence in both languages."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict on a document, long and short."""

    tone: Tone
    headline: Said
    lead: Said
    """What it means for the reader."""


ASK_AGAIN = Said(
    "Không sử dụng văn bản này. Hãy đề nghị nơi gửi gửi lại bản gốc.",
    "Do not use this document. Ask the sender for the original.",
)
VERDICTS: dict[tuple[Integrity, Indication | None], Verdict] = {
    (Integrity.INTACT, Indication.TOTAL_PASSED): Verdict(
        tone=Tone.GOOD,
        headline=Said(
            "Văn bản nguyên vẹn, chữ ký số hợp lệ.",
            "The document is intact and its signatures are valid.",
        ),
        lead=Said(
            "Có thể tiếp nhận và sử dụng văn bản này.", "This document can be accepted and used."
        ),
    ),
    (Integrity.INTACT, Indication.INDETERMINATE): Verdict(
        tone=Tone.CAUTION,
        headline=Said(
            "Văn bản nguyên vẹn, nhưng chưa đủ căn cứ để tin chữ ký.",
            "The document is intact, but there is not enough to trust its signatures.",
        ),
        lead=Said(
            "Nội dung chưa bị sửa. Hãy xem lý do bên dưới trước khi sử dụng.",
            "The content was not changed. Read the reasons below before you use it.",
        ),
    ),
    (Integrity.INTACT, Indication.TOTAL_FAILED): Verdict(
        tone=Tone.BAD,
        headline=Said(
            "Nội dung chưa bị sửa, nhưng chữ ký số không hợp lệ.",
            "The content was not changed, but a signature is not valid.",
        ),
        lead=Said(
            "Không sử dụng văn bản này trước khi hỏi lại nơi gửi.",
            "Do not use this document before asking the sender.",
        ),
    ),
    (Integrity.ALTERED, Indication.TOTAL_FAILED): Verdict(
        tone=Tone.BAD,
        headline=Said(
            "Văn bản đã bị thay đổi sau khi ký.", "The document was changed after it was signed."
        ),
        lead=ASK_AGAIN,
    ),
    (Integrity.UNDECIDED, Indication.INDETERMINATE): Verdict(
        tone=Tone.CAUTION,
        headline=Said(
            "Chưa kết luận được về văn bản này.", "No verdict could be reached on this document."
        ),
        lead=Said(
            "Có điều hệ thống không kiểm tra được. Chưa nên coi văn bản là hợp lệ.",
            "Something could not be checked. Do not take the document as valid yet.",
        ),
    ),
    (Integrity.UNSIGNED, None): Verdict(
        tone=Tone.NEUTRAL,
        headline=Said("Văn bản này không có chữ ký số.", "This document has no digital signature."),
        lead=Said(
            "Không có gì để xác minh: ai cũng có thể đã tạo hoặc sửa tệp này.",
            "There is nothing to verify: anyone could have made or changed this file.",
        ),
    ),
    (Integrity.UNREADABLE, None): Verdict(
        tone=Tone.NEUTRAL,
        headline=Said("Không đọc được tệp này.", "This file cannot be read."),
        lead=Said(
            "Hệ thống không kiểm tra được gì. Hãy xem lý do bên dưới.",
            "Nothing could be checked. See the reason below.",
        ),
    ),
}
"""The decision table, row by row."""
REMOVED = Verdict(
    tone=Tone.BAD,
    headline=Said(
        "Tệp này từng có chữ ký số, nhưng chữ ký đã bị gỡ.",
        "This file once had a digital signature, which was removed.",
    ),
    lead=Said(
        "Không coi đây là văn bản đã ký. Hãy đề nghị nơi gửi gửi lại bản gốc.",
        "Do not take it as signed. Ask the sender for the original.",
    ),
)
PASSED_WITH_WARNINGS = Said(
    "Có thể tiếp nhận văn bản này. Trước khi sử dụng, hãy đọc phần cần lưu ý.",
    "This document can be accepted. Read what to look at before you use it.",
)
Given = tuple[Tone, Said, Said]
INTACT: dict[Integrity, Given] = {
    Integrity.INTACT: (
        Tone.GOOD,
        Said("Còn nguyên vẹn.", "Intact."),
        Said(
            "Phần đã ký giống hệt lúc ký, từng byte.", "What was signed is the same, byte for byte."
        ),
    ),
    Integrity.ALTERED: (
        Tone.BAD,
        Said("Không còn nguyên vẹn.", "Not intact."),
        Said("Tệp không còn đúng như lúc được ký.", "The file is no longer as it was signed."),
    ),
    Integrity.UNDECIDED: (
        Tone.CAUTION,
        Said("Chưa xác định được.", "Not established."),
        Said(
            "Có phần của tệp mà hệ thống không kiểm tra được.",
            "Some part of the file could not be checked.",
        ),
    ),
}
TRUSTED: dict[Indication, Given] = {
    Indication.TOTAL_PASSED: (
        Tone.GOOD,
        Said("Đáng tin.", "Yes."),
        Said(
            "Chứng thư do tổ chức được tin cậy cấp, có hiệu lực và chưa bị thu hồi khi ký.",
            "The certificates come from trusted authorities, were valid and not revoked when it "
            "was signed.",
        ),
    ),
    Indication.INDETERMINATE: (
        Tone.CAUTION,
        Said("Chưa đủ căn cứ.", "Not enough to say so."),
        Said(
            "Còn thiếu bằng chứng để tin ít nhất một chữ ký; lý do ghi bên dưới.",
            "Evidence for at least one signature is missing; the reasons stand below.",
        ),
    ),
    Indication.TOTAL_FAILED: (
        Tone.BAD,
        Said("Không.", "No."),
        Said(
            "Ít nhất một chữ ký không hợp lệ; lý do ghi bên dưới.",
            "At least one signature is not valid; the reasons stand below.",
        ),
    ),
}
CHANGED: dict[ChangesAfter, Given] = {
    ChangesAfter.FORBIDDEN: (
        Tone.BAD,
        Said("Có thay đổi không được phép.", "There are changes that were not permitted."),
        Said(
            "Nội dung bạn thấy có thể không phải nội dung đã được ký.",
            "What you see may not be what was signed.",
        ),
    ),
    ChangesAfter.UNDECIDED: (
        Tone.CAUTION,
        Said("Chưa xác định được.", "Not established."),
        Said(
            "Hệ thống không giải thích được hết những gì đã thêm sau khi ký.",
            "Not all that was added after signing could be explained.",
        ),
    ),
    ChangesAfter.PERMITTED: (
        Tone.GOOD,
        Said("Có, và đều được phép.", "Yes, as permitted."),
        Said(
            "Chỉ thêm những gì người ký trước cho phép, như chữ ký tiếp theo hoặc ô để trống.",
            "Only what the earlier signers allow was added, such as further signatures or empty "
            "fields.",
        ),
    ),
    ChangesAfter.LTA: (
        Tone.GOOD,
        Said("Nội dung không thay đổi.", "The content did not change."),
        Said(
            "Chỉ có thêm dữ liệu kiểm chứng và dấu thời gian để lưu trữ lâu dài.",
            "Only validation data and time-stamps for the archive were added.",
        ),
    ),
    ChangesAfter.NONE: (
        Tone.GOOD,
        Said("Không có gì thay đổi.", "Nothing changed."),
        Said("Sau khi ký, không ai thêm gì vào tệp.", "Nothing was added after it was signed."),
    ),
}
"""Gravest first."""
CHANGED_IN_PLACE: Given = (
    Tone.BAD,
    Said("Có: phần đã ký bị sửa trực tiếp.", "Yes: what was signed was itself changed."),
    Said(
        "Tệp bị sửa mà không để lại bản trước, nên không rút ra được bản đã ký.",
        "The change left no earlier revision, so the signed one cannot be taken out.",
    ),
)
NAMELESS = Said("Không rõ tên", "Name unknown")
KINDS = {
    SignatureKind.SIGNATURE: Said("Chữ ký số", "Signature"),
    SignatureKind.DOCUMENT_TIMESTAMP: Said("Dấu thời gian trên văn bản", "Document time-stamp"),
}
ROLES = {
    SignatureRole.INITIAL: Said("Ký nháy", "Initials of the drafter"),
    SignatureRole.LEADER: Said(
        "Chữ ký của người có thẩm quyền", "Signature of the competent person"
    ),
    SignatureRole.NUMBER: Said("Đóng số văn bản", "Stamps the document's number"),
    SignatureRole.DAY: Said("Đóng ngày", "Stamps the day"),
    SignatureRole.MONTH: Said("Đóng tháng", "Stamps the month"),
    SignatureRole.DATE: Said("Đóng ngày, tháng, năm", "Stamps the date"),
    SignatureRole.SEAL: Said("Con dấu của cơ quan", "Seal of the agency"),
    SignatureRole.COPY: Said("Sao y, sao lục, trích sao", "Certified copy or extract"),
    SignatureRole.ANNEX: Said("Văn bản kèm theo", "Annex to another document"),
    SignatureRole.PUBLISHER: Said(
        "Cổng thông tin đăng tải văn bản, không phải người ký văn bản",
        "Portal that publishes the document, not who signed it",
    ),
    SignatureRole.INCOMING: Said("Dấu đến của nơi nhận", "Stamp of the receiving agency"),
}
"""What a signature is for, where that could be told."""
ONLY_PUBLISHED = Said(
    "Không có chữ ký số của người ký văn bản, chỉ có của nơi đăng tải: {names}.",
    "Nobody who issued the document; only who published it: {names}.",
)
OUTCOMES = {
    Indication.TOTAL_PASSED: (Tone.GOOD, Said("Hợp lệ", "Valid")),
    Indication.INDETERMINATE: (
        Tone.CAUTION,
        Said("Chưa đủ căn cứ tin cậy", "Not enough to trust it"),
    ),
    Indication.TOTAL_FAILED: (Tone.BAD, Said("Không hợp lệ", "Not valid")),
}
PROVEN = {
    SignatureKind.SIGNATURE: Said(
        "Chứng minh được đã ký trước", "Proven to have been signed before"
    ),
    SignatureKind.DOCUMENT_TIMESTAMP: Said(
        "Chứng minh văn bản đã có trước", "Proves that the document existed before"
    ),
}
UNPROVEN = {
    SignatureKind.SIGNATURE: Said(
        "Không có gì chứng minh thời điểm ký.", "Nothing proves when it was signed."
    ),
    SignatureKind.DOCUMENT_TIMESTAMP: Said(
        "Dấu thời gian này không chứng minh được gì.", "This time-stamp proves nothing."
    ),
}
CLAIMED = Said("Người ký tự khai ký lúc", "By the signer’s own word, signed at")
AFTER_ALTERED = Said(
    "Phần đã ký bị sửa, không còn khớp với chữ ký này.",
    "What was signed was changed; it no longer fits this signature.",
)
AFTER = {
    ChangesAfter.NONE: Said(
        "Không có gì thêm vào sau chữ ký này.", "Nothing was added after this signature."
    ),
    ChangesAfter.LTA: Said(
        "Sau đó chỉ thêm dữ liệu kiểm chứng, dấu thời gian.",
        "Only validation data and time-stamps were added afterwards.",
    ),
    ChangesAfter.PERMITTED: Said(
        "Sau đó chỉ thêm những gì được phép.", "Only what is permitted was added afterwards."
    ),
    ChangesAfter.FORBIDDEN: Said(
        "Sau đó có thay đổi không được phép.", "Changes that are not permitted followed."
    ),
    ChangesAfter.UNDECIDED: Said(
        "Sau đó có thêm nội dung chưa giải thích được.",
        "What was added afterwards could not be explained.",
    ),
}
BADGES: dict[tuple[Integrity, Indication | None], Said] = {
    (Integrity.INTACT, Indication.TOTAL_PASSED): Said("Hợp lệ", "Valid"),
    (Integrity.INTACT, Indication.INDETERMINATE): Said(
        "Nguyên vẹn, chưa đủ căn cứ tin cậy", "Intact, not enough to trust it"
    ),
    (Integrity.INTACT, Indication.TOTAL_FAILED): Said("Chữ ký không hợp lệ", "Signature not valid"),
    (Integrity.ALTERED, Indication.TOTAL_FAILED): Said("Đã bị thay đổi", "Altered"),
    (Integrity.UNDECIDED, Indication.INDETERMINATE): Said("Chưa kết luận được", "Undetermined"),
    (Integrity.UNSIGNED, None): Said("Không có chữ ký số", "No digital signature"),
    (Integrity.UNREADABLE, None): Said("Không đọc được", "Unreadable"),
}

# -- the four questions, and what is said of who signed

IS_INTACT = Said("Còn nguyên vẹn không?", "Is it intact?")
WHO_SIGNED = Said("Ai ký?", "Who signed?")
IS_TRUSTED = Said("Có đáng tin không?", "Can it be trusted?")
WHAT_CHANGED = Said("Có gì thay đổi sau khi ký?", "Did anything change after signing?")
NOBODY_SIGNED = Said(
    "Không có người ký, chỉ có dấu thời gian.", "Nobody; there is a time-stamp only."
)
NOBODY_NAMED = Said(
    "Dấu thời gian cho biết tệp đã tồn tại vào lúc nào, không cho biết của ai.",
    "A time-stamp tells when a file existed, not whose it is.",
)
NAMES_VERIFIED = Said(
    "Tên theo chứng thư số, đã được xác minh.",
    "Names are those of the certificates, and were verified.",
)
NAMES_UNVERIFIED = Said(
    "Tên ghi trong chứng thư số, chưa được xác minh là thật.",
    "Names stand in the certificates; they were not verified.",
)
