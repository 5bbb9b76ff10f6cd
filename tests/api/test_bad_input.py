"""What goes wrong for people every day: each is said in two languages, and nothing stays half done."""

import json
import os
import socket
import sqlite3
import subprocess
from contextlib import closing

import pikepdf
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from api.settings import load
from api.wiring import House
from certs.clock import SystemClock
from certs.dev.profiles import Subject, new_key
from certs.model import IdentityPurpose

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="a small disk is mounted as root only")


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return trial.getsockname()[1]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder):
    """Leave not a byte of `folder`'s disk."""
    with (folder / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            pass


def refused(done, code):
    """The command failed with this error, worded twice, without a traceback."""
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = [json.loads(text) for text in done.stdout.splitlines()]
    error = line["error"]
    assert error["code"] == code, error
    assert error["vi"] != error["en"]
    said = done.stderr.splitlines()
    assert f"Lỗi: {error['vi']}" in said
    assert f"Error: {error['en']}" in said
    assert "Traceback" not in done.stderr
    return error


def sign(antin, data, out, file, *more, env=None):
    return antin(
        "sign", "--json", "--data", data, "--identity", "lanh-dao-1", "--out", out, *more, file, env=env
    )  # fmt: skip


def ingest(antin, data, file, env=None):
    return antin("ingest", "--json", "--data", data, file, env=env)


def nothing_archived(antin, data, env=None):
    done = antin("search", "--json", "--data", data, env=env)
    return json.loads(done.stdout.splitlines()[-1])["total"] == 0


@pytest.mark.parametrize(
    ("content", "code"), [(b"MZ\x90\x00 not a pdf", "pdf.rejected"), (b"", "upload.empty")]
)
def test_what_is_not_a_pdf_is_not_signed(antin, data, tmp_path, content, code):
    (tmp_path / "a.pdf").write_bytes(content)
    refused(sign(antin, data, tmp_path / "o.pdf", tmp_path / "a.pdf"), code)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pdf", "data"]


def test_an_empty_file_is_not_archived(antin, data, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"")
    refused(ingest(antin, data, tmp_path / "a.pdf"), "upload.empty")
    assert nothing_archived(antin, data)


def test_one_byte_above_the_limit_is_neither_signed_nor_archived(antin, data, papers, tmp_path):
    env = {"ANTIN_UPLOAD_LIMIT": str(papers[0].stat().st_size - 1)}
    refused(sign(antin, data, tmp_path / "o.pdf", papers[0], env=env), "upload.too_large")
    refused(ingest(antin, data, papers[0], env=env), "upload.too_large")
    assert not (tmp_path / "o.pdf").exists()
    assert nothing_archived(antin, data)
    env = {"ANTIN_UPLOAD_LIMIT": str(papers[0].stat().st_size)}
    assert ingest(antin, data, papers[0], env=env).returncode == 0


def test_an_encrypted_document_is_undecided_and_not_signed(antin, data, papers, tmp_path):
    with pikepdf.open(papers[0]) as pdf:
        pdf.save(tmp_path / "a.pdf", encryption=pikepdf.Encryption(owner="o", user="u"))
    told = json.loads(antin("verify", "--json", tmp_path / "a.pdf").stdout)
    assert (told["integrity"], told["indication"]) == ("UNDECIDED", "INDETERMINATE")
    assert "file.encrypted" in [r["code"] for r in told["reasons"]]
    refused(sign(antin, data, tmp_path / "o.pdf", tmp_path / "a.pdf"), "pdf.rejected")
    assert not (tmp_path / "o.pdf").exists()


@pytest.fixture
def protected(antin, data, tmp_path):
    """An identity of one's own, with a PIN, taken in from a PKCS#12 file."""
    with House(load(data)) as house:
        key = new_key("rsa2048")
        subject = Subject(
            id="rieng",
            role="person",
            key="rsa2048",
            common_name="Người Riêng",
            organization="Cơ quan",
            purpose=IdentityPurpose.LEADER,
        )
        leaf = house.development.issue(subject, key.public_key(), SystemClock().now())
        chain = [house.development.certificate(name) for name in ("issuing", "root")]
    file = tmp_path / "rieng.p12"
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"rieng", key, leaf, chain, BestAvailableEncryption(b"mat-khau")
        )
    )
    (tmp_path / "password").write_text("mat-khau\n")
    (tmp_path / "pin").write_text("246813\n")
    (tmp_path / "wrong").write_text("135791\n")
    arguments = ["--password-file", tmp_path / "password", "--pin-file", tmp_path / "pin"]
    done = antin("identity", "import", "rieng", file, *arguments, "--data", data)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_no_pin_a_wrong_pin_and_the_right_one(antin, data, papers, protected):
    out = protected / "o.pdf"

    def with_pin(*pin):
        return antin(
            "sign", "--json", "--data", data, "--identity", "rieng", "--level", "B-LT",
            "--out", out, *pin, papers[0],
        )  # fmt: skip

    refused(with_pin(), "pin.required")
    wrong = refused(with_pin("--pin-file", protected / "wrong"), "pin.wrong")
    assert "135791" not in json.dumps(wrong)
    assert not out.exists()
    assert with_pin("--pin-file", protected / "pin").returncode == 0
    assert out.exists()


