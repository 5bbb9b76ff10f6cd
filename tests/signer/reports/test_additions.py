"""What was added after a signature is told by name, and turns no verdict yellow."""

from io import BytesIO

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from vectors.stamped import Step, report_on, signed, subject, typeset

from signer.reports.additions import additions
from signer.reports.sentence import one_line, plain_words
from signer.validation.report import ChangesAfter

DRAFTER = subject(O="ĐẠI HỌC MẪU", OU="Ban Đào tạo", CN="Nguyễn Thùy Dương")
LEADER = subject(O="ĐẠI HỌC MẪU", OU="Ban Giám hiệu", CN="Trần Quốc Bình")
SEAL = subject(O="ĐẠI HỌC MẪU", CN="Đại học Mẫu", UID="MST:0100000000")


def digits(text, x):
    return Step(SEAL, (x, 740, x + 30, 760), text)


@pytest.fixture(scope="module")
def original():
    return signed(
        typeset("Văn bản"),
        Step(DRAFTER, (415, 168, 465, 193)),
        Step(LEADER, (319, 52, 519, 152)),
        digits("4618", 127),
        digits("07", 376),
        digits("10", 426),
        Step(SEAL, (315, 43, 425, 153)),
    )


def test_number_date_and_seal_are_told_with_whom_they_follow_and_who_put_them(original):
    said = additions(report_on(original), one_line)
    assert [s.vi for s in said] == [
        "Trần Quốc Bình ký sau chữ ký nháy của Nguyễn Thùy Dương.",
        (
            "Số văn bản «4618», ngày «07», tháng «10» và con dấu được đóng sau chữ ký của "
            "Trần Quốc Bình, bởi chữ ký của Đại học Mẫu."
        ),
    ]
    assert "“4618”" in said[1].en


def test_what_was_added_answers_the_fourth_question_and_changes_no_tone(original):
    report = report_on(original)
    answer = plain_words(report).answers[3]
    assert answer.tone.value == "good"
    assert "«4618»" in answer.detail.vi
    assert "Đại học Mẫu" in answer.detail.en


def test_the_stamps_of_one_agency_alone_follow_nobody():
    pdf = signed(typeset("Văn bản"), digits("1534", 127), Step(SEAL, (315, 43, 425, 153)))
    report = report_on(pdf)
    assert additions(report, one_line) == ()
    assert plain_words(report).answers[3].detail.vi


def test_after_a_change_that_is_not_permitted_nothing_is_explained_away(original):
    writer = IncrementalPdfFileWriter(BytesIO(original))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = generic.NumberObject(180)
    writer.update_container(page)
    changed = BytesIO()
    writer.write(changed)
    report = report_on(changed.getvalue())
    assert report.signatures[0].changes_after is ChangesAfter.FORBIDDEN
    assert additions(report, one_line) == ()
    assert "4618" not in plain_words(report).answers[3].detail.vi


def test_a_stamp_cannot_write_into_the_sentence_what_it_is_not():
    number = "1\u202e»/QĐ-X"
    pdf = signed(
        typeset("Văn bản"),
        Step(LEADER, (319, 52, 519, 152)),
        Step(SEAL, (127, 740, 240, 760), f'#"{number}"'),
    )
    for s in additions(report_on(pdf), one_line):
        assert "\u202e" not in s.vi
        assert len(s.vi) < 300
