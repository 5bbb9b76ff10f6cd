"""Appearances as Nghị định 30/2020 prescribes them, and none invented for a real person."""

import io
import subprocess
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageDraw

from certs.model import IdentityPurpose, SigningIdentity
from signer.appearance import (
    LEADER_SIZE,
    SEAL_SIDE,
    AppearanceArtist,
    AppearanceKind,
    iso_time,
)
from signer.specimen import specimen_svg
from signer.typeset import Typesetter

AT = datetime(2026, 11, 21, 19, 5, 9, 123456, tzinfo=UTC)


@pytest.fixture(scope="module")
def artist():
    return AppearanceArtist(Typesetter())


def identity(name="Nguyễn Văn Mẫu", agency="UBND xã Lam Mẫu (PHÁT TRIỂN)", *, development=True):
    return SigningIdentity(
        id="x", purpose=IdentityPurpose.LEADER, certificate=b"", chain=(), common_name=name,
        organization=agency, not_before=AT, not_after=AT, development=development,
    )  # fmt: skip


def text_of(art, tmp_path):
    (tmp_path / "a.pdf").write_bytes(art.pdf)
    return subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "a.pdf"), "-"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def ink(art, tmp_path):
    """The colours drawn, without the paper."""
    (tmp_path / "a.pdf").write_bytes(art.pdf)
    subprocess.run(
        ["pdftoppm", "-r", "144", "-png", "-singlefile", str(tmp_path / "a.pdf"),
         str(tmp_path / "a")],
        check=True,
    )  # fmt: skip
    image = Image.open(tmp_path / "a.png").convert("RGB")
    return {c for n, c in image.getcolors(1 << 20) if c != (255, 255, 255) and n > 3}


def test_no_appearance_is_drawn_when_none_is_wanted(artist):
    assert artist.draw(AppearanceKind.NONE, identity(), at=AT) is None


def test_a_seal_is_red_as_large_as_a_real_one_and_says_what_it_is_worth(artist, tmp_path):
    art = artist.draw(AppearanceKind.SEAL, identity(), at=AT)
    assert (art.width, art.height) == (SEAL_SIDE, SEAL_SIDE)
    assert pytest.approx(102, abs=0.1) == SEAL_SIDE  # 36 mm
    assert all(red > green and red > blue for red, green, blue in ink(art, tmp_path))
    said = "".join(text_of(art, tmp_path).split())
    for letter in "KHÔNGCÓGIÁTRỊPHÁPLÝ":
        assert letter in said
    assert "LAMMẪU" in said
    assert "UBNDXÃ" in said


@pytest.mark.parametrize(
    "agency",
    ["A", "Sở Khoa học và Công nghệ", "Ban Quản lý các khu công nghiệp và khu kinh tế tỉnh " * 2],
)
def test_a_seal_holds_any_name(artist, agency):
    artist.draw(AppearanceKind.SEAL, identity(agency=agency), at=AT)


def test_a_signature_is_blue_and_bears_no_text(artist, tmp_path):
    art = artist.draw(AppearanceKind.LEADER, identity(), at=AT)
    assert (art.width, art.height) == LEADER_SIZE
    assert all(blue >= red for red, _, blue in ink(art, tmp_path))
    assert text_of(art, tmp_path).strip() == ""


def test_a_specimen_belongs_to_its_name():
    one = specimen_svg("Nguyễn Văn Mẫu", 124, 66)
    assert one == specimen_svg("Nguyễn Văn Mẫu", 124, 66)
    assert one != specimen_svg("Trần Thị Thử", 124, 66)


@pytest.mark.parametrize("kind", [AppearanceKind.LEADER, AppearanceKind.SEAL])
def test_no_image_is_invented_for_somebody_real(artist, tmp_path, kind):
    art = artist.draw(kind, identity(agency="Sở Nội vụ", development=False), at=AT)
    said = text_of(art, tmp_path)
    assert ("Sở Nội vụ" if kind is AppearanceKind.SEAL else "Nguyễn Văn Mẫu") in said
    assert "2026-11-22T02:05:09+07:00" in said
    assert all(max(c) - min(c) < 8 for c in ink(art, tmp_path))  # black and its greys


def test_the_uploaded_image_is_used_and_stays_transparent(artist, tmp_path):
    picture = Image.new("RGBA", (300, 150), (0, 0, 0, 0))
    ImageDraw.Draw(picture).line((20, 130, 280, 20), fill=(10, 20, 200, 255), width=9)
    out = io.BytesIO()
    picture.save(out, "PNG")
    art = artist.draw(
        AppearanceKind.LEADER, identity(development=False), at=AT, image=out.getvalue()
    )
    assert (10, 20, 200) in ink(art, tmp_path)
    assert b"/SMask" in art.pdf
    assert text_of(art, tmp_path).strip() == ""


def test_time_is_vietnams_with_its_offset():
    assert iso_time(AT) == "2026-11-22T02:05:09+07:00"
