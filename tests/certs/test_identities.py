import base64
import json
import stat
import threading
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from certs.certificates import der, load
from certs.dev.profiles import Issuer, Subject, certificate_for
from certs.errors import (
    IdentityInvalidError,
    IdentityNotFoundError,
    IdentityUnusableError,
    PinRequiredError,
    WrongPinError,
)
from certs.identities import envelope
from certs.identities.software import FileIdentityStore
from certs.model import IdentityPurpose

PIN = "không-ai-biết-7"


def self_made(key, now, *, usage=("digital_signature",), ca=False, days=365, started=1):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Đỗ Thị Ả")])
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=started))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{n: n in usage for n in names}), critical=True)
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def empty(tmp_path, clock):
    return FileIdentityStore(tmp_path / "identities", clock)


def create(store, key, certificate, **changes):
    return store.create(
        changes.pop("id", "lanh-dao"),
        **{"purpose": IdentityPurpose.LEADER, "key": key, "chain": [certificate], "pin": PIN}
        | changes,
    )


def test_a_stored_identity_signs_and_its_signature_verifies(empty, rsa_key, clock):
    certificate = self_made(rsa_key, clock.now())
    made = create(empty, rsa_key, certificate)
    assert made == empty.get("lanh-dao")
    assert list(empty.list()) == [made]
    assert (made.common_name, made.development, made.kind) == ("Đỗ Thị Ả", False, "software")
    handle = empty.open("lanh-dao", PIN)
    for digest in ("sha256", "sha384", "sha512"):
        value = handle.sign(b"data", digest)
        assert len(value) == handle.signature_size
        algorithm = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
        rsa_key.public_key().verify(value, b"data", padding.PKCS1v15(), algorithm[digest]())


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()], ids=["P-256", "P-384"])
def test_no_ecdsa_signature_is_larger_than_announced(empty, clock, curve):
    key = ec.generate_private_key(curve)
    create(empty, key, self_made(key, clock.now()))
    handle = empty.open("lanh-dao", PIN)
    assert handle.signature_algorithm == "ecdsa"
    sizes = {len(handle.sign(b"%d" % i, "sha256")) for i in range(300)}
    assert max(sizes) == handle.signature_size


