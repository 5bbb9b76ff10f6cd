"""A page must be neither kinder nor harsher than the report it shows."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.rest.stored import report_from_line
from api.web.i18n import Language, texts
from api.web.views.verdict import badge, size, verdict
from office.flows.verdict import verdict_line
from office.model import Verification
from signer.reports.record import record_of
from signer.reports.words import Tone
from signer.validation.report import (
    Box,
    ChangesAfter,
    Indication,
    Integrity,
    Level,
    Reason,
    SignatureKind,
    SignatureReport,
    SignatureRole,
    SignerInfo,
    ValidationReport,
)
from signer.validation.wording import WORDINGS
from signer.validation.wording import reason as worded

VI, EN = texts(Language.VI), texts(Language.EN)
NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


def reason(code="x.y", field=None):
    return Reason(
        code=code,
        vi="Lý do.",
        en="Reason.",
        remedy_vi="Làm thế này.",
        remedy_en="Do this.",
        field_name=field,
    )


def signature(n=1, *, indication=Indication.TOTAL_PASSED, changes=ChangesAfter.NONE, **more):
    passed = indication is Indication.TOTAL_PASSED
    return SignatureReport(
        **{
            "field_name": f"Signature{n}",
            "kind": SignatureKind.SIGNATURE,
            "indication": indication,
            "sub_indication": None if passed else "NO_POE",
            "integrity": Integrity.INTACT,
            "changes_after": changes,
            "signer": SignerInfo(
                common_name=f"Người {n}",
                organization="Cơ quan",
                serial="1f",
                issuer="CN=CA",
                certificate=b"der",
            ),
            "level": Level.B_LT,
            "claimed_signing_time": NOON - timedelta(seconds=3),
            "best_signature_time": NOON,
            "digest_algorithm": "sha256",
            "box": Box(page=1, x1=1, y1=2, x2=3, y2=4),
        }
        | more
    )


def report(integrity, indication, *signatures, reasons=()):
    return ValidationReport(
        sha256="ab" * 32,
        size=1234,
        integrity=integrity,
        indication=indication,
        reasons=tuple(reasons),
        signatures=signatures,
        validation_time=NOON,
        trust_digest="t",
        policy_digest="p",
        software="antin test",
        pages=2,
    )


PASSED, OPEN, FAILED = Indication.TOTAL_PASSED, Indication.INDETERMINATE, Indication.TOTAL_FAILED
LAWFUL = [
    (Integrity.INTACT, PASSED, Tone.GOOD),
    (Integrity.INTACT, OPEN, Tone.CAUTION),
    (Integrity.INTACT, FAILED, Tone.BAD),
    (Integrity.ALTERED, FAILED, Tone.BAD),
    (Integrity.UNDECIDED, OPEN, Tone.CAUTION),
    (Integrity.UNSIGNED, None, Tone.NEUTRAL),
    (Integrity.UNREADABLE, None, Tone.NEUTRAL),
]


def example(integrity, indication):
    signed = [signature(indication=indication)] if indication else []
    reasons = () if indication is PASSED else (reason(),)
    return report(integrity, indication, *signed, reasons=reasons)


@pytest.mark.parametrize("spoken", [VI, EN], ids=["vi", "en"])
@pytest.mark.parametrize(("integrity", "indication", "tone"), LAWFUL)
def test_every_row_of_the_decision_table_has_its_tone_and_its_sentence(
    integrity, indication, tone, spoken
):
    view = verdict(example(integrity, indication), spoken)
    assert view.tone is tone
    assert badge(integrity, indication, spoken).tone is tone
    assert view.headline.endswith(".")
    assert len(view.answers) == (4 if indication else 0)


def test_the_sentences_of_all_rows_differ():
    headlines = {verdict(example(i, d), VI).headline for i, d, _ in LAWFUL}
    assert len(headlines) == len(LAWFUL)


def test_green_is_only_ever_a_document_that_passed():
    for integrity, indication, _ in LAWFUL:
        view = verdict(example(integrity, indication), VI)
        if (integrity, indication) != (Integrity.INTACT, PASSED):
            assert view.tone is not Tone.GOOD
            assert not any(
                a.tone is Tone.GOOD for a in view.answers if a.question == "Có đáng tin không?"
            )


def test_a_removed_signature_is_no_ordinary_unsigned_file():
    found = report(Integrity.UNSIGNED, None, reasons=[reason("signature.removed")])
    view = verdict(found, VI)
    assert view.tone is Tone.BAD
    assert "từng có chữ ký số" in view.headline


def test_a_warning_on_a_valid_document_is_announced():
    found = report(Integrity.INTACT, PASSED, signature(), reasons=[reason()])
    assert verdict(found, VI).tone is Tone.GOOD
    assert "lưu ý" in verdict(found, VI).lead


@pytest.mark.parametrize("code", [c for c, w in WORDINGS.items() if w.severity == "note"])
def test_a_note_on_a_valid_document_leaves_it_plainly_green(code):
    plain = verdict(report(Integrity.INTACT, PASSED, signature()), VI)
    noted = report(Integrity.INTACT, PASSED, signature(), reasons=[worded(code, "Signature1")])
    view = verdict(noted, VI)
    assert (view.tone, view.headline, view.lead) == (plain.tone, plain.headline, plain.lead)
    assert view.reasons == ()
    told = [n.sentence for n in view.notes] + [n for s in view.signers for n in s.notes]
    assert len(told) == 1
    assert "«Người 1»" in told[0]


def test_what_page_and_signature_say_stands_side_by_side():
    differs = replace(
        worded("paper.signer_mismatch", "Signature1", detail="khác"),
        page_text="Trần Văn\u202e A",
        signature_text="Lê B",
    )
    (line,) = verdict(report(Integrity.INTACT, PASSED, signature(), reasons=[differs]), VI).reasons
    assert (line.page_text, line.signature_text) == ("Trần Văn\ufffd A", "Lê B")


def stamps(*roles, **more):
    return [
        signature(
            n,
            role=role,
            shown_text=shown,
            **{"signer": signature(0).signer} | more,
        )
        for n, (role, shown) in enumerate(roles, 1)
    ]


VGCA = (
    (SignatureRole.INITIAL, None),
    (SignatureRole.LEADER, None),
    (SignatureRole.NUMBER, "4618"),
    (SignatureRole.DAY, "07"),
    (SignatureRole.MONTH, "10"),
    (SignatureRole.SEAL, None),
)


def test_number_day_and_month_are_one_step_and_keep_their_places():
    view = verdict(report(Integrity.INTACT, PASSED, *stamps(*VGCA)), VI)
    assert [step.numbers for step in view.steps] == ["1", "2", "3–5", "6"]
    assert [line.role for line in view.steps[2].lines] == [
        "Đóng số văn bản: «4618»",
        "Đóng ngày: «07»",
        "Đóng tháng: «10»",
    ]
    assert len(view.signers) == len(view.boxes) == 6


def test_stamps_of_different_outcome_or_hand_are_never_told_as_one():
    number, day = stamps((SignatureRole.NUMBER, "1"), (SignatureRole.DAY, "2"))
    failed = replace(day, indication=OPEN, sub_indication="NO_POE")
    other = replace(day, signer=signature(9).signer)
    changed = replace(day, changes_after=ChangesAfter.PERMITTED)
    for second in (failed, other, changed):
        found = report(Integrity.INTACT, second.indication, number, second, reasons=[reason()])
        assert [step.numbers for step in verdict(found, VI).steps] == ["1", "2"]


def test_claimed_time_is_never_shown_as_proven_time():
    view = verdict(
        report(
            Integrity.INTACT,
            OPEN,
            signature(indication=OPEN, best_signature_time=None),
            reasons=[reason()],
        ),
        VI,
    )
    (line,) = view.signers
    assert not any(t.proven for t in line.times)
    assert [t.at for t in line.times] == [None, "11:59:57, 02/03/2026"]
    assert "tự khai" in line.times[1].says


def test_times_are_vietnams_whatever_zone_they_came_in():
    found = report(Integrity.INTACT, PASSED, signature())
    for spoken, shown in ((VI, "12:00:00, 02/03/2026"), (EN, "12:00:00, 2 March 2026")):
        proven = verdict(found, spoken).signers[0].times[0]
        assert (proven.proven, proven.at) == (True, shown)


def test_a_time_beyond_the_calendar_is_shown_all_the_same():
    last = signature(claimed_signing_time=datetime.max.replace(tzinfo=UTC))
    (line,) = verdict(report(Integrity.INTACT, PASSED, last), VI).signers
    assert line.times[1].at.startswith("9999-12-31")


def test_names_are_verified_only_when_the_document_passed():
    good = verdict(report(Integrity.INTACT, PASSED, signature()), VI).answers[1]
    unknown = verdict(
        report(Integrity.INTACT, OPEN, signature(indication=OPEN), reasons=[reason()]), VI
    ).answers[1]
    assert "đã được xác minh" in good.detail
    assert "chưa được xác minh" in unknown.detail
    assert unknown.tone is Tone.CAUTION


def test_a_time_stamp_is_nobodys_signature():
    stamp = signature(kind=SignatureKind.DOCUMENT_TIMESTAMP, level=None)
    view = verdict(report(Integrity.INTACT, PASSED, stamp), VI)
    assert "Người 1" not in view.answers[1].answer
    view = verdict(
        report(Integrity.INTACT, PASSED, signature(), replace(stamp, field_name="T")), VI
    )
    assert view.answers[1].answer == "Người 1, Cơ quan."


@pytest.mark.parametrize("changes", list(ChangesAfter))
def test_the_gravest_change_answers_for_the_document(changes):
    indication = (
        FAILED
        if changes is ChangesAfter.FORBIDDEN
        else OPEN
        if changes is ChangesAfter.UNDECIDED
        else PASSED
    )
    integrity = {FAILED: Integrity.ALTERED, OPEN: Integrity.UNDECIDED, PASSED: Integrity.INTACT}[
        indication
    ]
    signatures = [signature(1, changes=changes, indication=indication), signature(2)]
    found = report(
        integrity, indication, *signatures, reasons=[] if indication is PASSED else [reason()]
    )
    answer = verdict(found, VI).answers[3]
    assert answer.tone is {FAILED: Tone.BAD, OPEN: Tone.CAUTION, PASSED: Tone.GOOD}[indication]


def test_nothing_changed_is_never_said_beside_altered():
    found = report(
        Integrity.ALTERED,
        FAILED,
        signature(indication=FAILED, integrity=Integrity.ALTERED),
        reasons=[reason()],
    )
    assert verdict(found, VI).answers[3].tone is Tone.BAD


def test_reasons_keep_their_words_but_say_the_name_that_people_know():
    named = replace(
        reason(field="Signature1"),
        vi="Chữ ký «Signature1» chưa có dấu thời gian.",
        en="The signature “Signature1” has no time-stamp.",
    )
    found = report(
        Integrity.INTACT, OPEN, signature(indication=OPEN), reasons=[named, reason("a.b")]
    )
    first, second = verdict(found, VI).reasons
    assert first.sentence == "Chữ ký «Người 1» chưa có dấu thời gian."
    assert (second.sentence, second.remedy) == ("Lý do.", "Làm thế này.")
    assert verdict(found, EN).reasons[0].sentence == "The signature “Người 1” has no time-stamp."
    assert verdict(found, EN).reasons[0].remedy == "Do this."


def test_the_same_finding_is_told_once():
    found = report(Integrity.INTACT, PASSED, signature(), reasons=[reason(), reason()])
    assert len(verdict(found, VI).reasons) == 1


def test_a_signer_without_a_certificate_has_a_line_all_the_same():
    found = report(
        Integrity.UNDECIDED,
        OPEN,
        signature(indication=OPEN, signer=None, box=None),
        reasons=[reason()],
    )
    view = verdict(found, VI)
    assert view.signers[0].name == "Không rõ tên"
    assert view.boxes == ()


@pytest.mark.parametrize(("integrity", "indication", "_tone"), LAWFUL)
def test_an_archived_report_reads_as_it_did_when_it_was_made(integrity, indication, _tone):
    found = example(integrity, indication)
    line = verdict_line("a.pdf", Verification(report=found, extracted=None, seconds=0.1))
    whole = json.loads(json.dumps(line | {"record": record_of(found)}))
    assert verdict(report_from_line(whole), VI) == verdict(found, VI)


@pytest.mark.parametrize(("integrity", "indication", "_tone"), LAWFUL)
def test_a_report_of_the_first_archives_reads_as_it_did_too(integrity, indication, _tone):
    found = example(integrity, indication)
    line = verdict_line("a.pdf", Verification(report=found, extracted=None, seconds=0.1))
    before, after = verdict(found, VI), verdict(report_from_line(line), VI)
    assert (before.headline, before.answers, before.reasons, before.boxes) == (
        after.headline,
        after.answers,
        after.reasons,
        after.boxes,
    )
    assert [(s.name, s.times, s.verdict) for s in before.signers] == [
        (s.name, s.times, s.verdict) for s in after.signers
    ]


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 byte"),
        (1023, "1023 byte"),
        (1024, "1,0 KB"),
        (348211, "340 KB"),
        (256 << 20, "256 MB"),
        (3 << 30, "3,0 GB"),
    ],
)
def test_sizes_are_written_as_people_read_them(count, shown):
    assert size(count, VI) == shown
