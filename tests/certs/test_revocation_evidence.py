"""Honest, lying, stale and dead revocation servers."""

import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from set_clock import SetClock

from certs.breaker import CircuitBreaker
from certs.cache import CachedEvidence, FileRevocationCache, MemoryRevocationCache
from certs.certificates import der, load
from certs.dev.responder import DevelopmentResponder
from certs.dev.server import DevelopmentServer
from certs.errors import FetchFailedError
from certs.evidence import EvidenceRejectedError, check_crl, check_ocsp
from certs.fetch import GuardedFetcher
from certs.model import RevocationNeed
from certs.revocation import CachedRevocationSource

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Wire:
    """A fetcher that answers from a table, or fails, and remembers what was asked."""

    def __init__(self, answers=None):
        self.answers = answers or {}
        self.asked = []

    def fetch(self, request):
        self.asked.append(request.url)
        answer = self.answers.get(request.url)
        if callable(answer):
            answer = answer(request)
        if answer is None:
            raise FetchFailedError(request.url, "no route")
        return answer


@pytest.fixture
def leaf(store):
    return load(store.get("lanh-dao-1").certificate)


@pytest.fixture
def issuing(authority):
    return authority.certificate("issuing")


@pytest.fixture
def need(leaf, issuing):
    return RevocationNeed(certificate=der(leaf), issuer=der(issuing))


@pytest.fixture
def honest(authority, clock):
    """The development PKI behind a table of URLs."""
    responder = DevelopmentResponder(authority)

    def answer(request):
        path = request.url.removeprefix(authority.base_url)
        return responder.answer(request.method, path, request.body, clock.now())[2]

    return Wire(
        {f"{authority.base_url}/{p}": answer for p in ("ocsp", "crl/issuing.crl", "crl/root.crl")}
    )


def source(wire, clock, cache=None):
    return CachedRevocationSource(wire, clock, cache or MemoryRevocationCache(clock))


OCSP = "http://127.0.0.1:8319/ocsp"
CRL = "http://127.0.0.1:8319/crl/issuing.crl"
ROOT_CRL = "http://127.0.0.1:8319/crl/root.crl"


# -- the honest case ---------------------------------------------------------------------------


def test_a_chain_is_covered_by_one_ocsp_answer_and_the_roots_crl(store, honest, clock):
    identity = store.get("lanh-dao-1")
    found = source(honest, clock).gather_for_chain([identity.certificate, *identity.chain])
    assert honest.asked == [OCSP, ROOT_CRL]
    assert (len(found.ocsp_responses), len(found.crls)) == (1, 1)
    answer = ocsp.load_der_ocsp_response(found.ocsp_responses[0])
    assert answer.certificate_status is ocsp.OCSPCertStatus.GOOD
    assert answer.serial_number == load(identity.certificate).serial_number


def test_over_real_http_with_the_guarded_fetcher(store, authority, clock):
    with DevelopmentServer(authority, SetClock(), port=0) as server:
        base = f"http://127.0.0.1:{server.port}"
        guarded = GuardedFetcher(allowed_private={("127.0.0.1", server.port)})
        identity = store.get("con-dau")
        need = RevocationNeed(
            certificate=identity.certificate,
            issuer=identity.chain[0],
            ocsp_urls=(f"{base}/ocsp",),
            crl_urls=(f"{base}/crl/issuing.crl",),
        )
        assert source(guarded, clock).gather([need]).ocsp_responses
        without = replace(need, ocsp_urls=(f"{base}/gone",))
        assert source(guarded, clock).gather([without]).crls


def test_the_tsa_chain_needs_the_roots_crl_alone(authority, honest, clock):
    found = source(honest, clock).gather_for_chain(authority.tsa_chain())
    assert (len(found.ocsp_responses), len(found.crls)) == (0, 1)
    assert honest.asked == [ROOT_CRL]


def test_revoked_is_evidence_as_welcome_as_good(authority, leaf, need, honest, clock):
    authority.revoke(leaf.serial_number, clock.now() - HOUR)
    found = source(honest, clock).gather([need])
    assert check_ocsp(
        found.ocsp_responses[0], leaf, authority.certificate("issuing"), clock.now()
    ).revoked


def test_where_ocsp_is_dead_the_crl_serves(need, honest, clock):
    honest.answers[OCSP] = None
    found = source(honest, clock).gather([need])
    assert (len(found.ocsp_responses), len(found.crls)) == (0, 1)