def test_nothing_on_disk_gives_the_key_away(empty, rsa_key, clock, tmp_path):
    create(empty, rsa_key, self_made(rsa_key, clock.now()))
    numbers = rsa_key.private_numbers()
    secrets = [n.to_bytes(128, "big") for n in (numbers.p, numbers.q)]
    secrets += [base64.b64encode(s)[:40] for s in secrets]
    secrets.append(PIN.encode())
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert len(files) == 3
    for path in files:
        data = path.read_bytes()
        assert not any(s in data for s in secrets)
        assert b"PRIVATE KEY" not in data
    assert stat.S_IMODE((tmp_path / "identities/lanh-dao/key.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("pin", ["", "123456", PIN + " ", PIN.upper(), "x" * 10_000])
def test_a_wrong_pin_opens_nothing_and_is_not_repeated_in_the_error(empty, rsa_key, clock, pin):
    create(empty, rsa_key, self_made(rsa_key, clock.now()))
    with pytest.raises(WrongPinError) as refused:
        empty.open("lanh-dao", pin)
    assert not pin or len(pin) < 7 or pin not in refused.value.vi + refused.value.en


def test_without_a_pin_only_a_development_identity_opens(empty, store, rsa_key, clock):
    create(empty, rsa_key, self_made(rsa_key, clock.now()))
    with pytest.raises(PinRequiredError):
        empty.open("lanh-dao", None)
    assert store.open("lanh-dao-1", None).sign(b"x", "sha256")
    assert store.open("lanh-dao-1", "123456").sign(b"x", "sha256")
    with pytest.raises(WrongPinError):
        store.open("lanh-dao-1", "654321")


def test_calling_a_persons_identity_a_development_one_does_not_open_it(
    empty, rsa_key, clock, tmp_path
):
    create(empty, rsa_key, self_made(rsa_key, clock.now()))
    path = tmp_path / "identities/lanh-dao/identity.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"development": True}))
    with pytest.raises(WrongPinError):
        empty.open("lanh-dao", None)


def test_a_key_moved_to_another_identity_does_not_open(empty, rsa_key, clock, tmp_path):
    certificate = self_made(rsa_key, clock.now())
    create(empty, rsa_key, certificate, id="a")
    create(empty, rsa_key, certificate, id="b")
    sealed = (tmp_path / "identities/a/key.json").read_bytes()
    (tmp_path / "identities/b/key.json").write_bytes(sealed)
    with pytest.raises(WrongPinError):
        empty.open("b", PIN)


@pytest.mark.parametrize(
    "change",
    [
        lambda box: box["sealed"].__class__("AAAA"),
        lambda box: None,
        lambda box: {**box, "format": "antin-key/9"},
        lambda box: {**box, "layers": []},
        lambda box: {**box, "kdf": {**box["kdf"], "memory_kib": 1 << 40}},
        lambda box: {**box, "kdf": {**box["kdf"], "passes": 0}},
        lambda box: {**box, "kdf": {**box["kdf"], "lanes": 0}},
        lambda box: {**box, "kdf": {**box["kdf"], "salt": "AA=="}},
        lambda box: {**box, "cipher": {**box["cipher"], "nonce": ""}},
        lambda box: {k: v for k, v in box.items() if k != "sealed"},
    ],
)
def test_a_damaged_key_file_is_named_and_never_a_crash(store, pki, change):
    path = pki / "identities/lanh-dao-1/key.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(IdentityUnusableError, match="missing or damaged"):
        store.open("lanh-dao-1", None)


def test_every_flipped_bit_of_the_sealed_key_is_noticed(store, pki):
    path = pki / "identities/lanh-dao-3/key.json"
    box = json.loads(path.read_text())
    sealed = base64.b64decode(box["sealed"])
    for i in range(0, len(sealed), 5):
        changed = bytearray(sealed)
        changed[i] ^= 1 << (i % 8)
        path.write_text(json.dumps(box | {"sealed": base64.b64encode(changed).decode()}))
        with pytest.raises(WrongPinError):
            store.open("lanh-dao-3", None)


@pytest.mark.parametrize(
    "identity_id", ["", "../dev", "lanh-dao-1/..", "LANH-DAO-1", ".", "a" * 65, "x\x00", "không"]
)
def test_an_odd_id_names_no_identity_and_no_path(store, rsa_key, clock, identity_id):
    with pytest.raises(IdentityNotFoundError):
        store.get(identity_id)
    with pytest.raises(IdentityInvalidError):
        create(store, rsa_key, self_made(rsa_key, clock.now()), id=identity_id)


def test_an_identity_is_never_overwritten(empty, rsa_key, clock, tmp_path):
    create(empty, rsa_key, self_made(rsa_key, clock.now()))
    before = (tmp_path / "identities/lanh-dao/chain.pem").read_bytes()
    with pytest.raises(IdentityInvalidError, match="already"):
        create(empty, rsa_key, self_made(rsa_key, clock.now()))
    assert (tmp_path / "identities/lanh-dao/chain.pem").read_bytes() == before
    assert [p.name for p in (tmp_path / "identities").iterdir()] == ["lanh-dao"]


def weak_keys():
    yield "rsa-1024", rsa.generate_private_key(65537, 1024), {}  # noqa: S505 the point
    yield "rsa-exponent-3", rsa.generate_private_key(3, 2048), {}
    yield "p-521", ec.generate_private_key(ec.SECP521R1()), {}
    yield "secp256k1", ec.generate_private_key(ec.SECP256K1()), {}
    yield "ed25519", ed25519.Ed25519PrivateKey.generate(), {}
    good = rsa.generate_private_key(65537, 2048)
    yield "encipherment-only", good, {"usage": ("key_encipherment",)}
    yield "certificate-signing", good, {"usage": ("key_cert_sign",), "ca": True}
    yield (
        "authority-that-may-sign",
        good,
        {"usage": ("digital_signature", "key_cert_sign"), "ca": True},
    )
    yield "expired", good, {"started": 10, "days": -1}


@pytest.mark.parametrize("name", [n for n, _, _ in weak_keys()])
def test_a_bad_key_or_certificate_is_not_taken_in(empty, clock, name):
    key, how = next((k, h) for n, k, h in weak_keys() if n == name)
    with pytest.raises(IdentityInvalidError):
        create(empty, key, self_made(key, clock.now(), **how))
    assert list(empty.list()) == []


def test_a_key_of_somebody_else_is_not_taken_in(empty, rsa_key, clock):
    other = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(IdentityInvalidError, match="does not belong"):
        create(empty, other, self_made(rsa_key, clock.now()))


def test_a_short_pin_is_not_taken(empty, rsa_key, clock):
    with pytest.raises(IdentityInvalidError, match="PIN"):
        create(empty, rsa_key, self_made(rsa_key, clock.now()), pin="12345")


def test_the_certificate_is_judged_when_opened_and_at_every_signature(empty, rsa_key, clock):
    certificate = self_made(rsa_key, clock.now() + timedelta(days=2), days=3)
    create(empty, rsa_key, certificate)
    with pytest.raises(IdentityUnusableError, match="valid only from"):
        empty.open("lanh-dao", PIN)
    clock.advance(days=2)
    handle = empty.open("lanh-dao", PIN)
    assert handle.sign(b"x", "sha256")
    clock.advance(days=4)
    with pytest.raises(IdentityUnusableError, match="expired"):
        handle.sign(b"x", "sha256")
    with pytest.raises(IdentityUnusableError, match="expired"):
        empty.open("lanh-dao", PIN)


def test_a_closed_handle_signs_nothing(store):
    handle = store.open("lanh-dao-1", None)
    handle.close()
    with pytest.raises(IdentityUnusableError, match="closed"):
        handle.sign(b"x", "sha256")


def test_an_unknown_digest_is_a_mistake_of_the_caller(store):
    with pytest.raises(ValueError, match="sha1"):
        store.open("lanh-dao-1", None).sign(b"x", "sha1")


def test_many_threads_sign_with_one_handle(store):
    handle = store.open("lanh-dao-1", None)
    public = load(handle.identity.certificate).public_key()
    failures = []

    def work(number):
        data = b"%d" % number
        try:
            value = handle.sign(data, "sha256")
            public.verify(value, data, padding.PKCS1v15(), hashes.SHA256())
        except Exception as exc:  # noqa: BLE001 whatever it is, the test must see it
            failures.append(exc)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def bundle(store, authority, clock, rsa_key, password=b"mat-khau"):
    issuing = authority.certificate("issuing")
    issuer = Issuer(id="issuing", name=issuing.subject, key=authority.key("issuing"))
    who = Subject(
        id="x", role="person", key="rsa2048", common_name="Vũ Ngọc Ân", organization="Sở Thử"
    )
    leaf = certificate_for(
        who, rsa_key.public_key(), issuer, base_url=authority.base_url, now=clock.now()
    )
    # The root before the issuing CA: order in the file means nothing.
    others = [authority.certificate("root"), issuing]
    encryption = serialization.BestAvailableEncryption(password)
    return leaf, pkcs12.serialize_key_and_certificates(b"x", rsa_key, leaf, others, encryption)


def test_a_pkcs12_file_is_taken_in_with_its_chain_in_order(store, authority, clock, rsa_key):
    leaf, data = bundle(store, authority, clock, rsa_key)
    made = store.import_pkcs12(
        "vu-ngoc-an", purpose=IdentityPurpose.LEADER, data=data, password="mat-khau", pin=PIN
    )
    assert made.certificate == der(leaf)
    assert made.chain == tuple(der(authority.certificate(i)) for i in ("issuing", "root"))
    assert made.organization == "Sở Thử"
    assert not made.development
    assert store.open("vu-ngoc-an", PIN).sign(b"x", "sha256")


@pytest.mark.parametrize(
    ("data", "password"),
    [(None, "sai"), (b"", "mat-khau"), (b"\x30\x03\x02\x01\x03", "mat-khau"), (b"%PDF-1.7", "x")],
    ids=["wrong-password", "empty", "damaged", "a-pdf"],
)
def test_a_pkcs12_file_that_does_not_open_is_a_clear_problem(
    store, authority, clock, rsa_key, data, password
):
    if data is None:
        _, data = bundle(store, authority, clock, rsa_key)
    with pytest.raises(IdentityInvalidError, match="does not open"):
        store.import_pkcs12(
            "x", purpose=IdentityPurpose.LEADER, data=data, password=password, pin=PIN
        )
    with pytest.raises(IdentityNotFoundError):
        store.get("x")


def test_a_pkcs12_file_without_a_key_is_a_clear_problem(store, authority):
    data = pkcs12.serialize_key_and_certificates(
        b"x", None, authority.certificate("root"), None, serialization.NoEncryption()
    )
    with pytest.raises(IdentityInvalidError, match="lacks"):
        store.import_pkcs12("x", purpose=IdentityPurpose.SEAL, data=data, password="", pin=PIN)


def test_a_damaged_identity_is_named_and_hides_no_other(store, pki):
    (pki / "identities/can-bo/chain.pem").write_text("x")
    with pytest.raises(IdentityInvalidError, match="can-bo"):
        store.get("can-bo")
    assert "can-bo" not in [i.id for i in store.list()]
    assert len(store.list()) == 6


def test_a_half_written_identity_is_never_seen(store, pki):
    (pki / "identities/.lanh-dao-9.0011223344556677").mkdir()
    assert [i.id for i in store.list()] == [
        "can-bo", "con-dau", "dich-vu", "lanh-dao-1", "lanh-dao-2", "lanh-dao-3", "nhat-ky",
    ]  # fmt: skip


def test_persons_pay_the_full_price_for_a_try_and_development_does_not(
    empty, rsa_key, clock, tmp_path
):
    create(empty, rsa_key, self_made(rsa_key, clock.now()))
    kdf = json.loads((tmp_path / "identities/lanh-dao/key.json").read_text())["kdf"]
    assert (kdf["memory_kib"], kdf["passes"]) == (65536, 3)
    assert envelope.PERSON_COST.memory_kib > 100 * envelope.DEVELOPMENT_COST.memory_kib
