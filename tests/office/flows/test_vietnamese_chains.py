"""What a clerk is told about a document signed under Vietnamese authorities, by whom we trust.

3422cc76b2b0 was signed by a portal of the Government in 2023 under the first generation: the
signer's certificate alone is embedded, its issuer was signed with SHA-1, and the time-stamp's
imprint is SHA-1.
"""

import os
from datetime import datetime
from pathlib import Path

import pytest

from api.settings import load
from api.wiring import House
from certs.errors import FetchFailedError
from certs.model import TrustAnchor, TrustPurpose, TrustStore
from signer.validation.report import Indication, Integrity

CORPUS = Path(os.environ.get("ANTIN_CORPUS", "")) / "vnpdf"
ROOT_G1, STATE_G1, ROOT_G2 = "f7bc8905", "75e969c0", "f04ba4b4"
JUNE_2023 = datetime.fromisoformat("2023-06-01T00:00:00+07:00")

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif("ANTIN_CORPUS" not in os.environ, reason="ANTIN_CORPUS names no folder"),
]


def certificate(prefix):
    (file,) = (CORPUS / "ca").glob(f"*_{prefix}.cer")
    return file.read_bytes()


def trusting(*prefixes, helpers=()):
    anchors = tuple(
        TrustAnchor(certificate=certificate(p), purposes=frozenset(TrustPurpose), origin=p)
        for p in prefixes
    )
    return TrustStore(anchors=anchors, helpers=tuple(map(certificate, helpers)))


class Net:
    """The authorities' servers, as far as the test lets them answer."""

    def __init__(self, **served):
        self.served, self.asked = served, []

    def fetch(self, request):
        self.asked.append(request.url)
        for name, body in self.served.items():
            if request.url.endswith(f"/{name}.crt"):
                return body
        raise FetchFailedError(request.url, "status 404")


@pytest.fixture(scope="module")
def net():
    return Net(cp=certificate(STATE_G1))


@pytest.fixture(scope="module")
def house(net, tmp_path_factory):
    with House(load(tmp_path_factory.mktemp("none") / "none"), fetcher=net) as house:
        yield house


@pytest.fixture
def verdict(house, net):
    def judge(trust, *, at=JUNE_2023, offline=True, name="3422cc76b2b0"):
        net.asked.clear()
        found = house.verifier.verify(
            CORPUS / f"{name}.pdf", trust=trust, at=at, offline=offline, read=False
        )
        assert found.report.integrity is Integrity.INTACT
        assert found.report.indication is Indication.INDETERMINATE
        (signature,) = found.report.signatures
        codes = [r.code for r in found.report.reasons]
        return signature.sub_indication, codes

    return judge


def test_with_the_issuing_authority_as_anchor_only_evidence_of_revocation_is_missing(verdict, net):
    sub, codes = verdict(trusting(STATE_G1))
    assert sub == "TRY_LATER"
    assert codes[0] == "revocation.missing"
    assert {"timestamp.invalid", "time.unproven", "time.local_as_utc"} == set(codes[1:])
    assert net.asked == []


def test_online_that_evidence_is_asked_for_where_the_certificate_says(verdict, net):
    verdict(trusting(STATE_G1), offline=False)
    assert net.asked[0] == "http://ocsp.ca.gov.vn/"
    assert "http://ca.gov.vn/pki/pub/crl/cp.crl" in net.asked
    assert not [u for u in net.asked if u.endswith(".crt")]


def test_with_the_root_alone_the_issuer_is_unknown_offline(verdict):
    sub, codes = verdict(trusting(ROOT_G1))
    assert (sub, codes[0]) == ("NO_CERTIFICATE_CHAIN_FOUND", "chain.not_found")


def test_a_path_from_the_root_through_sha1_is_refused_for_its_algorithm(verdict):
    sub, codes = verdict(trusting(ROOT_G1, helpers=[STATE_G1]))
    assert (sub, codes[0]) == ("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", "algorithm.weak")


def test_online_the_missing_issuer_is_fetched_and_the_path_refused_for_sha1(verdict, net):
    sub, codes = verdict(trusting(ROOT_G1), offline=False)
    assert (sub, codes[0]) == ("CRYPTO_CONSTRAINTS_FAILURE_NO_POE", "algorithm.weak")
    assert net.asked == ["http://ca.gov.vn/pki/pub/cert/cp.crt"]


def test_a_fetched_issuer_is_a_helper_and_makes_nobody_trusted(verdict):
    sub, _ = verdict(trusting(ROOT_G2), offline=False)
    assert sub == "NO_CERTIFICATE_CHAIN_FOUND"


def test_after_the_signers_certificate_ended_nothing_proves_that_it_signed_before(verdict):
    sub, codes = verdict(trusting(STATE_G1), at=datetime.fromisoformat("2026-06-01T00:00:00+07:00"))
    assert (sub, codes[0]) == ("OUT_OF_BOUNDS_NO_POE", "certificate.expired")


def test_where_nobody_is_trusted_nothing_is_asked(verdict, net):
    sub, _ = verdict(TrustStore(), offline=False)
    assert sub == "NO_CERTIFICATE_CHAIN_FOUND"
    assert net.asked == []


def test_the_second_generations_issuer_is_asked_for_where_signers_say_it_is(verdict, net):
    sub, _ = verdict(trusting(ROOT_G2), offline=False, name="1e063e5adff5")
    assert sub == "NO_CERTIFICATE_CHAIN_FOUND"
    assert "http://ca.gov.vn/pki/pub/crt/cpcag2.crt" in net.asked
