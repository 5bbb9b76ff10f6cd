"""A validation report as a person reads it: one sentence, four questions, then what to do.

1. The sentence follows the decision table of the report (integrity, then indication) and nothing
   else: a page must not be kinder or harsher than the report it shows.
2. Four tones, each with its own shape: good, caution, bad, neutral (nothing to judge).
3. What is proven and what is merely claimed never share a line.
4. Reasons and remedies are the report's own words; no wording of findings exists here. A field
   name in them, which no reader has ever seen, gives way to the name on the certificate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from api.web.i18n import Texts
from signer.validation.report import (
    Box,
    ChangesAfter,
    Indication,
    Integrity,
    SignatureKind,
    SignatureReport,
    ValidationReport,
)


class Tone(StrEnum):
    """How a finding looks (rule 2)."""

    GOOD = "good"
    CAUTION = "caution"
    BAD = "bad"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One of the four questions, answered."""

    question: str
    answer: str
    detail: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonLine:
    """A finding and its remedy."""

    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerLine:
    """One signature, in signing order."""

    order: int
    name: str
    organization: str | None
    kind: str
    is_timestamp: bool
    tone: Tone
    verdict: str
    proven: str | None
    claimed: str | None
    changes: str
    technical: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedBox:
    """Where a signature's appearance stands, for drawing over the page."""

    order: int
    name: str
    tone: Tone
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictView:
    """Everything that a verdict page says."""

    tone: Tone
    headline: str
    lead: str
    answers: tuple[Answer, ...]
    reasons: tuple[ReasonLine, ...]
    signers: tuple[SignerLine, ...]
    boxes: tuple[MarkedBox, ...]
    technical: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A verdict in two or three words, for lists."""

    tone: Tone
    words: str


def badge(  # noqa: PLR0911 - one return per row of the table
    integrity: str | None, indication: str | None, texts: Texts
) -> Badge:
    """Return the short form of a verdict; both `None` where none was made."""
    _ = texts.gettext
    match integrity, indication:
        case Integrity.INTACT, Indication.TOTAL_PASSED:
            return Badge(tone=Tone.GOOD, words=_("Hợp lệ"))
        case Integrity.INTACT, Indication.INDETERMINATE:
            return Badge(tone=Tone.CAUTION, words=_("Nguyên vẹn, chưa đủ căn cứ tin cậy"))
        case Integrity.INTACT, _other:
            return Badge(tone=Tone.BAD, words=_("Chữ ký không hợp lệ"))
        case Integrity.ALTERED, _other:
            return Badge(tone=Tone.BAD, words=_("Đã bị thay đổi"))
        case Integrity.UNDECIDED, _other:
            return Badge(tone=Tone.CAUTION, words=_("Chưa kết luận được"))
        case Integrity.UNSIGNED, _other:
            return Badge(tone=Tone.NEUTRAL, words=_("Không có chữ ký số"))
        case Integrity.UNREADABLE, _other:
            return Badge(tone=Tone.NEUTRAL, words=_("Không đọc được"))
        case _unknown:
            return Badge(tone=Tone.NEUTRAL, words=_("Chưa kiểm tra"))


def verdict(report: ValidationReport, texts: Texts) -> VerdictView:
    """Return what the page says about `report`, in the language of `texts`."""
    tone, headline, lead = _headline(report, texts)
    signers = tuple(
        _signer(order, signature, texts) for order, signature in enumerate(report.signatures, 1)
    )
    names = {s.field_name: line.name for s, line in zip(report.signatures, signers, strict=True)}
    return VerdictView(
        tone=tone,
        headline=headline,
        lead=lead,
        answers=_answers(report, signers, texts),
        reasons=_reasons(report, names, texts),
        signers=signers,
        boxes=tuple(
            MarkedBox(order=line.order, name=line.name, tone=line.tone, box=signature.box)
            for line, signature in zip(signers, report.signatures, strict=True)
            if signature.box is not None
        ),
        technical=_technical(report, texts),
    )


def _reasons(
    report: ValidationReport, names: Mapping[str, str], texts: Texts
) -> tuple[ReasonLine, ...]:
    lines = []
    for reason in report.reasons:
        sentence = texts.of(reason)
        field, name = reason.field_name, names.get(reason.field_name or "")
        if field and name:
            sentence = sentence.replace(f"«{field}»", f"«{name}»").replace(
                f"“{field}”", f"“{name}”"
            )
        remedy = reason.remedy_vi if texts.language == "vi" else reason.remedy_en
        lines.append(ReasonLine(sentence=sentence, remedy=remedy))
    # The same person may have signed twice: nobody needs to read it twice.
    return tuple(dict.fromkeys(lines))


def _headline(  # noqa: PLR0911 - one return per row of the table
    report: ValidationReport, texts: Texts
) -> tuple[Tone, str, str]:
    _ = texts.gettext
    codes = {reason.code for reason in report.reasons}
    match report.integrity, report.indication:
        case Integrity.INTACT, Indication.TOTAL_PASSED:
            return (
                Tone.GOOD,
                _("Văn bản nguyên vẹn, chữ ký số hợp lệ."),
                _("Có thể tiếp nhận và sử dụng văn bản này. Có lưu ý ở cuối trang.")
                if report.reasons
                else _("Có thể tiếp nhận và sử dụng văn bản này."),
            )
        case Integrity.INTACT, Indication.INDETERMINATE:
            return (
                Tone.CAUTION,
                _("Văn bản nguyên vẹn, nhưng chưa đủ căn cứ để tin chữ ký."),
                _("Nội dung chưa bị sửa. Hãy xem lý do bên dưới trước khi sử dụng."),
            )
        case Integrity.INTACT, _other:
            return (
                Tone.BAD,
                _("Nội dung chưa bị sửa, nhưng chữ ký số không hợp lệ."),
                _("Không sử dụng văn bản này trước khi hỏi lại nơi gửi."),
            )
        case Integrity.ALTERED, _other:
            return (
                Tone.BAD,
                _("Văn bản đã bị thay đổi sau khi ký."),
                _("Không sử dụng văn bản này. Hãy đề nghị nơi gửi gửi lại bản gốc."),
            )
        case Integrity.UNDECIDED, _other:
            return (
                Tone.CAUTION,
                _("Chưa kết luận được về văn bản này."),
                _("Có điều hệ thống không kiểm tra được. Chưa nên coi văn bản là hợp lệ."),
            )
        case Integrity.UNSIGNED, _other:
            if "signature.removed" in codes:
                return (
                    Tone.BAD,
                    _("Tệp này từng có chữ ký số, nhưng chữ ký đã bị gỡ."),
                    _("Không coi đây là văn bản đã ký. Hãy đề nghị nơi gửi gửi lại bản gốc."),
                )
            return (
                Tone.NEUTRAL,
                _("Văn bản này không có chữ ký số."),
                _("Không có gì để xác minh: ai cũng có thể đã tạo hoặc sửa tệp này."),
            )
        case _unreadable:
            return (
                Tone.NEUTRAL,
                _("Không đọc được tệp này."),
                _("Hệ thống không kiểm tra được gì. Hãy xem lý do bên dưới."),
            )


def _answers(
    report: ValidationReport, signers: Sequence[SignerLine], texts: Texts
) -> tuple[Answer, ...]:
    if report.integrity in (Integrity.UNSIGNED, Integrity.UNREADABLE):
        return ()
    return (
        _intact(report, texts),
        _who(report, signers, texts),
        _trusted(report, texts),
        _changed(report, texts),
    )


def _intact(report: ValidationReport, texts: Texts) -> Answer:
    _ = texts.gettext
    tone, answer, detail = {
        Integrity.INTACT: (
            Tone.GOOD,
            _("Còn nguyên vẹn."),
            _("Phần đã ký giống hệt lúc ký, từng byte."),
        ),
        Integrity.ALTERED: (
            Tone.BAD,
            _("Không còn nguyên vẹn."),
            _("Tệp không còn đúng như lúc được ký."),
        ),
    }.get(
        report.integrity,
        (
            Tone.CAUTION,
            _("Chưa xác định được."),
            _("Có phần của tệp mà hệ thống không kiểm tra được."),
        ),
    )
    return Answer(question=_("Còn nguyên vẹn không?"), answer=answer, detail=detail, tone=tone)


def _who(report: ValidationReport, signers: Sequence[SignerLine], texts: Texts) -> Answer:
    _ = texts.gettext
    people = [
        line
        for line, signature in zip(signers, report.signatures, strict=True)
        if signature.kind is SignatureKind.SIGNATURE
    ]
    if not people:
        return Answer(
            question=_("Ai ký?"),
            answer=_("Không có người ký, chỉ có dấu thời gian."),
            detail=_("Dấu thời gian cho biết tệp đã tồn tại vào lúc nào, không cho biết của ai."),
            tone=Tone.CAUTION,
        )
    named = dict.fromkeys(
        f"{line.name}, {line.organization}"
        if line.organization and line.organization != line.name
        else line.name
        for line in people
    )
    passed = report.indication is Indication.TOTAL_PASSED
    return Answer(
        question=_("Ai ký?"),
        answer="; ".join(named) + ".",
        detail=_("Tên theo chứng thư số, đã được xác minh.")
        if passed
        else _("Tên ghi trong chứng thư số, chưa được xác minh là thật."),
        tone=Tone.GOOD if passed else Tone.CAUTION,
    )


def _trusted(report: ValidationReport, texts: Texts) -> Answer:
    _ = texts.gettext
    match report.indication:
        case Indication.TOTAL_PASSED:
            tone, answer = Tone.GOOD, _("Đáng tin.")
            detail = _(
                "Chứng thư do tổ chức được tin cậy cấp, có hiệu lực và chưa bị thu hồi khi ký."
            )
        case Indication.TOTAL_FAILED:
            tone, answer = Tone.BAD, _("Không.")
            detail = _("Ít nhất một chữ ký không hợp lệ; lý do ghi bên dưới.")
        case _indeterminate:
            tone, answer = Tone.CAUTION, _("Chưa đủ căn cứ.")
            detail = _("Còn thiếu bằng chứng để tin ít nhất một chữ ký; lý do ghi bên dưới.")
    return Answer(question=_("Có đáng tin không?"), answer=answer, detail=detail, tone=tone)


_GRAVITY = (
    ChangesAfter.FORBIDDEN,
    ChangesAfter.UNDECIDED,
    ChangesAfter.PERMITTED,
    ChangesAfter.LTA,
    ChangesAfter.NONE,
)


def _changed(report: ValidationReport, texts: Texts) -> Answer:
    _ = texts.gettext
    found = {signature.changes_after for signature in report.signatures}
    gravest = next((c for c in _GRAVITY if c in found), ChangesAfter.UNDECIDED)
    tone, answer, detail = {
        ChangesAfter.NONE: (
            Tone.GOOD,
            _("Không có gì thay đổi."),
            _("Sau khi ký, không ai thêm gì vào tệp."),
        ),
        ChangesAfter.LTA: (
            Tone.GOOD,
            _("Nội dung không thay đổi."),
            _("Chỉ có thêm dữ liệu kiểm chứng và dấu thời gian để lưu trữ lâu dài."),
        ),
        ChangesAfter.PERMITTED: (
            Tone.GOOD,
            _("Có, và đều được phép."),
            _("Chỉ thêm những gì người ký trước cho phép, như chữ ký tiếp theo hoặc ô để trống."),
        ),
        ChangesAfter.FORBIDDEN: (
            Tone.BAD,
            _("Có thay đổi không được phép."),
            _("Nội dung bạn thấy có thể không phải nội dung đã được ký."),
        ),
        ChangesAfter.UNDECIDED: (
            Tone.CAUTION,
            _("Chưa xác định được."),
            _("Hệ thống không giải thích được hết những gì đã thêm sau khi ký."),
        ),
    }[gravest]
    if report.integrity is Integrity.ALTERED and tone is Tone.GOOD:
        # The bytes of a signature, or bytes outside every revision, were touched: there is no
        # revision to name, and "nothing changed" beside a red verdict would mislead.
        tone, answer = Tone.BAD, _("Có: phần đã ký bị sửa trực tiếp.")
        detail = _("Tệp bị sửa mà không để lại bản trước, nên không rút ra được bản đã ký.")
    return Answer(question=_("Có gì thay đổi sau khi ký?"), answer=answer, detail=detail, tone=tone)


def _signer(order: int, signature: SignatureReport, texts: Texts) -> SignerLine:
    _ = texts.gettext
    stamp = signature.kind is SignatureKind.DOCUMENT_TIMESTAMP
    tone = {
        Indication.TOTAL_PASSED: Tone.GOOD,
        Indication.INDETERMINATE: Tone.CAUTION,
        Indication.TOTAL_FAILED: Tone.BAD,
    }[signature.indication]
    words = {
        Tone.GOOD: _("Hợp lệ"),
        Tone.CAUTION: _("Chưa đủ căn cứ tin cậy"),
        Tone.BAD: _("Không hợp lệ"),
    }[tone]
    name = signature.signer.common_name if signature.signer else None
    organization = signature.signer.organization if signature.signer else None
    return SignerLine(
        order=order,
        name=name or _("Không rõ tên"),
        organization=organization if organization != name else None,
        kind=_("Dấu thời gian trên văn bản") if stamp else _("Chữ ký số"),
        is_timestamp=stamp,
        tone=tone,
        verdict=words,
        proven=texts.moment(signature.best_signature_time)
        if signature.best_signature_time
        else None,
        # A time-stamp claims nothing: its time is either proven or worth nothing.
        claimed=texts.moment(signature.claimed_signing_time)
        if signature.claimed_signing_time and not stamp
        else None,
        changes=_("Phần đã ký bị sửa, không còn khớp với chữ ký này.")
        if signature.integrity is Integrity.ALTERED
        else {
            ChangesAfter.NONE: _("Không có gì thêm vào sau chữ ký này."),
            ChangesAfter.LTA: _("Sau đó chỉ thêm dữ liệu kiểm chứng, dấu thời gian."),
            ChangesAfter.PERMITTED: _("Sau đó chỉ thêm những gì được phép."),
            ChangesAfter.FORBIDDEN: _("Sau đó có thay đổi không được phép."),
            ChangesAfter.UNDECIDED: _("Sau đó có thêm nội dung chưa giải thích được."),
        }[signature.changes_after],
        technical=_signature_details(signature, texts),
    )


def _signature_details(signature: SignatureReport, texts: Texts) -> tuple[tuple[str, str], ...]:
    _ = texts.gettext
    signer = signature.signer
    result = signature.indication.value
    if signature.sub_indication:
        result += f" / {signature.sub_indication}"
    rows = (
        (_("Kết quả theo EN 319 102-1"), result),
        (_("Mức chữ ký"), signature.level.value if signature.level else None),
        (_("Trường chữ ký"), signature.field_name),
        (_("Lý do ghi trong chữ ký"), signature.reason_text),
        (_("Cấp bởi"), signer.issuer if signer else None),
        (_("Số sê-ri chứng thư"), signer.serial if signer else None),
        (_("Thuật toán băm"), signature.digest_algorithm),
        (_("Định dạng"), signature.sub_filter),
        (_("Quyền sửa sau khi ký (DocMDP)"), f"P={signature.docmdp}" if signature.docmdp else None),
        (_("Phủ toàn bộ tệp"), _("Có") if signature.covers_whole_file else _("Không")),
    )
    return tuple((label, value) for label, value in rows if value)


def _technical(report: ValidationReport, texts: Texts) -> tuple[tuple[str, str], ...]:
    _ = texts.gettext
    rows = (
        (_("Kết luận"), " / ".join(filter(None, (report.integrity, report.indication)))),
        (_("SHA-256 của tệp"), report.sha256),
        (_("Dung lượng"), size(report.size, texts)),
        (_("Số trang"), str(report.pages) if report.pages else None),
        (_("Nội dung chủ động"), ", ".join(report.active_content)),
        (_("Thời điểm kiểm tra"), texts.moment(report.validation_time)),
        (_("Danh sách tin cậy"), report.trust_digest),
        (_("Chính sách"), report.policy_digest),
        (_("Phần mềm"), report.software),
    )
    return tuple((label, value) for label, value in rows if value)


def size(count: int, texts: Texts) -> str:
    """Return a file size as people read it, with the language's decimal sign."""
    amount, unit = float(count), "byte"
    for bigger in ("KB", "MB", "GB"):
        if amount < 1024:  # noqa: PLR2004 - the step between the units
            break
        amount, unit = amount / 1024, bigger
    shown = f"{amount:.0f}" if unit == "byte" or amount >= 10 else f"{amount:.1f}"  # noqa: PLR2004 - one decimal below ten
    return f"{shown.replace('.', ',') if texts.language == 'vi' else shown} {unit}"