def test_what_nobody_answers_is_missing_not_an_error(need, clock):
    assert not source(Wire(), clock).gather([need])


def test_a_crl_in_pem_is_taken_and_handed_on_as_der(need, honest, clock):
    raw = honest.answers[CRL]

    def pem(request):
        return x509.load_der_x509_crl(raw(request)).public_bytes(Encoding.PEM)

    honest.answers |= {OCSP: None, CRL: pem}
    found = source(honest, clock).gather([need])
    assert x509.load_der_x509_crl(found.crls[0]).issuer == load(need.issuer).subject


@pytest.mark.parametrize("part", ["certificate", "issuer"])
@pytest.mark.parametrize("junk", [b"", b"x", b"\x30\x80", b"%PDF"])
def test_certificates_that_cannot_be_read_are_passed_over(need, honest, clock, part, junk):
    assert not source(honest, clock).gather([replace(need, **{part: junk})])
    assert honest.asked == []


def test_nothing_is_asked_about_a_certificate_that_the_issuer_did_not_sign(
    need, authority, honest, clock
):
    stranger = replace(need, issuer=der(authority.certificate("root")))
    assert not source(honest, clock).gather([stranger])
    assert honest.asked == []


# -- lies: each is one change away from the honest answer ------------------------------------------


class Forge:
    """Makes OCSP responses and CRLs that differ from honest ones in one thing."""

    def __init__(self, authority, leaf, now):
        self.authority, self.leaf, self.now = authority, leaf, now
        self.issuing = authority.certificate("issuing")
        self.key = ec.generate_private_key(ec.SECP256R1())

    def certificate(
        self, *, eku=ExtendedKeyUsageOID.OCSP_SIGNING, by="issuing", days=5, no_check=False
    ):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "OCSP khác")])
        above = self.authority.certificate(by)
        key = self.authority.key(by)
        if by == "tsa":
            above, key = self.issuing, ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(above.subject)
            .public_key(self.key.public_key())
            .serial_number(77)
            .not_valid_before(self.now - 10 * DAY)
            .not_valid_after(self.now + days * DAY)
            .add_extension(
                x509.CRLDistributionPoints(
                    [
                        x509.DistributionPoint(
                            [x509.UniformResourceIdentifier(CRL)], None, None, None
                        )
                    ]
                ),
                critical=False,
            )
        )
        if eku is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([eku]), critical=False)
        if no_check:
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        return builder.sign(key, hashes.SHA256())

    def ocsp(
        self, *, leaf=None, issuer=None, start=timedelta(0), end=DAY, responder=None, key=None,
        status=ocsp.OCSPCertStatus.GOOD, with_certificate=True,
    ):  # fmt: skip
        responder = responder or self.authority.certificate("ocsp")
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=leaf or self.leaf,
                issuer=issuer or self.issuing,
                algorithm=hashes.SHA256(),
                cert_status=status,
                this_update=self.now + start,
                next_update=None if end is None else self.now + end,
                revocation_time=None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
        )
        if with_certificate:
            builder = builder.certificates([responder])
        signed = builder.sign(key or self.authority.key("ocsp"), hashes.SHA256())
        return signed.public_bytes(Encoding.DER)

    def crl(self, *, by="issuing", key=None, start=timedelta(0), end=7 * DAY, number=5, extra=None):
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.authority.certificate(by).subject)
            .last_update(self.now + start)
            .next_update(self.now + end)
        )
        if number is not None:
            builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        if extra is not None:
            builder = builder.add_extension(extra, critical=True)
        signed = builder.sign(key or self.authority.key(by), hashes.SHA256())
        return signed.public_bytes(Encoding.DER)


@pytest.fixture
def forge(authority, leaf, clock):
    return Forge(authority, leaf, clock.now().replace(microsecond=0))


def scope(**changes):
    nothing = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False,
        "only_contains_ca_certs": False, "only_some_reasons": None, "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }  # fmt: skip
    return x509.IssuingDistributionPoint(**(nothing | changes))


def flipped(data, position=-20):
    changed = bytearray(data)
    changed[position] ^= 1
    return bytes(changed)


def url(text):
    return x509.UniformResourceIdentifier(text)


