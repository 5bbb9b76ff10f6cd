import errno
import hashlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from archive.errors import ImmutableObjectError, StoreFullError, StoreUnavailableError
from archive.store.base import read_all
from archive.store.disk import DiskStore


def put(store, key, data):
    store.put_once(key, data, hashlib.sha256(data).hexdigest())


def test_of_two_writers_with_different_bytes_one_wins_and_the_other_is_told(disk):
    results = []

    def write(data):
        try:
            put(disk, "ocfl/x", data)
            results.append(data)
        except ImmutableObjectError:
            results.append(None)

    threads = [threading.Thread(target=write, args=(bytes([n]),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [r for r in results if r is not None]
    assert winners == [read_all(disk, "ocfl/x")]
    assert len(results) == 8


def test_archived_files_are_read_only_and_no_temporary_file_stays(disk, tmp_path):
    put(disk, "ocfl/x", b"x")
    mode = stat.S_IMODE((tmp_path / "objects/ocfl/x").stat().st_mode)
    assert mode == 0o440
    assert list((tmp_path / "objects/staging").iterdir()) == []


def test_a_symbolic_link_in_the_store_is_not_listed(disk, tmp_path):
    put(disk, "ocfl/x", b"x")
    (tmp_path / "objects/ocfl/y").symlink_to("/etc/passwd")
    (tmp_path / "objects/ocfl/z").symlink_to("/etc")
    assert [o.key for o in disk.iterate("")] == ["ocfl/x"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_is_a_clear_problem_and_nothing_half_written(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=True)
    try:
        store = DiskStore(folder)
        put(store, "ocfl/first", b"x" * 1000)
        with pytest.raises(StoreFullError) as caught:
            put(store, "ocfl/second", os.urandom(400_000))
        assert caught.value.retryable
        assert "hết dung lượng" in caught.value.vi
        assert [o.key for o in store.iterate("")] == ["ocfl/first"]
        put(store, "ocfl/second", b"small enough")  # room again: it just works
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_folder_that_cannot_be_made_is_a_clear_problem(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailableError):
        DiskStore(tmp_path / "file" / "objects").put_once(
            "ocfl/x", b"", hashlib.sha256(b"").hexdigest()
        )


def test_a_write_syncs_the_file_before_it_gets_its_name_and_the_folder_after(tmp_path):
    """Seen from the kernel: strace tells in which order fsync and link happen."""
    if subprocess.run(["which", "strace"], capture_output=True, check=False).returncode != 0:
        pytest.skip("strace is not installed: apt install strace")
    script = tmp_path / "put.py"
    script.write_text(
        "import hashlib, sys\nfrom pathlib import Path\nfrom archive.store.disk import DiskStore\n"
        "store = DiskStore(Path(sys.argv[1]))\nprint('begin', flush=True)\n"
        "store.put_once('ocfl/x', b'data', hashlib.sha256(b'data').hexdigest())\n"
    )
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-e", "trace=write,fsync,link,linkat", "-o", str(trace)]
    subprocess.run(
        [*command, sys.executable, str(script), str(tmp_path / "o")],
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
    )
    lines = trace.read_text().partition("begin")[2].splitlines()
    calls = [
        line.split(None, 1)[1].partition("(")[0] + " " + line
        for line in lines
        if "fsync" in line or "link" in line
    ]
    kinds = [
        "file" if "/staging/tmp-" in c and c.startswith("fsync") else c.split()[0] for c in calls
    ]
    link = next(i for i, kind in enumerate(kinds) if kind.startswith("link"))
    assert "file" in kinds[:link]
    assert any(
        k == "fsync" and f"{tmp_path}/o/ocfl>" in c
        for k, c in list(zip(kinds, calls, strict=True))[link:]
    )


def test_an_io_error_names_the_object(disk, tmp_path):
    put(disk, "ocfl/x", b"x")
    (tmp_path / "objects/ocfl/loop").symlink_to("loop")
    with pytest.raises(StoreUnavailableError) as caught:
        disk.open("ocfl/loop")
    assert caught.value.key == "ocfl/loop"
    assert os.strerror(errno.ELOOP) in caught.value.en
