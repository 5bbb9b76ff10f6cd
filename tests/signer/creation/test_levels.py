"""Each level is what it says, for us and for others."""

import io
import re
import subprocess

import pikepdf
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from house import sha256

from certs.model import RevocationMaterial
from signer.appearance import AppearanceKind
from signer.validation.job import VALIDATE, ValidationRequest
from signer.validation.report import ChangesAfter, Indication, Integrity, Level

KEYS = {"RSA-2048": "lanh-dao-1", "P-256": "lanh-dao-3"}


def judged(house, path, *, offline=True, at=None, evidence=False):
    """Our verdict; with `evidence`, after the rounds of fetching that callers do."""
    material = RevocationMaterial()
    for _ in range(3):
        request = ValidationRequest(
            trust=house.trust, at=at or house.clock.now(), material=material, offline=offline
        )
        report = house.sandbox.run(VALIDATE, request, pdf=path)
        if not evidence or not report.needs:
            break
        material |= house.revocation.gather(report.needs)
    return report


def pdfsig(path):
    return subprocess.run(
        ["pdfsig", "-nocert", str(path)], check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("level", list(Level))
def test_a_signature_passes_at_the_level_asked_for(house, paper, tmp_path, level, key):
    source, box = paper
    target = tmp_path / "da-ky.pdf"
    made = house.sign(source, target, key, level=level, box=box, reason="Ký duyệt")

    assert target.read_bytes().startswith(source.read_bytes())
    assert made.sha256 == sha256(target)
    assert made.size == target.stat().st_size
    self_contained = level in (Level.B_LT, Level.B_LTA)
    report = judged(house, target, offline=self_contained, evidence=not self_contained)
    assert report.integrity is Integrity.INTACT
    assert report.indication is Indication.TOTAL_PASSED, report.reasons
    first = report.signatures[0]
    assert first.level is level
    assert first.field_name == made.field_name
    assert first.docmdp == 2
    assert first.reason_text == "Ký duyệt"
    expected = ChangesAfter.LTA if level is Level.B_LTA else ChangesAfter.NONE
    assert first.changes_after is expected
    assert len(report.signatures) == (2 if level is Level.B_LTA else 1)
    assert report.signatures[-1].covers_whole_file

    told = pdfsig(target)
    assert told.count("Signature is Valid") >= 1
    assert "Invalid" not in told
    assert "Total document signed" in told


@pytest.mark.parametrize("level", list(Level))
def test_one_time_stamp_is_one_request(house, paper, tmp_path, level):
    house.sign(paper[0], tmp_path / "a.pdf", level=level)
    expected = {Level.B_B: 0, Level.B_T: 1, Level.B_LT: 1, Level.B_LTA: 2}
    assert house.stamps.calls == expected[level]


@pytest.mark.parametrize("level", list(Level))
def test_other_readers_find_nothing_to_repair(house, paper, tmp_path, level):
    target = tmp_path / "a.pdf"
    house.sign(paper[0], target, level=level)
    with pikepdf.open(target, attempt_recovery=False) as pdf:
        assert pdf.get_warnings() == []
        assert pdf.check_pdf_syntax() == []


@pytest.mark.parametrize("level", list(Level))
def test_no_unsigned_update_stands_between_or_after_signatures(house, paper, tmp_path, level):
    """What the agencies' own tool looks for: at most one %%EOF from one signed revision to the
    next, and the last signature covers the file."""
    leader, sealed = tmp_path / "a.pdf", tmp_path / "b.pdf"
    house.sign(paper[0], leader, level=level)
    house.sign(leader, sealed, "con-dau", level=level, appearance=AppearanceKind.SEAL)
    data = sealed.read_bytes()
    ends = sorted(
        int(m[3]) + int(m[4]) for m in re.finditer(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", data)
    )
    assert ends[-1] == len(data)
    start = paper[0].stat().st_size
    for end in ends:
        assert data[start:end].count(b"%%EOF") == 1
        start = end


def test_a_second_signature_leaves_the_first_as_it_was(house, paper, tmp_path):
    leader, sealed = tmp_path / "a.pdf", tmp_path / "b.pdf"
    first = house.sign(paper[0], leader, box=paper[1])
    second = house.sign(leader, sealed, "con-dau", appearance=AppearanceKind.SEAL)

    report = judged(house, sealed)
    assert report.indication is Indication.TOTAL_PASSED, report.reasons
    one, two = report.signatures
    assert (one.field_name, two.field_name) == (first.field_name, second.field_name)
    assert one.changes_after is ChangesAfter.PERMITTED
    assert two.changes_after is ChangesAfter.NONE
    assert two.docmdp is None
    assert pdfsig(sealed).count("Signature is Valid") == 2
    # and the seal was proposed over the left third of the leader's signature
    third = first.box.x1 + (first.box.x2 - first.box.x1) / 3
    assert second.box.x2 == pytest.approx(third, abs=0.5)
    assert second.box.page == first.box.page


def test_a_sealed_and_archived_paper_can_still_be_co_signed(house, paper, tmp_path):
    steps = [
        ("lanh-dao-1", AppearanceKind.LEADER, Level.B_LTA),
        ("con-dau", AppearanceKind.SEAL, Level.B_LTA),
        ("lanh-dao-3", AppearanceKind.NONE, Level.B_LT),
    ]
    source = paper[0]
    for number, (who, kind, level) in enumerate(steps):
        target = tmp_path / f"{number}.pdf"
        house.sign(source, target, who, appearance=kind, level=level)
        source = target
    report = judged(house, source)
    assert report.indication is Indication.TOTAL_PASSED, report.reasons
    assert len(report.signatures) == 5


def test_pdf_a_stays_what_it_claims(house, paper, tmp_path):
    target = tmp_path / "a.pdf"
    house.sign(paper[0], target, level=Level.B_LTA, box=paper[1])
    with pikepdf.open(paper[0]) as old, pikepdf.open(target) as new:
        assert new.Root.Metadata.read_bytes() == old.Root.Metadata.read_bytes()
        with new.open_metadata() as xmp:
            assert (xmp["pdfaid:part"], xmp["pdfaid:conformance"]) == ("2", "B")
        assert len(new.pages) == len(old.pages)
        for page in new.pages:
            for widget in page.obj.get("/Annots", []):
                assert int(widget.F) & 0b100  # printed, as PDF/A-2 clause 6.3.2 demands
                assert not int(widget.F) & 0b10  # and not hidden


def test_the_cms_is_a_cades_signature_for_openssl(house, plain, tmp_path):
    target = tmp_path / "a.pdf"
    house.sign(plain, target, level=Level.B_T)
    data = target.read_bytes()
    a, b, c, d = map(int, re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", data).groups())
    (tmp_path / "content").write_bytes(data[a : a + b] + data[c : c + d])
    (tmp_path / "cms").write_bytes(bytes.fromhex(data[b + 1 : c - 1].decode()))
    pem = house.authority.certificate("root").public_bytes(Encoding.PEM)
    (tmp_path / "root.pem").write_bytes(pem)
    run = subprocess.run(
        ["openssl", "cms", "-verify", "-cades", "-inform", "DER", "-in", "cms", "-binary",
         "-content", "content", "-CAfile", "root.pem", "-purpose", "any", "-out", "/dev/null"],
        check=False, capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr


def test_signing_time_is_claimed_once_and_with_its_offset(house, plain, tmp_path):
    """The tools in use encode local time as UTC in the CMS; we state it in /M alone."""
    from asn1crypto import cms

    target = tmp_path / "a.pdf"
    house.sign(plain, target, level=Level.B_B)
    with pikepdf.open(io.BytesIO(target.read_bytes())) as pdf:
        value = pdf.Root.AcroForm.Fields[0].V
        assert str(value.M).endswith("+07'00'")
        info = cms.ContentInfo.load(bytes(value.Contents))
    (signer,) = info["content"]["signer_infos"]
    assert "signing_time" not in [a["type"].native for a in signer["signed_attrs"]]
    assert len(info["content"]["certificates"]) == 2  # the signer's and its issuer's
