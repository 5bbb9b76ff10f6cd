"""Plain words: neither kinder nor harsher than the report, and the same wherever they stand."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api.web.i18n import Language, texts
from api.web.views import verdict as page
from signer.reports.sentence import NAMES, badge, moment, one_line, plain_words, verdict
from signer.reports.words import CLAIMED, PROVEN, UNPROVEN, Tone
from signer.validation.report import (
    ChangesAfter,
    Indication,
    Integrity,
    SignatureKind,
    SignatureRole,
)
from signer.validation.wording import reason

TABLE = [
    (Integrity.INTACT, Indication.TOTAL_PASSED, Tone.GOOD),
    (Integrity.INTACT, Indication.INDETERMINATE, Tone.CAUTION),
    (Integrity.INTACT, Indication.TOTAL_FAILED, Tone.BAD),
    (Integrity.ALTERED, Indication.TOTAL_FAILED, Tone.BAD),
    (Integrity.UNDECIDED, Indication.INDETERMINATE, Tone.CAUTION),
    (Integrity.UNSIGNED, None, Tone.NEUTRAL),
    (Integrity.UNREADABLE, None, Tone.NEUTRAL),
]
A_REASON = (reason("file.not_pdf"),)


def of_row(case, integrity, indication):
    if indication is None:
        case = replace(case, signatures=())
    return replace(case, integrity=integrity, indication=indication, reasons=A_REASON)


@pytest.mark.parametrize(("integrity", "indication", "tone"), TABLE)
def test_every_row_of_the_decision_table_has_its_tone_and_sentence(
    cases, integrity, indication, tone
):
    report = of_row(cases["archived"].report, integrity, indication)
    words = plain_words(report)
    assert words.verdict.tone is tone
    assert words.verdict.headline.vi != words.verdict.headline.en
    assert badge(integrity, indication)[0] is tone
    assert len(words.answers) == (0 if indication is None else 4)


def test_no_two_rows_share_a_sentence(cases):
    said = {verdict(of_row(cases["archived"].report, i, d)).headline for i, d, _ in TABLE}
    assert len(said) == len(TABLE)


def test_only_a_passed_document_is_recommended(cases):
    for i, d, tone in TABLE:
        lead = verdict(of_row(cases["archived"].report, i, d)).lead
        assert ("Có thể tiếp nhận" in lead.vi) == (tone is Tone.GOOD)


@pytest.mark.parametrize("language", list(Language))
def test_paper_says_what_the_page_says(case, language):
    spoken = texts(language)
    words, shown = plain_words(case.report), page.verdict(case.report, spoken)

    def of(said):
        return getattr(said, language.value)

    assert shown.tone == words.verdict.tone.value
    assert (shown.headline, shown.lead) == (of(words.verdict.headline), of(words.verdict.lead))
    assert [(a.question, a.answer, a.detail, a.tone.value) for a in shown.answers] == [
        (of(a.question), of(a.answer), of(a.detail), a.tone.value) for a in words.answers
    ]
    assert [
        (s.name, s.organization, s.kind, s.verdict, s.tone.value, s.changes) for s in shown.signers
    ] == [
        (s.name, s.organization, of(s.kind), of(s.verdict), s.tone.value, of(s.changes))
        for s in words.signatures
    ]
    assert [(r.sentence, r.remedy) for r in shown.reasons] == [
        (of(f.said), of(f.remedy)) for f in words.findings
    ]
    assert [r.sentence for r in shown.notes] == [of(f.said) for f in words.notes]


def test_nothing_is_answered_about_what_nobody_could_look_into(cases):
    assert plain_words(cases["encrypted"].report).answers == ()


def test_a_removed_signature_is_named_not_called_unsigned(cases):
    report = replace(cases["unsigned"].report, reasons=(reason("signature.removed"),))
    assert plain_words(report).verdict.tone is Tone.BAD
    assert "đã bị gỡ" in plain_words(report).verdict.headline.vi


def test_a_time_that_is_only_claimed_is_never_called_proven(cases):
    (line,) = plain_words(cases["alone"].report).signatures
    assert [t.says for t in line.times] == [UNPROVEN[SignatureKind.SIGNATURE], CLAIMED]
    assert not any(t.proven for t in line.times)


def test_a_proven_time_comes_first_and_the_claim_stands_apart(cases):
    report = cases["archived"].report
    line, stamp = plain_words(report).signatures
    assert line.times[0].says == PROVEN[SignatureKind.SIGNATURE]
    assert [(t.proven, t.at) for t in line.times] == [
        (True, report.signatures[0].best_signature_time),
        (False, report.signatures[0].claimed_signing_time),
    ]
    assert [t.proven for t in stamp.times] == [True]


def test_altered_bytes_are_never_answered_with_nothing_changed(cases):
    whole = cases["archived"].report
    quiet = tuple(replace(s, changes_after=ChangesAfter.NONE) for s in whole.signatures)
    report = replace(
        whole,
        integrity=Integrity.ALTERED,
        indication=Indication.TOTAL_FAILED,
        reasons=A_REASON,
        signatures=quiet,
    )
    assert plain_words(report).answers[3].tone is Tone.BAD


def test_the_seven_hours_of_vietnamese_tools_are_explained_on_the_line(hostile):
    lines = plain_words(hostile).signatures
    assert [bool(line.notes) for line in lines] == [n == 4 for n in range(len(lines))]
    assert "lệch 7 tiếng" in lines[4].notes[0].vi


def test_a_reason_names_the_person_not_the_field(cases):
    words = plain_words(cases["archived"].report)
    (found,) = (*words.findings, *words.notes)
    field = cases["archived"].report.signatures[0].field_name
    assert field not in found.said.vi
    assert field not in found.said.en
    assert plain_words(cases["archived"].report).signatures[0].name in found.said.vi


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nguyễn\u202eVăn", "Nguyễn\ufffdVăn"),
        ("a\x00b\u200bc\ue000d", "a\ufffdb\ufffdc\ufffdd"),
        ("hai\n\n dòng\u2028nữa", "hai dòng nữa"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
    ],
)
def test_a_name_cannot_turn_the_text_around_or_break_the_line(text, shown):
    assert one_line(text) == shown


def as_role(report, role, **more):
    (s,) = report.signatures
    return replace(report, signatures=(replace(s, role=role, **more),))


def test_a_portal_is_never_named_as_who_signed(cases):
    report = as_role(cases["alone"].report, SignatureRole.PUBLISHER)
    words = plain_words(report)
    assert words.answers[1].tone is Tone.CAUTION
    assert words.answers[1].answer.vi.startswith("Không có chữ ký số của người ký văn bản")
    assert "không phải người ký" in words.signatures[0].role.vi
    several = cases["several"].report
    first, *others = several.signatures
    first = replace(first, role=SignatureRole.PUBLISHER)
    answer = plain_words(replace(several, signatures=(first, *others))).answers[1].answer
    assert first.signer.common_name not in answer.vi
    assert others[0].signer.common_name in answer.vi


@pytest.mark.parametrize("role", list(SignatureRole))
def test_every_role_has_words_or_none(cases, role):
    said = plain_words(as_role(cases["alone"].report, role)).signatures[0].role
    silent = role in (SignatureRole.UNKNOWN, SignatureRole.TIMESTAMP)
    assert (said is None) == silent


def test_a_stamped_number_and_the_parent_of_an_annex_are_told(cases):
    alone = cases["alone"].report
    number = as_role(alone, SignatureRole.NUMBER, shown_text="46\u202e18\n")
    assert plain_words(number).signatures[0].role.vi == "Đóng số văn bản: «46\ufffd18»"
    annex = as_role(alone, SignatureRole.ANNEX, parent_number="840/ĐHVN-ĐT")
    assert plain_words(annex).signatures[0].role.vi == "Văn bản kèm theo: «840/ĐHVN-ĐT»"
    leader = as_role(alone, SignatureRole.LEADER, shown_text="Ký bởi ai đó khác")
    assert plain_words(leader).signatures[0].role.vi == "Chữ ký của người có thẩm quyền"


def test_two_hundred_signers_are_counted_not_recited(cases):
    one = cases["alone"].report.signatures[0]
    many = tuple(
        replace(one, field_name=f"S{n}", signer=replace(one.signer, common_name=f"Người {n}"))
        for n in range(200)
    )
    answer = plain_words(replace(cases["alone"].report, signatures=many)).answers[1].answer
    assert answer.vi.count(";") == NAMES - 1
    assert answer.vi.endswith("và 193 người khác.")


def test_the_first_and_the_last_day_of_the_calendar_are_days_too():
    assert moment(datetime.max.replace(tzinfo=UTC)).startswith("9999-12-31")
    assert moment(datetime(2026, 11, 21, 19, 0, 1, tzinfo=UTC)) == "22/11/2026 02:00:01 (+07:00)"