def resigned(response, sign):
    """Put another signature on a response; `None`: let its nextUpdate be later than signed."""
    parsed = asn1_ocsp.OCSPResponse.load(response)
    basic = parsed["response_bytes"]["response"].parsed
    if sign is None:
        answer = basic["tbs_response_data"]["responses"][0]
        answer["next_update"] = answer["next_update"].native + 2 * DAY
    else:
        basic["signature"] = sign(basic["tbs_response_data"].dump())
    parsed["response_bytes"]["response"] = core.ParsableOctetString(basic.dump(force=True))
    return parsed.dump(force=True)


LYING_OCSP = {
    "empty": lambda f: b"",
    "html": lambda f: b"<html>404</html>",
    "cut": lambda f: f.ocsp()[:-30],
    "try-later": lambda f: ocsp.OCSPResponseBuilder.build_unsuccessful(
        ocsp.OCSPResponseStatus.TRY_LATER
    ).public_bytes(Encoding.DER),
    "unauthorized": lambda f: ocsp.OCSPResponseBuilder.build_unsuccessful(
        ocsp.OCSPResponseStatus.UNAUTHORIZED
    ).public_bytes(Encoding.DER),
    "unknown": lambda f: f.ocsp(status=ocsp.OCSPCertStatus.UNKNOWN),
    "other-serial": lambda f: f.ocsp(leaf=f.authority.certificate("ocsp")),
    "other-issuer": lambda f: f.ocsp(issuer=f.authority.certificate("root")),
    "stale": lambda f: f.ocsp(start=-3 * DAY, end=-2 * DAY),
    "stale-without-end": lambda f: f.ocsp(start=-2 * DAY, end=None),
    "from-the-future": lambda f: f.ocsp(start=HOUR, end=DAY),
    "bad-signature": lambda f: resigned(f.ocsp(), lambda tbs: bytes(256)),
    "wrong-key": lambda f: resigned(
        f.ocsp(), lambda tbs: f.authority.key("tsa").sign(tbs, padding.PKCS1v15(), hashes.SHA256())
    ),
    "altered": lambda f: resigned(f.ocsp(end=-HOUR), None),
    "responder-missing": lambda f: f.ocsp(with_certificate=False),
    "responder-may-not": lambda f: f.ocsp(responder=f.certificate(eku=ExtendedKeyUsageOID.CLIENT_AUTH), key=f.key),
    "responder-without-usage": lambda f: f.ocsp(responder=f.certificate(eku=None), key=f.key),
    "responder-expired": lambda f: f.ocsp(responder=f.certificate(days=-1), key=f.key),
    "responder-of-the-root": lambda f: f.ocsp(responder=f.certificate(by="root"), key=f.key),
    "responder-self-made": lambda f: f.ocsp(responder=f.certificate(by="tsa"), key=f.key),
}  # fmt: skip

LYING_CRL = {
    "empty": lambda f: b"",
    "html": lambda f: b"<html>404</html>",
    "pem-cut": lambda f: b"-----BEGIN X509 CRL-----\nMIIB",
    "cut": lambda f: f.crl()[:-30],
    "other-issuer": lambda f: f.crl(by="root"),
    "wrong-key": lambda f: f.crl(key=f.key),
    "bad-signature": lambda f: flipped(f.crl()),
    "stale": lambda f: f.crl(start=-9 * DAY, end=-2 * DAY),
    "from-the-future": lambda f: f.crl(start=HOUR),
    "delta": lambda f: f.crl(extra=x509.DeltaCRLIndicator(1)),
    "unknown-critical": lambda f: f.crl(
        extra=x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    ),
    "indirect": lambda f: f.crl(extra=scope(indirect_crl=True)),
    "authorities-only": lambda f: f.crl(extra=scope(only_contains_ca_certs=True)),
    "attributes-only": lambda f: f.crl(extra=scope(only_contains_attribute_certs=True)),
    "some-reasons": lambda f: f.crl(
        extra=scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}))
    ),
    "other-partition": lambda f: f.crl(extra=scope(full_name=[url("http://x.example/2.crl")])),
}


def test_the_forger_can_also_make_honest_answers(forge, need, clock):
    for answers, kind in (({OCSP: forge.ocsp()}, "ocsp_responses"), ({CRL: forge.crl()}, "crls")):
        found = source(Wire(answers), clock).gather([need])
        assert len(getattr(found, kind)) == 1
    right = forge.authority.key("ocsp")
    again = resigned(forge.ocsp(), lambda d: right.sign(d, padding.PKCS1v15(), hashes.SHA256()))
    assert source(Wire({OCSP: again}), clock).gather([need])
    here = forge.crl(extra=scope(full_name=[url(CRL)], only_contains_user_certs=True))
    assert source(Wire({CRL: here}), clock).gather([need]).crls == (here,)


