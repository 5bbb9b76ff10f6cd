"""Small files are there whole or not at all, whatever fails."""

import stat
import subprocess
import sys

import pytest

from certs.files import PRIVATE, PUBLIC, write_file, write_folder

# The limit on file size makes the kernel take the first bytes and refuse the rest, like a full disk.
FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from certs.files import write_file, write_folder
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
folder = Path(sys.argv[1])
try:
    {call}
except OSError as exc:
    print(type(exc).__name__, exc.errno)
"""


def on_a_full_disk(call, folder):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK.format(call=call), folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "OSError 27\n", done.stderr


def test_a_file_replaced_on_a_full_disk_keeps_its_old_content(tmp_path):
    write_file(tmp_path / "a", b"old")
    on_a_full_disk('write_file(folder / "a", b"x" * 100)', tmp_path)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_folder_made_on_a_full_disk_does_not_exist(tmp_path):
    on_a_full_disk(
        'write_folder(folder / "a", {"small": (b"x", 0o600), "big": (b"x" * 100, 0o600)})', tmp_path
    )
    assert list(tmp_path.iterdir()) == []
    write_folder(tmp_path / "a", {"big": (b"x" * 100, PUBLIC)})  # and a retry goes through
    assert (tmp_path / "a/big").read_bytes() == b"x" * 100


def test_a_folder_is_never_replaced(tmp_path):
    write_folder(tmp_path / "a", {"f": (b"first", PUBLIC)})
    with pytest.raises(FileExistsError):
        write_folder(tmp_path / "a", {"f": (b"second", PUBLIC)})
    assert (tmp_path / "a/f").read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_secret_is_never_readable_by_others_even_for_a_moment(tmp_path):
    write_file(tmp_path / "s", b"secret", PRIVATE)
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    write_folder(tmp_path / "a", {"s": (b"secret", PRIVATE)})
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
