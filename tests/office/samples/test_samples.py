"""The sample documents look like official ones, and say on every page that they are not."""

import io
import json
import re
import subprocess
import unicodedata

import pikepdf
import pytest

from office.samples import FOLDER, SIX_FIELDS, names, sample
from signer.pagetext import READ_TEXT, TextRequest
from signer.sandbox import Sandbox
from signer.typeset import Typesetter

LETTERS = sorted(
    {
        unicodedata.normalize("NFC", base + mark)
        for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
        for mark in ("\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
    }
    | set("ăâđêôơưĂÂĐÊÔƠƯ")
)


@pytest.fixture(scope="module")
def typesetter():
    return Typesetter()


@pytest.fixture(scope="module")
def papers(typesetter):
    return {name: sample(name, typesetter) for name in names()}


@pytest.fixture(scope="module")
def texts(papers):
    with Sandbox() as box:
        yield {
            name: box.run(READ_TEXT, TextRequest(), pdf=paper.pdf) for name, paper in papers.items()
        }


def flat(text):
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).casefold()


def test_there_are_twelve_of_twelve_kinds(papers):
    kinds = {paper.metadata["loai_van_ban"] for paper in papers.values()}
    assert len(papers) == len(kinds) == 12
    numbers = {paper.metadata["so_ky_hieu"] for paper in papers.values()}
    assert len(numbers) == 12


def test_the_six_fields_are_on_the_paper(papers, texts):
    for name, paper in papers.items():
        said = flat(" ".join(page.text for page in texts[name].pages))
        fields = paper.metadata
        assert set(fields) == set(SIX_FIELDS)
        assert f"số: {fields['so_ky_hieu']}".casefold() in said, name
        assert flat(fields["trich_yeu"]) in said, name
        assert flat(fields["nguoi_ky"]) in said, name
        year, month, day = fields["ngay_ban_hanh"].split("-")
        month = month if int(month) <= 2 or int(month) >= 10 else str(int(month))
        assert f"ngày {day} tháng {month} năm {year}" in said, name
        if fields["loai_van_ban"] != "Công văn":
            assert flat(fields["loai_van_ban"]) in said, name


def test_the_metadata_file_is_what_ingest_takes(papers):
    for name, paper in papers.items():
        facts = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        assert {key: facts[key] for key in SIX_FIELDS} == paper.metadata


def test_every_page_says_that_it_is_a_sample(texts):
    for text in texts.values():
        assert 1 <= text.page_count <= 4
        for page in text.pages:
            assert "không có giá trị pháp lý" in flat(page.text)


def test_the_page_number_is_shown_from_the_second_page_on(texts):
    for text in texts.values():
        for page in text.pages:
            top = [w for w in page.words if w.y1 > page.height - 57 and w.text.isdigit()]
            centred = [w for w in top if abs((w.x1 + w.x2) / 2 - page.width / 2) < 30]
            assert [w.text for w in centred] == ([str(page.page)] if page.page > 1 else [])


def test_the_place_of_the_signature_is_free_and_above_the_name(papers, texts):
    for name, paper in papers.items():
        box = paper.signature
        page = texts[name].pages[box.page - 1]
        inside = [
            w.text
            for w in page.words
            if w.x1 < box.x2 and w.x2 > box.x1 and w.y1 < box.y2 and w.y2 > box.y1
        ]
        assert inside == [], name
        below = " ".join(
            w.text
            for w in page.words
            if box.y1 - 24 < w.y1 < box.y1 and box.x1 - 40 < w.x1 < box.x2 + 40
        )
        assert flat(paper.metadata["nguoi_ky"]) in flat(below), name


def test_they_are_tagged_pdf_a(papers):
    for paper in papers.values():
        with pikepdf.open(io.BytesIO(paper.pdf)) as pdf, pdf.open_metadata() as xmp:
            assert (xmp["pdfaid:part"], xmp["pdfaid:conformance"]) == ("2", "B")
            assert pdf.Root.MarkInfo.Marked
            assert str(pdf.Root.Lang) == "vi-VN"


@pytest.mark.parametrize("machine_fonts", [True, False], ids=["machine", "bundled"])
def test_every_vietnamese_letter_is_drawn(tmp_path, machine_fonts):
    assert len(LETTERS) == 134
    template = tmp_path / "letters.typ"
    template.write_text(
        "#let d = json(bytes(sys.inputs.data))\n"
        "#set text(font: d.faces.first(), fallback: false)\n"
        '#for (w, s) in ((400, "normal"), (700, "normal"), (400, "italic"), (700, "italic"))'
        " [#text(weight: w, style: s, d.letters) #pagebreak(weak: true)]\n"
    )
    setter = Typesetter(machine_fonts=machine_fonts)
    (tmp_path / "l.pdf").write_bytes(setter.typeset(template, {"letters": " ".join(LETTERS)}))
    said = subprocess.run(
        ["pdftotext", str(tmp_path / "l.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    pages = [unicodedata.normalize("NFC", page) for page in said.split("\f")[:4]]
    assert len(pages) == 4
    for page in pages:
        assert set(LETTERS) - set(page) == set()


def test_what_looks_like_markup_stays_text(tmp_path, typesetter):
    template = tmp_path / "name.typ"
    template.write_text("#json(bytes(sys.inputs.data)).name")
    name = '#panic("x") *đậm* $1$ @a <b> \\ " #import "x"'
    (tmp_path / "n.pdf").write_bytes(typesetter.typeset(template, {"name": name}))
    said = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "n.pdf"), "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert name.replace('"', "") in said.replace('"', "").replace("“", "").replace("”", "")
