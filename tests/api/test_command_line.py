"""The command line as other programs meet it: processes, exit statuses, JSON Lines."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from api import VERSION

ROOT = Path(__file__).parents[2]
LINE = {
    "file", "sha256", "bytes", "seconds", "integrity", "indication", "reasons", "signatures", "extracted",
}  # fmt: skip
SIX = {"so_ky_hieu", "ngay_ban_hanh", "co_quan_ban_hanh", "loai_van_ban", "trich_yeu", "nguoi_ky"}


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def both_languages(done):
    """Whatever went wrong is said in Vietnamese first, then in English, without a traceback."""
    said = done.stderr.strip().splitlines()
    assert len(said) >= 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def signed(antin, installed, papers, tmp_path_factory):
    """One paper, signed without time-stamp."""
    out = tmp_path_factory.mktemp("signed") / "signed.pdf"
    done = antin(
        "sign",
        "--data",
        installed,
        "--identity",
        "lanh-dao-1",
        "--level",
        "B-B",
        "--out",
        out,
        papers[0],
    )
    assert done.returncode == 0, done.stderr
    return out


def test_the_version_is_the_projects(antin):
    assert antin("--version").stdout == f"Ấn Tín {VERSION}\n"
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text()


# -- verify


def test_one_line_per_file_in_the_order_given(antin, papers, signed, tmp_path):
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"MZ")
    done = antin("verify", "--json", "--offline", signed, bad, papers[1], signed)
    told = lines(done)
    assert [t["file"] for t in told] == [str(signed), str(bad), str(papers[1]), str(signed)]
    assert all(t.keys() >= LINE for t in told)
    assert [t["integrity"] for t in told] == ["INTACT", "UNREADABLE", "UNSIGNED", "INTACT"]
    assert told[1]["extracted"] is None
    assert told[2]["extracted"].keys() == SIX
    (signature,) = told[0]["signatures"]
    assert signature["kind"] == "signature"
    assert signature["integrity"] == "INTACT"
    assert done.returncode == 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_jobs_change_the_time_not_the_order(antin, papers, signed, jobs):
    many = [signed, *papers, signed, *papers]
    done = antin("verify", "--json", "--offline", "--no-read", "--jobs", jobs, *many)
    assert [t["file"] for t in lines(done)] == [str(f) for f in many]
    assert all(t["extracted"] is None for t in lines(done))
    assert done.returncode == 2


def test_verify_makes_no_data_directory(antin, papers, tmp_path):
    done = antin("verify", "--json", papers[0], env={"PWD": str(tmp_path)})
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_verify_does_not_load_what_it_does_not_need(papers):
    code = (
        "import sys; from api.__main__ import main\n"
        f"main(['verify', '--json', '--offline', {str(papers[0])!r}])\n"
        "heavy = {'sqlalchemy', 'fastapi', 'minio', 'pyhanko', 'pikepdf', 'pypdfium2', 'huey'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["verify"],
        ["verify", "/nowhere/a.pdf"],
        ["verify", "--no-such-option"],
        ["verify", "--at", "yesterday", "/dev/null"],
        ["verify", "--jobs", "0", "/dev/null"],
        ["nonsense"],
        ["sign", "--identity", "x", "--out", "o.pdf", "/nowhere/a.pdf"],
        ["identity", "pkcs11"],
        ["search", "--from", "31/12/2020", "x"],
    ],
)
def test_wrong_usage_is_64_before_any_work(antin, arguments):
    done = antin(*arguments)
    assert (done.returncode, done.stdout) == (64, "")
    both_languages(done)


def test_one_missing_path_among_good_ones_stops_all_before_any_work(antin, papers):
    done = antin("verify", "--json", papers[0], "/nowhere/a.pdf", papers[1])
    assert (done.returncode, done.stdout) == (64, "")
    assert "/nowhere/a.pdf" in done.stderr


def test_a_folder_without_a_pdf_is_no_input(antin, tmp_path):
    assert antin("verify", tmp_path).returncode == 64


def test_folders_archives_and_standard_input(antin, papers, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/B.PDF").write_bytes(papers[0].read_bytes())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as z:
        z.write(papers[1], "trong/một.pdf")
    done = antin(
        "verify", "--json", "--no-read", tmp_path / "d", tmp_path / "a.zip", "-",
        stdin=papers[2].read_bytes(), text=False,
    )  # fmt: skip
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [t["file"] for t in told] == [
        f"{tmp_path}/d/B.PDF",
        f"{tmp_path}/a.zip!/trong/một.pdf",
        "-",
    ]
    assert {t["integrity"] for t in told} == {"UNSIGNED"}


@pytest.mark.parametrize(("above", "reason"), [(0, "file.not_pdf"), (1, "file.limit")])
def test_the_upload_limit_holds_for_files_to_the_byte(antin, tmp_path, above, reason):
    (tmp_path / "a.pdf").write_bytes(b"x" * (5000 + above))
    done = antin("verify", "--json", tmp_path / "a.pdf", env={"ANTIN_UPLOAD_LIMIT": "5000"})
    (told,) = lines(done)
    assert told["integrity"] == "UNREADABLE"
    assert [r["code"] for r in told["reasons"]] == [reason]
    assert told["bytes"] == 5000 + above
    assert len(told["sha256"]) == 64
    assert done.returncode == 1


def test_a_name_that_is_not_utf8_survives_and_one_that_drives_terminals_does_not(antin, tmp_path):
    odd = os.fsencode(tmp_path) + b"/\xff\x1b[2J.pdf"
    Path(os.fsdecode(odd)).write_bytes(b"x")
    done = antin("verify", "--json", os.fsdecode(odd))
    assert os.fsencode(lines(done)[0]["file"]) == odd
    shown = antin("verify", os.fsdecode(odd), text=False)
    assert b"\x1b" not in shown.stdout
    assert shown.returncode == 1


def test_the_table_for_people_says_it_in_both_languages(antin, signed, papers):
    shown = antin("verify", "--offline", signed, papers[1]).stdout
    assert "Văn bản nguyên vẹn" in shown
    assert "The document is intact" in shown
    assert "không có chữ ký số" in shown.lower()


def test_reports_are_written_by_digest_in_three_forms(antin, papers, tmp_path):
    done = antin("verify", "--json", "--offline", "--report", tmp_path / "r", papers[0])
    (told,) = lines(done)
    written = json.loads((tmp_path / "r" / f"{told['sha256']}.json").read_text())
    assert written.pop("record")["report"]["sha256"] == told["sha256"]
    assert written == told
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == [
        f"{told['sha256']}.{form}" for form in ("json", "pdf", "xml")
    ]


def test_the_report_on_paper_is_signed_where_an_identity_is_set_for_it(
    antin, data, papers, root_certificate, tmp_path
):
    asked = ("--data", data, "verify", "--json", "--offline")
    done = antin(*asked, "--report", tmp_path, papers[0], env={"ANTIN_REPORT_IDENTITY": "dich-vu"})
    (told,) = lines(done)
    paper = tmp_path / f"{told['sha256']}.pdf"
    (judged,) = lines(antin(*asked, "--trust", root_certificate, paper))
    assert judged["indication"] == "TOTAL-PASSED"
    assert [s["signer"]["common_name"] for s in judged["signatures"]] == [
        "Dịch vụ Ấn Tín (PHÁT TRIỂN)"
    ]


def test_trust_that_holds_no_certificate_is_named(antin, papers, tmp_path):
    (tmp_path / "t.pem").write_text("nothing")
    done = antin("verify", "--trust", tmp_path / "t.pem", papers[0])
    assert done.returncode == 1
    assert "t.pem" in both_languages(done)


def test_our_own_fault_is_70_with_one_sentence_and_the_traceback_in_a_file(tmp_path):
    code = (
        "import sys\nfrom api.cli.app import app\nfrom api.__main__ import main\n"
        "@app.command()\ndef boom() -> None:\n    raise RuntimeError('pin=canary')\n"
        "sys.exit(main(['boom']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"ANTIN_LOG_FILE": str(tmp_path / "x.log")},
        check=False,
    )
    assert done.returncode == 70
    both_languages(done)
    log = (tmp_path / "x.log").read_text()
    assert "Traceback" in log
    assert "canary" not in log + done.stderr


def test_a_setting_that_means_nothing_is_wrong_usage_and_named(antin, papers):
    done = antin("verify", papers[0], env={"ANTIN_UPLOAD_LIMIT": "plenty"})
    assert done.returncode == 64
    assert "ANTIN_UPLOAD_LIMIT" in both_languages(done)


# -- sign


def sign(antin, data, out, *files, **more):
    options = {"identity": "lanh-dao-1", "level": "B-B"} | more.pop("options", {})
    flat = [
        part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)
    ]
    return antin("sign", "--json", "--data", data, *flat, *out, *files, **more)


def test_the_development_pki_prints_its_root_last_and_needs_no_pin(antin, tmp_path):
    made = antin("identity", "dev", "--data", tmp_path / "d")
    root = Path(made.stdout.splitlines()[-1])
    assert root.read_bytes().startswith(b"-----BEGIN CERTIFICATE")
    listed = lines(antin("identity", "list", "--json", "--data", tmp_path / "d"))
    assert {"id", "usable", "common_name", "not_after"} <= listed[0].keys()
    assert all(i["usable"] for i in listed)


def test_what_we_sign_is_intact_for_us_and_for_poppler(antin, signed, root_certificate):
    (told,) = lines(antin("verify", "--json", "--offline", "--trust", root_certificate, signed))
    assert told["integrity"] == "INTACT"
    poppler = subprocess.run(
        ["pdfsig", "-nocert", signed], capture_output=True, text=True, check=False
    )
    assert "Signature is Valid" in poppler.stdout


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_a_document_at_each_level_passes(antin, data, papers, root_certificate, tmp_path, level):
    out = tmp_path / "o.pdf"
    done = sign(antin, data, ["--out", out], papers[0], options={"level": level})
    assert done.returncode == 0, done.stderr
    offline = [] if level == "B-T" else ["--offline"]
    told = antin("verify", "--json", "--trust", root_certificate, "--data", data, *offline, out)
    (line,) = lines(told)
    assert line["indication"] == "TOTAL-PASSED", line
    assert line["signatures"][0]["level"] == f"PAdES-{level}"
    assert told.returncode == 0


def test_many_are_signed_and_one_failure_does_not_stop_the_others(antin, data, papers, tmp_path):
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"not a pdf")
    empty = tmp_path / "empty.pdf"
    empty.write_bytes(b"")
    out = tmp_path / "out"
    done = sign(antin, data, ["--out-dir", out], papers[0], bad, empty, papers[1])
    told = lines(done)
    assert [t["error"] and t["error"]["code"] for t in told] == [
        None, "pdf.rejected", "upload.empty", None,
    ]  # fmt: skip
    assert sorted(p.name for p in out.iterdir()) == sorted([papers[0].name, papers[1].name])
    assert done.returncode == 1


def test_out_and_out_dir_must_be_one_of_the_two(antin, data, papers, tmp_path):
    assert sign(antin, data, [], papers[0]).returncode == 64
    both = ["--out", tmp_path / "a.pdf", "--out-dir", tmp_path]
    assert sign(antin, data, both, papers[0]).returncode == 64
    assert sign(antin, data, ["--out", tmp_path / "a.pdf"], *papers).returncode == 64


def test_an_unknown_identity_is_named(antin, data, papers, tmp_path):
    done = sign(antin, data, ["--out", tmp_path / "a.pdf"], papers[0], options={"identity": "ai"})
    assert lines(done)[0]["error"]["code"] == "identity.not_found"
    assert done.returncode == 1
    both_languages(done)


def test_a_box_needs_its_page(antin, data, papers, tmp_path):
    out = ["--out", tmp_path / "a.pdf"]
    assert sign(antin, data, out, papers[0], options={"box": "1,2,3,4"}).returncode == 64
    wrong = {"box": "1,2,three,4", "page": "1"}
    assert sign(antin, data, out, papers[0], options=wrong).returncode == 64


# -- archive


def test_ingest_find_get_and_what_a_flipped_bit_does(antin, data, papers, tmp_path):
    put = antin("ingest", "--json", "--data", data, *papers)
    assert put.returncode == 0, put.stderr
    told = lines(put)
    assert [t["register"]["number"] for t in told] == [1, 2, 3]
    again = lines(antin("ingest", "--json", "--data", data, papers[0]))
    assert again[0]["record_id"] == again[0]["duplicate_of"] == told[0]["record_id"]

    number = lines(antin("verify", "--json", papers[0]))[0]["extracted"]["so_ky_hieu"]
    for query in (number, number.lower().replace("đ", "d"), number.split("/")[0]):
        *hits, last = lines(antin("search", "--json", "--data", data, query))
        assert told[0]["record_id"] in [h["record_id"] for h in hits], query
        assert last.keys() >= {"total", "total_exact", "next", "seconds"}

    out = tmp_path / "out.pdf"
    assert antin("get", "--data", data, told[0]["record_id"], "--out", out).returncode == 0
    assert out.read_bytes() == papers[0].read_bytes()
    assert antin("fsck", "--json", "--data", data).returncode == 0

    (stored,) = [
        p
        for p in (data / "objects").rglob("*")
        if p.is_file() and p.read_bytes() == papers[0].read_bytes()
    ]
    raw = bytearray(papers[0].read_bytes())
    raw[1000] ^= 1
    stored.chmod(0o644)
    stored.write_bytes(raw)
    refused = antin("get", "--data", data, told[0]["record_id"], "--out", tmp_path / "no.pdf")
    assert refused.returncode == 1
    assert stored.name in both_languages(refused)
    assert not (tmp_path / "no.pdf").exists()
    checked = antin("fixity", "--all", "--json", "--data", data)
    assert checked.returncode == 1
    assert lines(checked)[0]["problem"] == "object.changed"


def test_a_metadata_file_overrides_what_was_read(antin, data, papers, tmp_path):
    (tmp_path / "m.json").write_text('{"so_ky_hieu": "77/QĐ-RIÊNG"}')
    antin("ingest", "--json", "--data", data, "--metadata", tmp_path / "m.json", papers[0])
    *hits, _ = lines(antin("search", "--json", "--data", data, "77/qd-rieng"))
    assert hits[0]["so_ky_hieu"] == "77/QĐ-RIÊNG"
    assert hits[0]["trich_yeu"]


def test_export_and_rebuild_from_objects_alone(antin, data, papers, tmp_path):
    (told,) = lines(antin("ingest", "--json", "--data", data, papers[0]))
    out = tmp_path / "export"
    assert antin("export", "--data", data, "--out", out, told["record_id"]).returncode == 0
    assert any(p.read_bytes() == papers[0].read_bytes() for p in out.rglob("*") if p.is_file())
    for name in ("antin.db", "antin.db-wal", "antin.db-shm"):
        (data / name).unlink(missing_ok=True)
    assert antin("rebuild", "--data", data).returncode == 0
    *hits, _ = lines(antin("search", "--json", "--data", data, "ủy ban"))
    assert told["record_id"] in [h["record_id"] for h in hits]


def test_the_doctor_names_each_part(antin, data):
    done = antin("doctor", "--json", "--data", data)
    checks = {f["check"]: f["ok"] for f in lines(done)}
    assert {"database", "store", "sandbox", "timestamps", "trust", "disk"} <= checks.keys()
    assert done.returncode == (0 if all(checks.values()) else 1)


def test_an_anchor_that_was_added_is_trusted_from_then_on(
    antin, data, papers, root_certificate, tmp_path
):
    out, other = tmp_path / "o.pdf", tmp_path / "other"
    sign(antin, data, ["--out", out], papers[0], options={"level": "B-LT"})

    def verdict(*more):
        (line,) = lines(antin("verify", "--json", "--offline", "--data", other, *more, out))
        return line["indication"], line["signatures"][0]["sub_indication"]

    assert verdict() == ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")
    assert antin("trust", "add", "--data", other, root_certificate).returncode == 0
    assert verdict() == ("TOTAL-PASSED", None)
    # What is named on the command line stands alone.
    (tmp_path / "none.pem").write_bytes((data / "dev-pki" / "ocsp.pem").read_bytes())
    assert verdict("--trust", tmp_path / "none.pem")[0] == "INDETERMINATE"
