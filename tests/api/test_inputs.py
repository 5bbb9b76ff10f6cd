import io
import os
import zipfile
from pathlib import Path

import pytest

from api.cli.inputs import MissingPathError, UnsoundError, sources

LIMIT = 1 << 20


def made_zip(path, members, *, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as z:
        for name, data in members.items():
            z.writestr(name, data)
    return str(path)


def test_a_directory_gives_its_pdfs_in_byte_order_in_any_case_and_follows_no_link(tmp_path):
    for name in ("b.pdf", "a.PDF", "Z.Pdf", "sub/c.pdf", "note.txt"):
        (tmp_path / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / name).write_bytes(b"x")
    (tmp_path / "outside.pdf").write_bytes(b"x")
    (tmp_path / "d/link.pdf").symlink_to(tmp_path / "outside.pdf")
    (tmp_path / "d/folder").symlink_to(tmp_path)
    names = [os.path.relpath(s.name, tmp_path / "d") for s in sources([str(tmp_path / "d")])]
    assert names == ["Z.Pdf", "a.PDF", "b.pdf", "sub/c.pdf"]


def test_paths_are_named_as_given_and_stand_in_the_order_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.pdf", "a.pdf"):
        Path(name).write_bytes(b"x")
    assert [s.name for s in sources(["./b.pdf", "a.pdf", "./b.pdf"])] == [
        "./b.pdf",
        "a.pdf",
        "./b.pdf",
    ]
    assert [s.name for s in sources(["."])] == ["./a.pdf", "./b.pdf"]


def test_a_missing_path_is_named_before_anything_is_read(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"x")
    with pytest.raises(MissingPathError, match="gone"):
        sources([str(tmp_path / "a.pdf"), str(tmp_path / "gone.pdf")])


def test_a_zip_gives_its_pdf_members_without_touching_the_disk(tmp_path):
    name = made_zip(
        tmp_path / "a.zip", {"../../x.pdf": b"%PDF-1", "y.txt": b"", "z.PDF": b"%PDF-2"}
    )
    found = sources([name])
    assert [s.name for s in found] == [f"{name}!/../../x.pdf", f"{name}!/z.PDF"]
    assert [s.read(LIMIT) for s in found] == [b"%PDF-1", b"%PDF-2"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]


def test_a_zip_bomb_is_refused_unread_and_the_others_are_read(tmp_path):
    noise = os.urandom(1 << 14)
    name = made_zip(tmp_path / "a.zip", {"bomb.pdf": b"\0" * (1 << 20), "ok.pdf": noise})
    bomb, ok = sources([name])
    with pytest.raises(UnsoundError, match=r"file\.limit"):
        bomb.read(1 << 30)
    assert ok.read(LIMIT) == noise


def test_a_zip_whose_entries_overlap_is_refused_as_a_whole(tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a.pdf", b"\0" * 40_000 + os.urandom(700))
        first = z.infolist()[0]
        for i in range(900):  # quoted again and again in the directory, stored once
            again = zipfile.ZipInfo(f"{i}.pdf")
            for field in ("compress_type", "CRC", "compress_size", "file_size", "header_offset"):
                setattr(again, field, getattr(first, field))
            z.filelist.append(again)
    (tmp_path / "a.zip").write_bytes(data.getvalue())
    (whole,) = sources([str(tmp_path / "a.zip")])
    with pytest.raises(UnsoundError, match=r"file\.limit"):
        whole.read(LIMIT)


def test_a_zip_of_too_many_entries_is_one_line(tmp_path):
    name = made_zip(tmp_path / "a.zip", {f"{i}.pdf": b"x" for i in range(1001)})
    (whole,) = sources([name])
    assert whole.name == name
    with pytest.raises(UnsoundError, match=r"file\.limit"):
        whole.read(LIMIT)


def test_a_zip_with_a_flipped_bit_names_the_damaged_member(tmp_path):
    name = made_zip(tmp_path / "a.zip", {"a.pdf": b"A" * 100}, compression=zipfile.ZIP_STORED)
    raw = bytearray((tmp_path / "a.zip").read_bytes())
    raw[raw.index(b"A" * 100) + 5] ^= 1
    (tmp_path / "a.zip").write_bytes(raw)
    with pytest.raises(UnsoundError, match=r"file\.damaged"):
        sources([name])[0].read(LIMIT)


@pytest.mark.parametrize("above", [0, 1])
def test_the_limit_is_exact_to_the_byte_and_the_line_still_has_its_digest(tmp_path, above):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"x" * (100 + above))
    (source,) = sources([str(path)])
    if not above:
        assert source.read(100) == path
        return
    with pytest.raises(UnsoundError) as e:
        source.read(100)
    assert (e.value.reason, e.value.size, len(e.value.sha256)) == ("file.limit", 101, 64)


def test_an_endless_device_is_read_no_further_than_the_limit():
    (source,) = sources(["/dev/zero"])
    with pytest.raises(UnsoundError, match=r"file\.limit"):
        source.read(LIMIT)
