"""The CMS is what openssl and asn1crypto make of the standard, for every key that we take."""

import hashlib
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from signer.cades import SignatureBuilder, digest_for

KEYS = {
    "RSA-2048": (lambda: rsa.generate_private_key(65537, 2048), "sha256"),
    "RSA-3072": (lambda: rsa.generate_private_key(65537, 3072), "sha256"),
    "P-256": (lambda: ec.generate_private_key(ec.SECP256R1()), "sha256"),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()), "sha384"),
    "P-521": (lambda: ec.generate_private_key(ec.SECP521R1()), "sha512"),
}


def certificate(key, subject="Trần Thị Thử", issuer=None):
    now = datetime.now(UTC)

    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer or subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


def made(key, signer, chain=(), content=b"noi dung"):
    der = signer.public_bytes(Encoding.DER)
    digest = digest_for(der)
    builder = SignatureBuilder(
        certificate=der,
        chain=[c.public_bytes(Encoding.DER) for c in chain],
        signature_algorithm="rsassa_pkcs1v15" if isinstance(key, rsa.RSAPrivateKey) else "ecdsa",
        digest_algorithm=digest,
    )
    attributes = builder.attributes(hashlib.new(digest, content).digest())
    algorithm = getattr(hashes, digest.upper())()
    how = (
        (padding.PKCS1v15(), algorithm)
        if isinstance(key, rsa.RSAPrivateKey)
        else (ec.ECDSA(algorithm),)
    )
    signature = key.sign(attributes.to_be_signed, *how)
    return builder, attributes, signature


@pytest.mark.parametrize(("make", "digest"), KEYS.values(), ids=KEYS)
def test_openssl_verifies_it_as_cades(tmp_path, make, digest):
    key = make()
    signer = certificate(key)
    builder, attributes, signature = made(key, signer)
    assert builder.digest_algorithm == digest
    (tmp_path / "cms").write_bytes(builder.finish(attributes, signature))
    (tmp_path / "content").write_bytes(b"noi dung")
    (tmp_path / "ca.pem").write_bytes(signer.public_bytes(Encoding.PEM))

    def verify():
        return subprocess.run(
            ["openssl", "cms", "-verify", "-cades", "-inform", "DER", "-in", "cms", "-binary",
             "-content", "content", "-CAfile", "ca.pem", "-purpose", "any", "-out", "/dev/null"],
            check=False, capture_output=True, text=True, cwd=tmp_path,
        )  # fmt: skip

    assert verify().returncode == 0, verify().stderr
    (tmp_path / "content").write_bytes(b"noi dung khac")
    assert verify().returncode != 0


def test_it_is_der_and_sized_as_foretold():
    key = KEYS["RSA-2048"][0]()
    builder, attributes, signature = made(key, certificate(key))
    stamp = cms.ContentInfo({"content_type": "data", "content": bytes(3000)}).dump()
    whole = builder.finish(attributes, signature, stamp)
    assert builder.size(signature=len(signature), time_stamp=len(stamp)) == len(whole)
    info = cms.ContentInfo.load(whole, strict=True)
    assert info["content"].native["version"] == "v1"
    assert info["content"].dump(force=True) == info["content"].dump()  # same bytes re-encoded
    (signer,) = info["content"]["signer_infos"]
    assert signer["signed_attrs"].untag().dump() == attributes.to_be_signed
    assert [a["type"].native for a in signer["unsigned_attrs"]] == ["signature_time_stamp_token"]


def test_issuers_go_along_and_the_root_stays_at_home():
    key = KEYS["P-256"][0]()
    leaf = certificate(key, "Người ký", "CA cấp")
    middle, root = certificate(key, "CA cấp", "CA gốc"), certificate(key, "CA gốc")
    builder, attributes, signature = made(key, leaf, [middle, root])
    info = cms.ContentInfo.load(builder.finish(attributes, signature))
    names = {c.chosen.subject.native["common_name"] for c in info["content"]["certificates"]}
    assert names == {"Người ký", "CA cấp"}
