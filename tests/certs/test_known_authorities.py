"""The list of Vietnamese authorities: sound, equal to what people read, and no trust by itself."""

import re
import tomllib
from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from vietnamese import CORPUS, needs_corpus

from certs.anchors import TrustFolder, hosts_of
from certs.certificates import der, load
from certs.errors import AnchorConflictError, AnchorNotFoundError
from certs.known import Likeness, compare, known, read
from certs.model import TrustAnchor, TrustPurpose, TrustStore

ROOT = Path(__file__).parents[2]
LIST = tomllib.loads((ROOT / "certs/data/vietnam.toml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/verification/vietnamese-authorities.md").read_text(encoding="utf-8")


def certificate(clock, common_name):
    """A certificate that anybody can make, with any name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now())
        .not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


# -- the list and the page --------------------------------------------------------------------


def test_the_page_for_people_has_the_same_fingerprints_under_the_same_ids():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|.*\| `([0-9a-f]{64})` \| (\d+): ", PAGE, re.MULTILINE)
    assert rows
    assert sorted(rows) == sorted(
        (a.id, a.sha256, str(len(a.sources))) for a in known().authorities
    )
    assert sorted(re.findall(r"\b[0-9a-fA-F]{64}\b", PAGE)) == sorted(
        a.sha256 for a in known().authorities
    )


def test_the_page_says_what_must_be_said():
    for words in ("Compare out of band", "No certificate is shipped", "is missing"):
        assert words in PAGE
    assert f"{known().dated:%d/%m/%Y}" in PAGE


def test_no_certificate_is_kept_in_the_project():
    allowed = {".git", ".venv"}
    found = [
        p
        for suffix in ("cer", "crt", "der", "p7b", "p7c")
        for p in ROOT.rglob(f"*.{suffix}")
        if not allowed & set(p.relative_to(ROOT).parts) and p.relative_to(ROOT).parts[0] != "data"
    ]
    assert found == []


@needs_corpus
@pytest.mark.corpus
@pytest.mark.parametrize("file", sorted((CORPUS / "ca").glob("*.cer")), ids=lambda p: p.stem)
def test_each_real_certificate_is_listed_as_it_is(file):
    real = load(file.read_bytes())
    found = compare(real)
    assert found.likeness is Likeness.LISTED
    (entry,) = found.authorities
    assert entry.subject == real.subject.rfc4514_string()
    assert (entry.not_before, entry.not_after) == (
        real.not_valid_before_utc,
        real.not_valid_after_utc,
    )
    assert entry.signed_with == real.signature_hash_algorithm.name
    if entry.key_identifier is not None:
        assert found.same_key
    issuer = next((a for a in known().authorities if a.id == entry.issuer), entry)
    assert issuer.subject == real.issuer.rfc4514_string()


@needs_corpus
@pytest.mark.corpus
def test_a_root_that_names_no_host_opens_those_of_what_it_issued():
    (file,) = (CORPUS / "ca").glob("*f7bc8905.cer")
    anchor = TrustAnchor(
        certificate=file.read_bytes(), purposes=frozenset(TrustPurpose), origin="x"
    )
    assert hosts_of(TrustStore(anchors=(anchor,))) == {
        "ca.gov.vn", "pub.ca.gov.vn", "ocsp.ca.gov.vn", "ca.dcs.vn", "ocsp.ca.dcs.vn",
    }  # fmt: skip


# -- a list that contradicts itself is refused --------------------------------------------------


def broken(change):
    content = deepcopy(LIST)
    change(content["authority"], content)
    return content


@pytest.mark.parametrize(
    "change",
    [
        lambda a, c: c.pop("dated"),
        lambda a, c: a[0].update(sha256="F7" * 32),
        lambda a, c: a[0].update(sha256=a[1]["sha256"]),
        lambda a, c: a[0].update(id=a[1]["id"]),
        lambda a, c: a[0].update(issuer="vgca-state-g1"),
        lambda a, c: a[1].update(issuer="nobody"),
        lambda a, c: a[1].pop("issuer"),
        lambda a, c: a[0].update(sources=[]),
        lambda a, c: a[0].update(sources=["x", "x"]),
        lambda a, c: a[0].pop("not_after"),
        lambda a, c: a[0].update(not_after=a[0]["not_before"]),
        lambda a, c: a[0].update(crls=["http://127.0.0.1/a.crl"]),
        lambda a, c: a[0].update(crls=["ldap://ca.gov.vn/a"]),
        lambda a, c: a[0].update(crls=["http://ca.gov.vn:8080/a"]),
        lambda a, c: a[0].update(branch="private"),
        lambda a, c: a[0].update(trusted=True),
    ],
)
def test_a_list_that_is_not_sound_is_not_read(change):
    read(LIST)
    with pytest.raises(ValueError, match=r"\w"):
        read(broken(change))


# -- adding ------------------------------------------------------------------------------------

FORGED = [
    "Co quan chung thuc so Chinh phu",
    "CO QUAN  CHUNG THUC SO CHINH PHU",
    "Cơ quan chứng thực số Chính phủ",
    "RootCA chuyên dùng Chính phủ G2",
    "ＲｏｏｔＣＡ chuyen dung Chinh phu G2",
    "CA phục vụ các cơ quan Nhà nước G2",
    "MIC National Root-CA",
]


@pytest.mark.parametrize("name", FORGED)
def test_a_known_name_with_another_fingerprint_is_refused(clock, tmp_path, name):
    forged = der(certificate(clock, name))
    folder = TrustFolder(tmp_path / "trust", clock)
    for options in ({}, {"checked_by": "A"}, {"force": True}):
        with pytest.raises(AnchorConflictError) as refused:
            folder.add(forged, set(TrustPurpose), "x", **options)
        assert refused.value.listed
        assert refused.value.sha256 in refused.value.vi
        assert "GIẢ" in refused.value.vi
        assert "FORGERY" in refused.value.en
    assert folder.load() == TrustStore()


def test_forced_it_is_added_and_that_is_on_record_with_who_compared(clock, tmp_path):
    folder = TrustFolder(tmp_path / "trust", clock)
    newer = der(certificate(clock, FORGED[0]))
    folder.add(newer, {TrustPurpose.SIGNER}, "đĩa", checked_by="Nguyễn Văn A", force=True)
    (kept,) = TrustFolder(tmp_path / "trust", clock).entries()
    assert (kept.forced, kept.checked_by, kept.added_at) == (True, "Nguyễn Văn A", clock.now())
    assert kept.anchor.certificate == newer


def test_a_forced_certificate_opens_no_host_of_the_authority_it_is_named_after(clock):
    forged = der(certificate(clock, FORGED[0]))
    anchor = TrustAnchor(certificate=forged, purposes=frozenset(TrustPurpose), origin="x")
    assert hosts_of(TrustStore(anchors=(anchor,))) == set()


def test_an_unknown_authority_is_added_without_force_and_so_recorded(clock, tmp_path):
    folder = TrustFolder(tmp_path / "trust", clock)
    other = certificate(clock, "CA nội bộ của huyện")
    assert compare(other).likeness is Likeness.UNKNOWN
    folder.add(der(other), {TrustPurpose.OCSP}, "x", force=True, checked_by="B")
    (kept,) = folder.entries()
    assert not kept.forced


# -- removing ----------------------------------------------------------------------------------


def test_what_is_removed_is_not_trusted_any_more(clock, tmp_path):
    folder = TrustFolder(tmp_path / "trust", clock)
    one, two = (der(certificate(clock, n)) for n in ("Một", "Hai"))
    first, second = (folder.add(c, set(TrustPurpose), "x") for c in (one, two))
    assert folder.remove(first.sha256[:8].upper()) == first.sha256
    assert folder.load().anchors == (second,)
    colons = ":".join(re.findall("..", second.sha256)).upper()
    folder.remove(colons)
    assert folder.load() == TrustStore()
    assert list((tmp_path / "trust").iterdir()) == []


@pytest.mark.parametrize("wanted", ["", "0123456", "f" * 64, "vgca-root-g2", "../x", "*"])
def test_what_is_not_there_or_too_short_removes_nothing(clock, tmp_path, wanted):
    folder = TrustFolder(tmp_path / "trust", clock)
    added = folder.add(der(certificate(clock, "Một")), set(TrustPurpose), "x")
    with pytest.raises(AnchorNotFoundError):
        folder.remove(wanted)
    with pytest.raises(AnchorNotFoundError):
        folder.remove(added.sha256[:7])
    assert folder.load().anchors == (added,)


def test_a_damaged_entry_can_be_removed(clock, tmp_path):
    folder = TrustFolder(tmp_path / "trust", clock)
    added = folder.add(der(certificate(clock, "Một")), set(TrustPurpose), "x")
    (tmp_path / f"trust/{added.sha256}.json").write_text("{")
    folder.remove(added.sha256)
    assert folder.load() == TrustStore()
