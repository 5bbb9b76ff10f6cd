import contextlib
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.limits import NESTING
from signer.validation.lexer import LexError, Name, Ref, Stream, read_object, read_value, unhex

regular = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#()<>[]{}/%"),
    min_size=1,
    max_size=8,
)
values = st.recursive(
    st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.binary(max_size=20)
    | st.builds(lambda n: Name("/" + n), regular)
    | st.builds(Ref, st.integers(1, 99999), st.integers(0, 9)),
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(regular.map(lambda n: "/" + n), inner, max_size=4)
    ),
    max_leaves=20,
)


def written(value, rnd) -> bytes:  # noqa: PLR0911 - one way out per kind of value
    gap = rnd.choice([b" ", b"\n", b"\r\n", b" % c\n"])
    match value:
        case bool():
            return b"true" if value else b"false"
        case Ref():
            return b"%d %d R" % value
        case int():
            return b"%d" % value
        case Name():
            return value.encode()
        case bytes():
            if rnd.random() < 0.5:
                return b"<" + value.hex().encode() + b">"
            escaped = value.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
            return b"(" + escaped.replace(b"\r", b"\\r") + b")"
        case tuple():
            return b"[" + gap.join(written(v, rnd) for v in value) + b"]"
        case dict():
            return (
                b"<<"
                + gap.join(k.encode() + gap + written(v, rnd) for k, v in value.items())
                + b">>"
            )


@given(values, st.integers())
def test_what_is_written_is_read(value, seed):
    rnd = random.Random(seed)  # noqa: S311 - which spelling, not a secret
    raw = written(value, rnd)
    anomalies = []
    got, end = read_value(b" " + raw + b" endobj", 0, anomalies)
    assert got == value
    assert type(got) is type(value)
    assert end == len(raw) + 1
    assert anomalies == []


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_do_anything_but_answer_or_refuse(raw):
    with contextlib.suppress(LexError):
        read_object(b"1 0 obj\n" + raw, 0, lambda _: None)


def test_nesting_is_refused_beyond_the_limit_and_nothing_recurses():
    read_value(b"[" * NESTING + b"]" * NESTING, 0, [])
    with pytest.raises(LexError):
        read_value(b"[" * 100_000, 0, [])


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (rb"(a\(b\)c)", b"a(b)c"),
        (rb"(a(b)c)", b"a(b)c"),
        (rb"(\101\7z)", b"A\x07z"),
        (b"(a\\\r\nb)", b"ab"),
        (b"(a\r\nb)", b"a\nb"),
        (b"<4 1 4>", b"A@"),
        (b"/A#20B", Name("/A B")),
        (b"-.5", Decimal("-0.5")),
        (b"+17.", Decimal("17.")),
    ],
)
def test_the_corners_of_the_syntax(raw, value):
    assert read_value(raw + b" ", 0, [])[0] == value


def test_a_key_given_twice_is_written_down_and_the_first_counts():
    anomalies = []
    got, _ = read_value(b"<</A 1/A 2>>", 0, anomalies)
    assert got == {"/A": 1}
    assert anomalies == ["duplicate-key"]


def test_a_stream_with_a_wrong_length_is_found_by_its_end_and_noted():
    p = read_object(b"1 0 obj<</Length 99>>stream\nhello\nendstream endobj", 0, lambda _: None)
    assert isinstance(p.value, Stream)
    assert bytes(p.value.data) == b"hello\n"
    assert p.anomalies == ["length"]


def test_odd_hexadecimal_ends_with_a_zero():
    assert unhex(b"abc") == b"\xab\xc0"
