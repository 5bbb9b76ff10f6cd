"""The passage that shows why a record was found, where the page itself is full of dots."""

import pytest

from archive.catalogue.searchindex import Clause
from archive.catalogue.snippets import snippet
from archive.model import DocumentMetadata

LONG = "một hai ba bốn năm sáu bảy tám chín mười " * 3


def shown(text):
    found = snippet(DocumentMetadata(), [(1, text)], [Clause(words=("vang",))])
    assert [s.text for s in found[1] if s.hit] == ["vàng"]
    return "".join(s.text for s in found[1])


@pytest.mark.parametrize(
    "text",
    [
        f"{LONG} ……… vàng ...... {LONG}",
        f"{LONG} vàng {LONG}",
        f"{LONG[:120]}…… bốn năm sáu bảy tám chín vàng . . . . . . {LONG}",
        "Số: ....../QĐ ………………… vàng, ngày ... tháng ... năm ....",
    ],
)
def test_dots_never_stand_beside_dots(text):
    said = shown(text)
    assert "……" not in said
    assert "… …" not in said
    assert "..." not in said
    assert "  " not in said


def test_what_is_left_out_is_marked_on_both_sides():
    said = shown(f"{LONG} vàng {LONG}")
    assert said.startswith("… ")
    assert said.endswith("…")
    assert shown("vàng. Hết.") == "vàng. Hết."
