"""Contrast of the palette, computed (WCAG 2.2, success criteria 1.4.3 and 1.4.11)."""

import re

import pytest

from api.web.pages import HERE

CSS = (HERE / "static" / "tokens.css").read_text("utf-8")

TEXT = 4.5
MARK = 3.0
PAIRS = [
    ("ink", "paper", TEXT),
    ("ink", "sheet", TEXT),
    ("soft", "paper", TEXT),
    ("soft", "sheet", TEXT),
    ("ink", "mark", TEXT),
    ("ink", "seal-wash", TEXT),
    ("soft", "seal-wash", TEXT),
    ("on-band", "band", TEXT),
    ("gold", "band", MARK),
    ("seal", "paper", TEXT),
    ("seal", "sheet", TEXT),
    ("on-seal", "seal", TEXT),
    ("edge", "sheet", MARK),
    ("edge", "paper", MARK),
    ("focus", "paper", MARK),
    ("focus", "sheet", MARK),
    *[
        pair
        for tone in ("good", "caution", "bad", "neutral")
        for pair in (
            (tone, "sheet", TEXT),
            (tone, f"{tone}-wash", TEXT),
            (tone, "paper", TEXT),
            ("ink", f"{tone}-wash", TEXT),
        )
    ],
]


def palette(css):
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", css))


DAY = palette(CSS.split("@media")[0])
NIGHT = DAY | palette(CSS.split("@media")[1])


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_formula_is_the_standards():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", [DAY, NIGHT], ids=["day", "night"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS, ids=str)
def test_what_must_be_read_stands_out(colours, front, back, least):
    assert contrast(colours[front], colours[back]) >= least


def test_the_development_banner_can_be_read():
    css = (HERE / "static" / "app.css").read_text("utf-8")
    rule = re.search(r"\.development \{(.*?)\}", css, re.DOTALL)[1]
    assert (
        contrast(
            re.search(r"[^-]color: (#\w+)", rule)[1], re.search(r"background: (#\w+)", rule)[1]
        )
        >= 7
    )


def test_every_colour_in_use_is_in_the_palette_or_looked_at_here():
    # The page of a document is white in the dark as well; what lies on it keeps its own colours.
    known = {
        "#fff",
        "#000",
        "#333",
        "#999",
        "#ffe49b",
        "#3b2a00",
        "#8f1a13",
        "#0b57a4",
        "#17603a",
        "#7d4a00",
        "#a1130d",
        "#48505a",
    }
    for name in ("app.css", "screens.css"):
        used = set(re.findall(r"#[0-9a-fA-F]{3,8}\b", (HERE / "static" / name).read_text("utf-8")))
        assert used <= known, used - known