@pytest.mark.parametrize("lie", LYING_OCSP.values(), ids=LYING_OCSP)
def test_a_lying_responder_plants_nothing(forge, need, clock, lie, caplog):
    cache = MemoryRevocationCache(clock)
    with caplog.at_level(logging.WARNING):
        assert not source(Wire({OCSP: lie(forge)}), clock, cache).gather([need])
    assert "is not used" in caplog.text
    assert not source(Wire(), clock, cache).gather([need], offline=True)


@pytest.mark.parametrize("lie", LYING_CRL.values(), ids=LYING_CRL)
def test_a_lying_repository_plants_nothing(forge, need, clock, lie, caplog):
    cache = MemoryRevocationCache(clock)
    with caplog.at_level(logging.WARNING):
        assert not source(Wire({CRL: lie(forge)}), clock, cache).gather([need])
    assert "is not used" in caplog.text
    assert not source(Wire(), clock, cache).gather([need], offline=True)


def test_a_crl_for_authorities_does_not_speak_about_a_person_but_about_one(forge, authority, clock):
    root = authority.certificate("root")
    for_authorities = forge.crl(by="root", extra=scope(only_contains_ca_certs=True))
    assert check_crl(for_authorities, authority.certificate("issuing"), root, clock.now())
    with pytest.raises(EvidenceRejectedError, match="cover"):
        check_crl(for_authorities, authority.certificate("tsa"), root, clock.now())


def test_an_issuer_that_answers_itself_is_believed(forge, authority, leaf, issuing, clock):
    answer = forge.ocsp(responder=issuing, key=authority.key("issuing"), with_certificate=False)
    assert check_ocsp(answer, leaf, issuing, clock.now()).responder is None


def test_a_responder_without_nocheck_brings_its_own_evidence(forge, need, clock):
    for no_check, wanted in ((False, 1), (True, 0)):
        answer = forge.ocsp(responder=forge.certificate(no_check=no_check), key=forge.key)
        found = source(Wire({OCSP: answer, CRL: forge.crl()}), clock).gather([need])
        assert (len(found.ocsp_responses), len(found.crls)) == (1, wanted)


def test_an_older_crl_does_not_replace_a_newer_one(forge, need, clock):
    cache = MemoryRevocationCache(clock)
    newer, older = forge.crl(number=9), forge.crl(number=8, end=30 * DAY)
    assert source(Wire({CRL: newer}), clock, cache).gather([need]).crls == (newer,)
    clock.advance(hours=2)
    assert source(Wire({CRL: older}), clock, cache).gather([need]).crls == (newer,)
    assert source(Wire(), clock, cache).gather([need], offline=True).crls == (newer,)


# -- cache --------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "file", "layered"])
def cache(request, clock, tmp_path):
    file = FileRevocationCache(tmp_path / "revocation", clock)
    if request.param == "file":
        return file
    return MemoryRevocationCache(clock, file if request.param == "layered" else None)


def test_a_second_question_within_the_hour_asks_nobody(need, honest, clock, cache):
    first = source(honest, clock, cache).gather([need])
    clock.advance(minutes=59)
    assert source(honest, clock, cache).gather([need]) == first
    assert honest.asked == [OCSP]


def test_after_an_hour_it_is_asked_again_but_old_evidence_serves_an_outage(
    need, honest, clock, cache
):
    first = source(honest, clock, cache).gather([need])
    clock.advance(hours=2)
    assert source(Wire(), clock, cache).gather([need]) == first
    second = source(honest, clock, cache).gather([need])
    assert second.ocsp_responses != first.ocsp_responses


def test_offline_only_the_cache_is_read(need, honest, clock, cache):
    assert not source(honest, clock, cache).gather([need], offline=True)
    assert honest.asked == []
    found = source(honest, clock, cache).gather([need])
    clock.advance(hours=20)
    assert source(honest, clock, cache).gather([need], offline=True) == found
    assert honest.asked == [OCSP]


def test_what_has_ended_is_not_used(need, honest, clock, cache):
    source(honest, clock, cache).gather([need])
    clock.advance(hours=25)
    assert not source(Wire(), clock, cache).gather([need])
    assert not source(Wire(), clock, cache).gather([need], offline=True)


