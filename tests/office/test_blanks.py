"""Where number, date and three signatures go on the page, as the page itself tells."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "signer" / "sequence"))

from blank_papers import blank_paper

from office.blanks import blanks
from office.samples import names, sample
from signer.fields import FieldUse
from signer.pagetext import READ_TEXT, TextRequest
from signer.sandbox import Sandbox
from signer.typeset import Typesetter


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as box:
        yield box


def found(sandbox, pdf):
    return blanks(sandbox.run(READ_TEXT, TextRequest(), pdf=pdf))


@pytest.mark.parametrize(
    ("number", "date", "uses", "year"),
    [
        ("[Số: #h(34pt)/QĐ-UBND]", "[Lam Mẫu, ngày #h(22pt) tháng #h(22pt) năm 2026]", "NDM", 2026),
        ("[Số: ........../QĐ-UBND]", "[Lam Mẫu, ngày ..... tháng ..... năm 2026]", "NDM", 2026),
        ("[Số:……/QĐ-UBND]", "[Lam Mẫu, ngày …… tháng …… năm 2026]", "NDM", 2026),
        ("[Số: #h(34pt)-QĐ/ĐU]", "[Lam Mẫu, ngày #h(22pt) tháng 10 năm 2026]", "ND", 2026),
        ("[Số: #h(34pt)/QĐ-UBND]", "[Lam Mẫu, ngày #h(22pt) tháng #h(22pt) năm #h(30pt)]", "NDMY",
         None),
        ("[Số: 125/QĐ-UBND]", "[Lam Mẫu, ngày 09 tháng 3 năm 2026]", "", 2026),
        ("[Số: /QĐ-UBND]", "[Lam Mẫu, ngày tháng năm 2026]", "", 2026),
    ],
)  # fmt: skip
def test_blanks_are_found_however_they_are_drawn(sandbox, tmp_path, number, date, uses, year):
    pdf = blank_paper(tmp_path / "typ", number=number, date=date)
    seen = found(sandbox, pdf)
    letters = {
        FieldUse.NUMBER: "N",
        FieldUse.DAY: "D",
        FieldUse.MONTH: "M",
        FieldUse.YEAR: "Y",
    }
    assert "".join(letters[f.use] for f in seen.fields if f.use in letters) == uses
    assert seen.printed_year == year


@pytest.mark.parametrize("name", names())
def test_the_signature_goes_where_the_typesetter_left_room_for_it(sandbox, name):
    """On every sample, whatever the capacity (CHỦ TỊCH, TM., KT., TL.), the box meets its place."""
    made = sample(name, Typesetter())
    leader = found(sandbox, made.pdf).get(FieldUse.LEADER)
    if name.startswith("11-"):
        assert leader is None  # minutes: two sign beside each other, a person must say who
        return
    assert leader is not None
    assert leader.box.page == made.signature.page
    middle = (leader.box.x1 + leader.box.x2) / 2
    assert middle == pytest.approx((made.signature.x1 + made.signature.x2) / 2, abs=3)
    assert made.signature.y1 - 8 <= leader.box.y1 < leader.box.y2 <= made.signature.y2 + 8


@pytest.mark.parametrize("name", names())
def test_nothing_that_is_proposed_covers_a_word(sandbox, name):
    """But the seal, which stands over the signature and may touch the title or the name."""
    made = sample(name, Typesetter())
    text = sandbox.run(READ_TEXT, TextRequest(), pdf=made.pdf)
    for field in blanks(text).fields:
        if field.use is FieldUse.SEAL:
            continue
        box = field.box
        page = next(p for p in text.pages if p.page == box.page)
        assert [
            w.text
            for w in page.words
            if w.x1 < box.x2 and w.x2 > box.x1 and w.y1 < box.y2 and w.y2 > box.y1
        ] == []


def test_a_page_without_any_of_it_gets_no_proposal(sandbox):
    import io

    import pikepdf

    pdf = pikepdf.Pdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    out = io.BytesIO()
    pdf.save(out)
    assert found(sandbox, out.getvalue()).fields == ()


def test_on_a_page_with_another_unit_everything_is_scaled_with_it(sandbox, tmp_path):
    text = sandbox.run(READ_TEXT, TextRequest(), pdf=blank_paper(tmp_path / "typ"))
    plain = blanks(text)
    scaled = blanks(text, [2.0] * text.page_count)
    assert [f.use for f in scaled.fields] == [f.use for f in plain.fields]
    for a, b in zip(plain.fields, scaled.fields, strict=True):
        assert (2 * a.box.x1, 2 * a.box.y2, 2 * a.size) == (b.box.x1, b.box.y2, b.size)
