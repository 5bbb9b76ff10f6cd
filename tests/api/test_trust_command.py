"""`trust add | list | remove` as an administrator meets them."""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

CORPUS = Path(os.environ.get("ANTIN_CORPUS", "")) / "vnpdf" / "ca"


def made(path, name):
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(Encoding.DER))
    return certificate.fingerprint(hashes.SHA256()).hex()


@pytest.fixture
def trust(antin, tmp_path):
    def run(command, *arguments):
        return antin("trust", command, "--data", tmp_path / "data", *arguments)

    return run


def listed(trust):
    return [json.loads(line) for line in trust("list", "--json").stdout.splitlines()]


def test_added_listed_removed(trust, tmp_path):
    sha256 = made(tmp_path / "a.cer", "CA của tỉnh")
    told = trust(
        "add", tmp_path / "a.cer", "--purpose", "signer", "--purpose", "ocsp",
        "--origin", "đĩa giao tận tay", "--checked-by", "Nguyễn Văn A",
    )  # fmt: skip
    assert told.returncode == 0
    assert "không có trong danh sách" in told.stderr
    assert "not in the list" in told.stderr
    (row,) = listed(trust)
    assert row["id"] == sha256
    assert row["purposes"] == ["ocsp", "signer"]
    assert (row["origin"], row["checked_by"]) == ("đĩa giao tận tay", "Nguyễn Văn A")
    assert (row["listed"], row["forced"]) == (None, False)
    assert datetime.fromisoformat(row["added_at"]).tzinfo is not None
    assert "Nguyễn Văn A" in trust("list").stdout
    assert trust("remove", sha256[:10]).returncode == 0
    assert listed(trust) == []


def test_what_nobody_compared_is_said_to_be_so(trust, tmp_path):
    made(tmp_path / "a.cer", "CA của tỉnh")
    told = trust("add", tmp_path / "a.cer")
    assert told.returncode == 0
    assert "Chưa ghi ai đã đối chiếu" in told.stderr
    assert "Nobody is named" in told.stderr
    assert "NOBODY" in trust("list").stdout


def test_a_known_name_with_another_fingerprint_is_refused_loudly_and_nothing_added(trust, tmp_path):
    folder = tmp_path / "certs"
    folder.mkdir()
    made(folder / "a.cer", "CA của tỉnh")
    sha256 = made(folder / "b.cer", "Cơ quan chứng thực số Chính phủ")
    told = trust("add", folder)
    assert told.returncode == 1
    assert "CẢNH BÁO: KHÔNG THÊM" in told.stderr
    assert "WARNING: NOT ADDED" in told.stderr
    assert sha256 in told.stderr
    assert "75e969c07ba35c29c72bbc1bfb880f20f3891a619b00b77eb02ca6160736a1fe" in told.stderr
    assert listed(trust) == []
    assert trust("add", folder, "--force").returncode == 64
    assert listed(trust) == []
    forced = trust("add", folder, "--force", "--checked-by", "Trần B")
    assert forced.returncode == 0
    assert "KHÁC" in forced.stderr
    assert {r["id"] == sha256: r["forced"] for r in listed(trust)} == {True: True, False: False}


def test_removing_what_is_not_there_is_refused(trust):
    told = trust("remove", "f" * 64)
    assert told.returncode == 1
    assert "trust list" in told.stderr


def test_the_development_root_is_listed_as_what_it_is(antin, data):
    done = antin("trust", "list", "--json", "--data", data)
    (row,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert row["development"]
    assert "KHÔNG CÓ GIÁ TRỊ PHÁP LÝ" in antin("trust", "list", "--data", data).stdout


@pytest.mark.corpus
@pytest.mark.skipif("ANTIN_CORPUS" not in os.environ, reason="ANTIN_CORPUS names no folder")
def test_a_listed_authority_is_named_with_how_far_the_list_can_be_believed(trust):
    (file,) = CORPUS.glob("*75e969c0.cer")
    told = trust("add", file)
    assert told.returncode == 0
    assert re.search(r"vgca-state-g1.*thấy ở 2 nơi", told.stderr)
    assert re.search(r"vgca-state-g1.*seen in 2 places.*still has to be compared", told.stderr)
    assert [r["listed"] for r in listed(trust)] == ["vgca-state-g1"]
    assert trust("remove", "vgca-state-g1").returncode == 0
    assert listed(trust) == []
