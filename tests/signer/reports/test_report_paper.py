"""The report on paper: read back as a person would, with somebody else's reader."""

import re
import subprocess
from dataclasses import replace

import pytest
import segno
from PIL import Image

from signer.reports.paper import ReportPaper, public_address
from signer.reports.record import with_anchors
from signer.reports.sentence import plain_words
from signer.reports.words import Tone

LETTERS = (
    "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
)
INK = {
    Tone.GOOD: (0x17, 0x60, 0x3A),
    Tone.CAUTION: (0x7D, 0x4A, 0x00),
    Tone.BAD: (0xA1, 0x13, 0x0D),
    Tone.NEUTRAL: (0x48, 0x50, 0x5A),
}


@pytest.fixture(scope="module")
def paper(typesetter):
    return ReportPaper(typesetter)


@pytest.fixture
def read(tmp_path):
    def text(pdf):
        (tmp_path / "a.pdf").write_bytes(pdf)
        said = subprocess.run(
            ["pdftotext", "-layout", tmp_path / "a.pdf", "-"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return said.replace("\u200b", "")

    return text


@pytest.fixture
def draw(tmp_path):
    def picture(pdf, dpi=72):
        (tmp_path / "a.pdf").write_bytes(pdf)
        subprocess.run(
            ["pdftoppm", "-r", str(dpi), "-png", "-singlefile", tmp_path / "a.pdf", tmp_path / "a"],
            check=True,
        )
        return Image.open(tmp_path / "a.png").convert("RGB")

    return picture


def pages(pdf, tmp_path):
    (tmp_path / "b.pdf").write_bytes(pdf)
    said = subprocess.run(
        ["pdfinfo", tmp_path / "b.pdf"], check=True, capture_output=True, text=True
    ).stdout
    return dict(line.split(":", 1) for line in said.splitlines() if ":" in line)


def flat(text):
    return " ".join(text.split())


def test_it_says_the_verdict_the_answers_and_the_reasons(case, paper, read):
    said = flat(read(paper.typeset(case.report)))
    words = plain_words(case.report)
    assert words.verdict.headline.vi in said
    assert words.verdict.headline.en in said
    for answer in words.answers:
        assert answer.question.vi in said
    for finding in words.findings:
        assert finding.remedy.vi.split()[0] in said


def test_it_cites_what_it_was_made_with(case, paper, read):
    report = with_anchors(case.report, case.trust)
    said = read(paper.typeset(report))
    assert report.sha256 in said
    assert report.policy_digest in said
    assert report.software in said
    assert report.trust_digest in said or "không tin cậy chứng thư nào" in said
    for anchor in report.anchors:
        assert anchor.sha256 in said


@pytest.mark.parametrize(
    "name", ["alone", "archived", "altered", "unsigned", "encrypted", "not a pdf", "untrusted"]
)
def test_few_signatures_fit_one_page(cases, paper, tmp_path, name):
    pdf = paper.typeset(with_anchors(cases[name].report, cases[name].trust), name="văn bản.pdf")
    facts = pages(pdf, tmp_path)
    assert facts["Pages"].strip() == "1"
    assert facts["Tagged"].strip() == "yes"
    assert "A4" in facts["Page size"]


def test_six_signatures_and_a_time_stamp_flow_onto_two(cases, paper, tmp_path, read):
    report = cases["several"].report
    assert len(report.signatures) == 7
    pdf = paper.typeset(with_anchors(report, cases["several"].trust))
    assert pages(pdf, tmp_path)["Pages"].strip() == "2"
    said = flat(read(pdf))
    for s in report.signatures:
        assert s.signer.common_name.split("(")[0].strip() in said


@pytest.mark.parametrize(
    ("name", "tone"),
    [
        ("archived", Tone.GOOD),
        ("untrusted", Tone.CAUTION),
        ("altered", Tone.BAD),
        ("unsigned", Tone.NEUTRAL),
    ],
)
def test_the_verdict_has_its_colour_and_no_other(cases, paper, draw, name, tone):
    words = plain_words(cases[name].report)
    assert words.verdict.tone is tone
    picture = draw(paper.typeset(cases[name].report, page="https://vi-du.vn/verify"))
    banner = picture.crop((48, 108, 130, 158))
    colours = {c for n, c in banner.getcolors(1 << 16) if n > 40}
    assert INK[tone] in colours
    assert not colours & {ink for t, ink in INK.items() if t is not tone}


def test_the_shapes_differ_where_colours_cannot_be_seen(cases, paper, draw):
    shapes = set()
    for name in ("archived", "untrusted", "altered", "unsigned"):
        picture = (
            draw(paper.typeset(cases[name].report), dpi=40).convert("L").crop((27, 50, 60, 95))
        )
        shapes.add(picture.point(lambda v: 255 * (v > 150)).tobytes())
    assert len(shapes) == 4


def test_all_vietnamese_letters_are_drawn(cases, paper, read):
    report = cases["alone"].report
    (s,) = report.signatures
    name, agency = LETTERS[:45], LETTERS[45:].upper()
    signer = replace(s.signer, common_name=name, organization=agency)
    said = "".join(
        read(paper.typeset(replace(report, signatures=(replace(s, signer=signer),)))).split()
    )
    for letter in (*name, *agency):
        assert letter in said


def test_the_same_report_gives_the_same_bytes(case, paper):
    assert paper.typeset(case.report) == paper.typeset(case.report)


def test_a_hostile_name_is_text_and_stops_nothing(hostile, paper, read, draw):
    pdf = paper.typeset(hostile, name="/" * 400)
    said = flat(read(pdf))
    assert "#strong[x] $x$ *b* _i_ @a <b> // c" in said
    assert "\u202e" not in said
    # Nothing runs out of the page: the margins stay white.
    margin = draw(pdf).crop((565, 0, 595, 800))
    assert margin.getcolors() == [(30 * 800, (255, 255, 255))]


def test_of_many_anchors_those_relied_on_are_printed_and_the_others_counted(cases, paper, read):
    report = with_anchors(cases["archived"].report, cases["archived"].trust)
    (anchor,) = report.anchors
    others = tuple(replace(anchor, sha256=f"{n:02x}" * 32, origin=f"Gốc {n}") for n in range(20))
    signatures = tuple(replace(s, path=()) for s in report.signatures)
    many = replace(report, anchors=(*others, anchor), signatures=signatures)
    said = flat(read(paper.typeset(many)))
    assert [n for n in range(20) if f"{n:02x}" * 32 in said] == [0, 1, 2, 3]
    assert "+ 17 chứng thư" in said
    relied = (
        replace(report.signatures[0], path=("ab" * 32, anchor.sha256)),
        *report.signatures[1:],
    )
    said = flat(read(paper.typeset(replace(many, signatures=relied))))
    assert anchor.sha256 in said
    assert "00" * 32 not in said
    assert "+ 20 chứng thư" in said


def test_reasons_of_one_kind_share_their_remedy(cases, paper, read):
    report = cases["several"].report
    said = flat(read(paper.typeset(report)))
    words = plain_words(report)
    told = (*words.findings, *words.notes)
    remedies = {f.remedy.vi for f in told}
    assert len(told) > len(remedies)
    for remedy in remedies:
        assert said.count(remedy) == 1


def test_whether_it_is_signed_is_printed_on_it(cases, paper, read):
    report = cases["archived"].report
    assert "không được ký số" in flat(read(paper.typeset(report)))
    signed = flat(read(paper.typeset(report, signed_by="Dịch vụ\u202e Mẫu")))
    assert "được ký số bởi Dịch vụ" in signed
    assert "không được ký số" not in signed


def test_without_a_public_page_there_is_no_code(cases, paper, draw):
    bare = draw(paper.typeset(cases["archived"].report)).crop((480, 30, 548, 62))
    assert bare.getcolors() == [(68 * 32, (255, 255, 255))]


@pytest.mark.parametrize("page", ["https://kiemtra.vi-du.vn/verify", "https://vi-du.vn/?lang=en"])
def test_the_code_leads_to_the_public_page_with_the_digest(cases, paper, draw, page):
    report = cases["archived"].report
    dpi = 400
    picture = draw(paper.typeset(report, page=page), dpi=dpi).convert("L")
    mm = dpi / 25.4
    left, top, side = (210 - 17 - 23) * mm, 13 * mm, 23 * mm
    address = public_address(page, report.sha256)
    wanted = [[bool(v) for v in row] for row in segno.make(address, error="m", micro=False).matrix]
    module = side / len(wanted)
    found = [
        [
            picture.getpixel((round(left + (x + 0.5) * module), round(top + (y + 0.5) * module)))
            < 128
            for x in range(len(wanted))
        ]
        for y in range(len(wanted))
    ]
    assert found == wanted
    assert re.fullmatch(r"https://[^#]+[?&]sha256=[0-9a-f]{64}", address)
