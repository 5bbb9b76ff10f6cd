"""`antin issue` as people run it: one finished file in, one numbered and sealed document out."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "signer" / "sequence"))

from blank_papers import blank_paper

from api.cli.terms import VIETNAM
from api.settings import load
from api.wiring import build
from certs.identities.software import DEVELOPMENT_PIN

ROOT = Path(__file__).parents[2]
PEOPLE = ("--leader", "lanh-dao-1", "--seal", "con-dau")
KEYS = {
    "file", "out", "sha256", "number", "so_ky_hieu", "ngay_ban_hanh", "record_id", "level", "seconds",
}  # fmt: skip


def today():
    return datetime.now(VIETNAM).date()


@pytest.fixture(scope="module")
def drafts(tmp_path_factory):
    """Two decisions of this year as they leave the typist, number and date blank."""
    folder = tmp_path_factory.mktemp("drafts")
    made = []
    for turn, width in enumerate(("34pt", "35pt"), 1):
        path = folder / f"du-thao-{turn}.pdf"
        path.write_bytes(
            blank_paper(
                folder / "typ",
                number=f"[Số: #h({width})/QĐ-UBND]",
                date=f"[#tb.dia_danh, ngày #h(22pt) tháng #h(22pt) năm {today().year}]",
            )
        )
        made.append(path)
    return tuple(made)


def told(done):
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    return json.loads(line)


def ledger(data):
    """What went out, or is about to: number and state."""
    path = data / "antin.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT number, state FROM register_entries WHERE book = 'di' ORDER BY number"
        ).fetchall()


def refused(done, status):
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) >= 2
    return done.stderr


def test_two_documents_go_out_with_the_next_number_each(antin, data, drafts, tmp_path):
    day = today()
    first = told(
        antin(
            "issue", "--json", "--data", data, *PEOPLE, "--initials", "can-bo",
            "--out", tmp_path / "mot.pdf", drafts[0],
        )
    )  # fmt: skip
    assert first.keys() == KEYS
    assert (first["number"], first["so_ky_hieu"], first["level"]) == (1, "01/QĐ-UBND", "B-LT")
    assert day <= datetime.fromisoformat(first["ngay_ban_hanh"]).date() <= day + timedelta(days=1)
    root = data / "dev-pki" / "root.pem"
    verdict = told(antin("verify", "--json", "--data", data, "--trust", root, first["out"]))
    assert (verdict["integrity"], verdict["indication"]) == ("INTACT", "TOTAL-PASSED")
    assert verdict["sha256"] == first["sha256"]
    signatures = [s for s in verdict["signatures"] if s["kind"] == "signature"]
    assert len(signatures) == 3
    assert {s["indication"] for s in signatures} == {"TOTAL-PASSED"}

    second = told(
        antin("issue", "--json", "--data", data, *PEOPLE, "--out", tmp_path / "hai.pdf", drafts[1])
    )
    assert (second["number"], second["so_ky_hieu"]) == (2, "02/QĐ-UBND")
    assert ledger(data) == [(1, "issued"), (2, "issued")]

    got = tmp_path / "lay-ra.pdf"
    assert antin("get", "--data", data, first["record_id"], "--out", got).returncode == 0
    assert got.read_bytes() == Path(first["out"]).read_bytes()

    people = antin("issue", "--data", data, *PEOPLE, "--out", tmp_path / "ba.pdf", drafts[1])
    assert people.returncode == 0
    assert people.stdout == ""
    for said in ("02/QĐ-UBND", second["record_id"], second["sha256"]):
        assert said in people.stderr
    assert (tmp_path / "ba.pdf").read_bytes() == (tmp_path / "hai.pdf").read_bytes()
    assert ledger(data) == [(1, "issued"), (2, "issued")]

    other = antin(
        "issue", "--data", data, "--leader", "lanh-dao-2", "--seal", "con-dau",
        "--out", tmp_path / "bon.pdf", drafts[1],
    )  # fmt: skip
    assert "người khác" in refused(other, 1)
    assert ledger(data) == [(1, "issued"), (2, "issued")]


def test_killed_when_its_number_is_reserved_and_run_again(antin, data, drafts, tmp_path):
    out = tmp_path / "ra.pdf"
    arguments = ["issue", "--json", "--data", data, *PEOPLE, "--out", out, drafts[0]]
    with build(load(data)) as house:
        house.archive.ping()  # the schema is there to be read from now on
    with subprocess.Popen(
        [sys.executable, "-m", "api", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        while not ledger(data) and running.poll() is None:
            time.sleep(0.005)
        running.send_signal(signal.SIGKILL)
    # Mostly "reserved"; a busy machine may let it get further before it dies, never to a second.
    assert [number for number, _ in ledger(data)] == [1]
    assert told(antin(*arguments))["number"] == 1
    assert out.exists()
    assert ledger(data) == [(1, "issued")]


@pytest.mark.parametrize("wrong", ["leader", "seal", "initials"])
def test_nobody_by_that_name_leaves_no_number(antin, data, drafts, tmp_path, wrong):
    who = {"leader": "lanh-dao-1", "seal": "con-dau", "initials": "can-bo"} | {wrong: "khong-ai"}
    named = [text for key, value in who.items() for text in (f"--{key}", value)]
    out = tmp_path / "ra.pdf"
    done = antin("issue", "--json", "--data", data, *named, "--out", out, drafts[0])
    assert "khong-ai" in refused(done, 1)
    assert not out.exists()
    assert ledger(data) == []


@pytest.mark.parametrize("turn", ["leader", "seal"])
def test_a_wrong_pin_leaves_no_number_and_the_right_one_issues(antin, data, drafts, tmp_path, turn):
    files = {}
    for name, pin in (("dung", DEVELOPMENT_PIN), ("sai", "canary-7")):
        files[name] = tmp_path / name
        files[name].write_text(pin + "\n", "utf-8")
    theirs = {"leader": "lanh-dao-1", "seal": "con-dau"}[turn]
    out = tmp_path / "ra.pdf"
    common = ("issue", "--json", "--data", data, *PEOPLE, "--out", out)
    right = ("--pin-file", files["dung"])
    done = antin(*common, *right, "--pin-file", f"{theirs}={files['sai']}", drafts[0])
    assert "canary" not in refused(done, 1)
    assert "PIN" in done.stderr
    assert not out.exists()
    assert ledger(data) == []
    done = antin(*common, *right, drafts[0])
    assert told(done)["number"] == 1
    assert ledger(data) == [(1, "issued")]


def test_the_seal_does_not_sign_for_the_leader(antin, data, drafts, tmp_path):
    done = antin(
        "issue", "--data", data, "--leader", "con-dau", "--seal", "con-dau",
        "--out", tmp_path / "ra.pdf", drafts[0],
    )  # fmt: skip
    assert "bước này" in refused(done, 1)
    assert ledger(data) == []


def test_a_document_without_a_place_for_its_number_is_refused(antin, data, papers, tmp_path):
    done = antin("issue", "--data", data, *PEOPLE, "--out", tmp_path / "ra.pdf", papers[0])
    refused(done, 1)
    assert ledger(data) == []


@pytest.mark.parametrize(
    "wrong",
    [
        ("--level", "B-X"),
        ("--book", "den"),
        ("--out", "khong/co/ra.pdf"),
        ("--pin-file", "khong-co"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_made(antin, data, drafts, tmp_path, wrong):
    made = sorted(data.rglob("*"))
    done = antin("issue", "--data", data, *PEOPLE, "--out", tmp_path / "ra.pdf", *wrong, drafts[0])
    refused(done, 64)
    assert sorted(data.rglob("*")) == made


def test_the_draft_itself_is_not_written_over(antin, data, drafts):
    before = drafts[0].read_bytes()
    refused(antin("issue", "--data", data, *PEOPLE, "--out", drafts[0], drafts[0]), 64)
    assert drafts[0].read_bytes() == before


def test_help_is_vietnamese_first(antin):
    said = antin("issue", "--help").stdout
    assert said.index("Phát hành văn bản") < said.index("Issue a document")