def test_a_wrong_pkcs12_password_takes_nothing_in(antin, data, protected):
    done = antin(
        "identity", "import", "khac", protected / "rieng.p12", "--password-file", protected / "wrong",
        "--pin-file", protected / "pin", "--data", data,
    )  # fmt: skip
    assert done.returncode == 1
    assert "PKCS#12" in done.stderr
    assert "135791" not in done.stderr
    assert not (data / "identities" / "khac").exists()


def test_when_no_authority_answers_nothing_is_signed(antin, data, papers, tmp_path, closed_port):
    env = {
        "ANTIN_TSA": f"tat=http://127.0.0.1:{closed_port}/tsa",
        "ANTIN_FETCH_PRIVATE": f"127.0.0.1:{closed_port}",
    }
    (tmp_path / "o.pdf").write_bytes(b"what was there before")
    error = refused(
        sign(antin, data, tmp_path / "o.pdf", papers[0], env=env), "timestamp.unavailable"
    )
    assert error["retryable"]
    assert (tmp_path / "o.pdf").read_bytes() == b"what was there before"
    assert not list(tmp_path.glob(".*part"))


def test_when_the_store_does_not_answer_nothing_is_registered(
    antin, data, papers, closed_port, tmp_path
):
    env = {
        "ANTIN_OBJECT_STORE": f"s3://antin?endpoint=http://127.0.0.1:{closed_port}",
        "ANTIN_S3_ACCESS_KEY": "khoa",
        "ANTIN_S3_SECRET_KEY": "canary-bi-mat",
    }
    done = ingest(antin, data, papers[0], env=env)
    assert refused(done, "store.unavailable")["retryable"]
    assert "canary-bi-mat" not in done.stdout + done.stderr
    assert nothing_archived(antin, data)
    assert ingest(antin, data, papers[0]).returncode == 0


@ROOT_ONLY
def test_on_a_full_disk_no_signature_stays_half_written(antin, data, papers, small_disk):
    fill(small_disk)
    refused(sign(antin, data, small_disk / "o.pdf", papers[0], "--level", "B-B"), "storage.full")
    assert [p.name for p in small_disk.iterdir()] == ["ballast"]
    (small_disk / "ballast").unlink()
    assert sign(antin, data, small_disk / "o.pdf", papers[0], "--level", "B-B").returncode == 0


@ROOT_ONLY
def test_on_a_full_store_nothing_is_registered_and_space_heals_it(antin, data, papers, small_disk):
    env = {"ANTIN_OBJECT_STORE": f"file://{small_disk}/objects"}
    with House(load(data, object_store=env["ANTIN_OBJECT_STORE"])) as house:
        house.archive.ping()
    fill(small_disk)
    refused(ingest(antin, data, papers[0], env=env), "store.full")
    assert nothing_archived(antin, data, env=env)
    (small_disk / "ballast").unlink()
    assert ingest(antin, data, papers[0], env=env).returncode == 0
    assert antin("fsck", "--json", "--data", data, env=env).returncode == 0


def test_a_locked_database_is_said_so_and_nothing_is_half_done(antin, data, papers):
    with House(load(data)) as house:
        house.archive.prepare()
    with closing(sqlite3.connect(data / "antin.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert refused(ingest(antin, data, papers[0]), "catalogue.busy")["retryable"]
        other.execute("ROLLBACK")
    assert nothing_archived(antin, data)
    assert ingest(antin, data, papers[0]).returncode == 0


def test_an_identity_needs_the_development_pki_to_be_created(antin, tmp_path):
    done = antin(
        "identity", "create", "moi", "--name", "A", "--organization", "B", "--data", tmp_path / "d"
    )
    assert done.returncode == 1
    assert "identity dev" in done.stderr
