import json

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certs.anchors import TrustFolder, hosts_of, load_anchors
from certs.certificates import der
from certs.errors import AnchorInvalidError
from certs.model import TrustAnchor, TrustPurpose, TrustStore


@pytest.fixture
def certs(authority):
    names = ("root", "issuing", "tsa", "ocsp")
    return {n: authority.certificate(n) for n in names}


def pem(*certificates):
    return b"".join(c.public_bytes(Encoding.PEM) for c in certificates)


@pytest.mark.parametrize("suffix", [".cer", ".crt", ".pem", ".der", ".anything", ""])
@pytest.mark.parametrize("encode", [pem, der], ids=["pem", "der"])
def test_a_file_named_by_hand_is_read_whatever_its_suffix(certs, tmp_path, suffix, encode):
    file = tmp_path / f"gốc{suffix}"
    file.write_bytes(encode(certs["root"]))
    trust = load_anchors([file])
    assert [a.certificate for a in trust.anchors] == [der(certs["root"])]
    assert trust.anchors[0].purposes == set(TrustPurpose)
    assert trust.anchors[0].origin == str(file)


def test_an_intermediate_is_an_anchor_too(certs, tmp_path):
    (tmp_path / "a.pem").write_bytes(pem(certs["issuing"]))
    trust = load_anchors([tmp_path / "a.pem"])
    assert trust.for_purpose(TrustPurpose.SIGNER) == (der(certs["issuing"]),)
    assert trust.helpers == ()


def test_a_bundle_gives_all_its_certificates_and_passes_over_the_rest(certs, tmp_path, pki):
    text = b"# ghi chu\n" + pem(certs["root"]) + b"\nmore\n" + pem(certs["issuing"], certs["root"])
    (tmp_path / "bundle.pem").write_bytes(text)
    trust = load_anchors([tmp_path / "bundle.pem"])
    assert [a.certificate for a in trust.anchors] == [der(certs["root"]), der(certs["issuing"])]
    assert trust.anchors[1].origin.endswith("bundle.pem#2")


def test_a_folder_is_read_in_byte_order_without_links(certs, tmp_path):
    folder, outside = tmp_path / "trust", tmp_path / "outside"
    (folder / "sub").mkdir(parents=True)
    outside.mkdir()
    (folder / "b.CRT").write_bytes(der(certs["root"]))
    (folder / "B.pem").write_bytes(pem(certs["issuing"]))
    (folder / "sub" / "a.cer").write_bytes(der(certs["tsa"]))
    (folder / "README.txt").write_text("not one")
    (outside / "evil.pem").write_bytes(pem(certs["ocsp"]))
    (folder / "link.pem").symlink_to(outside / "evil.pem")
    (folder / "linked").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    trust = load_anchors([folder])
    assert [a.certificate for a in trust.anchors] == [
        der(certs[n]) for n in ("issuing", "root", "tsa")
    ]


def test_a_link_named_by_hand_is_followed(certs, tmp_path):
    (tmp_path / "root.pem").write_bytes(pem(certs["root"]))
    (tmp_path / "link").symlink_to(tmp_path / "root.pem")
    assert len(load_anchors([tmp_path / "link"]).anchors) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda good: b"",
        lambda good: b"%PDF-1.7",
        lambda good: b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n",
        lambda good: b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
        lambda good: der(good)[:-1],
        lambda good: der(good) + b"\x00",
        lambda good: pem(good) + pem(good)[:400],
        lambda good: b"\x30\x80\x00\x00",
        lambda good: bytes((4 << 20) + 1),
    ],
    ids=["empty", "pdf", "bad-base64", "key", "cut", "trailing", "cut-bundle", "ber", "huge"],
)
def test_a_file_without_a_whole_certificate_is_named(certs, tmp_path, spoil):
    (tmp_path / "xấu.pem").write_bytes(spoil(certs["root"]))
    for path in (tmp_path / "xấu.pem", tmp_path):
        with pytest.raises(AnchorInvalidError, match=r"xấu\.pem") as refused:
            load_anchors([path])
        assert refused.value.source == str(tmp_path / "xấu.pem")


def test_what_is_not_there_or_empty_is_named(tmp_path):
    with pytest.raises(AnchorInvalidError, match="No such file"):
        load_anchors([tmp_path / "none.pem"])
    with pytest.raises(AnchorInvalidError, match="no file"):
        load_anchors([tmp_path])
    with pytest.raises(AnchorInvalidError):
        load_anchors([tmp_path / "a\x00b"])


def test_the_same_trust_has_the_same_digest_in_any_order(certs, tmp_path):
    (tmp_path / "a.pem").write_bytes(pem(certs["root"], certs["issuing"]))
    (tmp_path / "b.pem").write_bytes(pem(certs["issuing"], certs["root"]))
    one, other = (load_anchors([tmp_path / n]) for n in ("a.pem", "b.pem"))
    assert one.digest == other.digest
    assert one.digest != load_anchors([]).digest


def test_hosts_come_from_the_trusted_certificates(certs):
    def trust(*names):
        return TrustStore(
            anchors=tuple(
                TrustAnchor(certificate=der(certs[n]), purposes=frozenset(TrustPurpose), origin=n)
                for n in names
            )
        )

    assert hosts_of(trust("root")) == set()
    assert hosts_of(trust("root", "issuing")) == {"127.0.0.1"}


def test_an_anchor_added_is_there_after_a_restart(certs, tmp_path, clock):
    folder = TrustFolder(tmp_path / "trust", clock)
    assert folder.load() == TrustStore()
    added = folder.add(der(certs["tsa"]), {TrustPurpose.TSA}, "Ban Cơ yếu")
    folder.add(der(certs["issuing"]), (), "kèm theo")
    trust = TrustFolder(tmp_path / "trust", clock).load()
    assert trust.anchors == (added,)
    assert trust.for_purpose(TrustPurpose.TSA) == (der(certs["tsa"]),)
    assert trust.for_purpose(TrustPurpose.SIGNER) == ()
    assert trust.helpers == (der(certs["issuing"]),)
    described = json.loads((tmp_path / f"trust/{added.sha256}.json").read_text())
    assert described["added_at"] == clock.now().isoformat()


def test_an_anchor_changed_on_disk_is_not_trusted(certs, tmp_path, clock):
    folder = TrustFolder(tmp_path, clock)
    added = folder.add(der(certs["root"]), set(TrustPurpose), "x")
    (tmp_path / f"{added.sha256}.der").write_bytes(der(certs["issuing"]))
    with pytest.raises(AnchorInvalidError, match="not the one"):
        folder.load()
    (tmp_path / f"{added.sha256}.der").unlink()
    with pytest.raises(AnchorInvalidError, match="damaged"):
        folder.load()


def test_an_anchor_half_written_does_not_exist(certs, tmp_path, clock):
    folder = TrustFolder(tmp_path, clock)
    added = folder.add(der(certs["root"]), set(TrustPurpose), "x")
    (tmp_path / f"{added.sha256}.json").unlink()
    assert folder.load() == TrustStore()


def test_what_is_not_a_certificate_is_not_added(tmp_path, clock):
    with pytest.raises(AnchorInvalidError):
        TrustFolder(tmp_path, clock).add(b"x", (), "x")
    assert list(tmp_path.iterdir()) == []