def test_a_clock_set_back_does_not_freeze_the_cache(need, honest, clock, cache):
    source(honest, clock, cache).gather([need])
    clock.advance(minutes=-4)
    source(honest, clock, cache).gather([need])
    assert honest.asked == [OCSP, OCSP]


def test_the_file_cache_serves_the_next_process_and_bears_damage(need, honest, clock, tmp_path):
    tmp_path = tmp_path / "cache"
    first = source(honest, clock, FileRevocationCache(tmp_path, clock)).gather([need])
    again = FileRevocationCache(tmp_path, clock)
    assert source(Wire(), clock, again).gather([need], offline=True) == first
    (file,) = tmp_path.iterdir()
    good = file.read_bytes()
    head = good.partition(b"\n")[0]
    for bad in (b"", b"{}", good[:40], head, head + b"\nx", flipped(good, len(head) + 60),
                b'{"fetched_at": "2026-01-01T00:00:00", "valid_until": "2099-01-01T00:00:00"}\n'):  # fmt: skip
        file.write_bytes(bad)
        assert not source(Wire(), clock, again).gather([need], offline=True)


def test_a_planted_entry_is_useless(forge, need, clock, tmp_path):
    tmp_path = tmp_path / "cache"
    cache = FileRevocationCache(tmp_path, clock)
    source(Wire({OCSP: forge.ocsp()}), clock, cache).gather([need])
    (file,) = tmp_path.iterdir()
    head = file.read_bytes().partition(b"\n")[0]
    file.write_bytes(head + b"\n" + resigned(forge.ocsp(), lambda _: bytes(256)))
    assert not source(Wire(), clock, cache).gather([need], offline=True)


def test_a_cache_that_cannot_write_stops_nothing(need, honest, clock, tmp_path):
    (tmp_path / "cache").write_text("a file where a folder should be")
    cache = FileRevocationCache(tmp_path / "cache", clock)
    assert source(honest, clock, cache).gather([need]).ocsp_responses


def test_files_that_have_ended_are_swept(clock, tmp_path):
    def entry():
        return CachedEvidence(der=b"x", fetched_at=clock.now(), valid_until=clock.now() + DAY)

    FileRevocationCache(tmp_path, clock).put("old", entry())
    clock.advance(days=2)
    (tmp_path / "mine.txt").write_text("not ours")
    cache = FileRevocationCache(tmp_path, clock)
    cache.put("new", entry())
    assert len(list(tmp_path.glob("*.evidence"))) == 1
    assert (tmp_path / "mine.txt").exists()
    assert json.loads(next(tmp_path.glob("*.evidence")).read_bytes().partition(b"\n")[0])


def test_memory_stays_within_its_bound_and_drops_the_least_used(clock):
    cache = MemoryRevocationCache(clock, max_bytes=250)
    entry = CachedEvidence(der=bytes(100), fetched_at=clock.now(), valid_until=clock.now() + DAY)
    cache.put("a", entry)
    cache.put("b", entry)
    cache.put("a", entry)
    cache.get("a")
    cache.put("c", entry)
    assert [cache.get(k) is not None for k in "abc"] == [True, False, True]
    cache.put("huge", replace(entry, der=bytes(300)))
    assert cache.get("huge") is None


# -- outages -----------------------------------------------------------------------------------


def test_a_dead_host_is_left_alone_after_three_failures_and_tried_again_later(need, clock):
    wire = Wire()
    outage = source(wire, clock)
    only_ocsp = replace(need, crl_urls=("ldap://x/",))
    for _ in range(10):
        outage.gather([only_ocsp])
    assert wire.asked.count(OCSP) == 3
    clock.advance(seconds=61)
    for _ in range(5):
        outage.gather([only_ocsp])
    assert wire.asked.count(OCSP) == 4


def test_after_an_answer_the_count_begins_anew(clock):
    breaker = CircuitBreaker(clock)
    for _ in range(3):
        breaker.failed("h")
        breaker.failed("h")
        breaker.succeeded("h")
    assert breaker.allows("h")
    for _ in range(3):
        breaker.failed("h")
    assert not breaker.allows("h")
    assert breaker.allows("other")


def test_200_addresses_in_a_certificate_make_eight_requests(need, clock):
    wire = Wire()
    urls = tuple(f"http://h{i}.example/ocsp" for i in range(200))
    shared = source(wire, clock)
    many = replace(need, ocsp_urls=urls, crl_urls=urls)
    shared.for_document().gather([many])
    assert len(wire.asked) == 8
    shared.for_document().gather([many])
    assert len(wire.asked) == 16
