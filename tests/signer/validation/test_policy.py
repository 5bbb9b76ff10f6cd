from datetime import UTC, datetime

import pytest

from signer.validation.policy import POLICY, Policy
from signer.validation.policy_digest import ALGORITHMS


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("digest", "day", "allowed"),
    [
        ("md5", "2004-07-31", True), ("md5", "2004-08-02", False),
        ("sha1", "2012-08-01", True), ("sha1", "2012-08-02", False),
        ("sha224", "2028-12-31", True), ("sha224", "2029-01-02", False),
        ("sha256", "2036-01-01", True), ("sha3_512", "2036-01-01", True),
        ("whirlpool", "2010-01-01", False),
    ],
)  # fmt: skip
def test_a_digest_is_allowed_until_its_last_day(digest, day, allowed):
    assert POLICY.digest(digest, at(day)).allowed is allowed


@pytest.mark.parametrize(
    ("family", "bits", "day", "allowed"),
    [
        ("rsassa_pkcs1v15", 2048, "2028-12-31", True), ("rsassa_pkcs1v15", 2048, "2029-01-02", False),
        ("rsassa_pkcs1v15", 4096, "2029-01-02", False), ("rsassa_pss", 3072, "2036-01-01", True),
        ("rsassa_pss", 2048, "2029-01-02", False), ("rsassa_pkcs1v15", 1024, "2009-01-01", True),
        ("rsassa_pkcs1v15", 1024, "2026-01-01", False), ("rsassa_pkcs1v15", 512, "2000-01-01", False),
        ("ecdsa", 256, "2036-01-01", True), ("ecdsa", 224, "2021-10-02", False),
        ("ed25519", 255, "2036-01-01", True), ("unheard-of", 9999, "2026-01-01", False),
    ],
)  # fmt: skip
def test_a_key_is_allowed_until_its_last_day(family, bits, day, allowed):
    assert POLICY.key(family, bits, at(day)).allowed is allowed


def test_what_ends_soon_is_called_legacy_with_its_day():
    ruling = POLICY.key("rsassa_pkcs1v15", 2048, at("2026-01-01"))
    assert ruling.legacy
    assert ruling.until is not None
    assert ruling.until.date().isoformat() == "2029-01-01"


def test_half_a_policy_is_no_policy():
    text = ALGORITHMS.read_text()
    with pytest.raises(KeyError):
        Policy.load(text[: text.index("[evidence]")])
    with pytest.raises(ValueError, match="largest key down"):
        Policy.load(text.replace("bits = 1900", "bits = 1000", 1))
