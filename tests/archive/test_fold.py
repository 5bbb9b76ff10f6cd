import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.catalogue.fold import bears_marks, clean, fold, key, marked, words

LETTERS = (
    "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
)


def test_every_vietnamese_letter_folds_to_plain_ascii():
    assert "".join(fold(c)[0] for c in LETTERS).isascii()
    assert all(fold(c.upper()) == fold(c) == fold(unicodedata.normalize("NFD", c)) for c in LETTERS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hoà", "hòa"),
        ("Thuỷ", "Thủy"),
        ("ỦY BAN", "uỷ ban"),
        ("ĐẶNG", "dang"),
        ("Ðông", "Đông"),
        ("05/SY-UBND", "5/sy-ubnd"),
        ("ﬁnal", "final"),
        ("quy\u00adết", "quyết"),
        ("ＵＢＮＤ", "ubnd"),
    ],
)
def test_two_ways_to_write_one_thing(one, other):
    assert fold(one) == fold(other)


def test_a_number_is_its_parts_in_order():
    assert fold("345/QĐ-UBND") == ["345", "qd", "ubnd"]
    assert fold("384-QĐ/TW") == ["384", "qd", "tw"]
    assert fold("000") == ["0"]
    assert fold("12a") == ["12a"]


def test_the_marked_word_does_not_care_where_the_tone_is_written():
    assert marked("hoà") == marked("hòa") == marked("HÒA")
    assert marked("uỷ") == marked("ủy")
    assert marked("hoà") != marked("hoá")
    assert marked("dân") != marked("dan") != marked("đan")


def test_accents_are_noticed():
    assert bears_marks("quyết định")
    assert bears_marks(unicodedata.normalize("NFD", "quyết"))
    assert bears_marks("di dong Đ")
    assert not bears_marks("quyet dinh 345/qd")


def test_a_key_can_be_searched_for_whole_words():
    assert key("UBND tỉnh Nghệ An") == " ubnd tinh nghe an "
    assert key(None) == key("  ") == ""


@given(st.text())
def test_words_stand_where_they_say_and_fold_to_what_they_say(text):
    found = list(words(text))
    assert [w.folded for w in found] == fold(text)
    for word in found:
        assert word.folded in fold(text[word.start : word.end])
    assert all(a.start <= b.start for a, b in itertools.pairwise(found))


@given(st.text())
def test_folding_what_is_folded_changes_nothing(text):
    folded = fold(text)
    assert fold(" ".join(folded)) == folded


@given(st.text(st.characters(max_codepoint=0xFFFF)))
def test_composed_and_decomposed_text_fold_alike(text):
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@given(st.text())
def test_no_folded_word_can_break_out_of_a_query(text):
    for word in [*fold(text), *marked(text)]:
        assert not set(word) & set("'\"\\:*&|!()<> \t\n\x00%_")


def test_what_databases_cannot_hold_is_replaced():
    assert clean("a\x00b\ud800c") == "a\ufffdb?c"
    clean("a\ud83d\ude00").encode()
