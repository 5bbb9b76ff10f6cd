"""Issuers that a signature did not bring, and what strangers' certificates may make us do."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from vietnamese import authority as real
from vietnamese import needs_corpus

from certs.budget import FetchBudget
from certs.cache import MemoryRevocationCache
from certs.certificates import der, load
from certs.errors import FetchFailedError, FetchRefusedError
from certs.fetch import GuardedFetcher
from certs.issuers import KEPT, MAX_BYTES, MAX_HOPS, IssuerFinder, made_by
from certs.revocation import CachedRevocationSource

HOST = "http://ca.example.vn"


class Wire:
    def __init__(self, **answers):
        self.answers = {f"{HOST}/{name}": body for name, body in answers.items()}
        self.asked = []

    def fetch(self, request):
        self.asked.append(request.url)
        assert request.max_bytes <= MAX_BYTES
        if not request.url.startswith(HOST):
            raise FetchRefusedError(request.url, "host is not on the allow-list")
        if request.url not in self.answers:
            raise FetchFailedError(request.url, "status 404")
        return self.answers[request.url]


class Maker:
    """Makes hierarchies."""

    def __init__(self, clock):
        self.now = clock.now()

    def make(self, name, above=None, urls=(), ca=True):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer, issuing_key = (above[0].subject, above[1]) if above else (subject, key)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - timedelta(days=1))
            .not_valid_after(self.now + timedelta(days=100))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if urls:
            access = [
                x509.AccessDescription(
                    AuthorityInformationAccessOID.CA_ISSUERS,
                    x509.UniformResourceIdentifier(u),
                )
                for u in urls
            ]
            builder = builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)
        return builder.sign(issuing_key, hashes.SHA256()), key


@pytest.fixture
def maker(clock):
    return Maker(clock)


@pytest.fixture
def chain(maker):
    """Root, two authorities between, and a signer; each names where its issuer is."""
    root = maker.make("gốc")
    upper = maker.make("trên", root, [f"{HOST}/root"])
    lower = maker.make("dưới", upper, [f"{HOST}/upper"])
    leaf = maker.make("người ký", lower, [f"{HOST}/lower"], ca=False)
    return [c for c, _ in (root, upper, lower, leaf)]


def served(chain, encode=der):
    root, upper, lower, _ = chain
    return Wire(root=encode(root), upper=encode(upper), lower=encode(lower))


def pem(certificate):
    return certificate.public_bytes(Encoding.PEM)


def finder(wire, clock, known=(), cache=None):
    return IssuerFinder(wire, clock, cache or MemoryRevocationCache(clock), [der(c) for c in known])


@pytest.mark.parametrize(
    "encode",
    [
        der,
        pem,
        lambda c: pkcs7.serialize_certificates([c], Encoding.DER),
        lambda c: pkcs7.serialize_certificates([c], Encoding.PEM),
    ],
    ids=["der", "pem", "p7c", "p7-pem"],
)
def test_the_authorities_between_are_found_up_to_the_anchor(chain, clock, encode):
    root, upper, lower, leaf = chain
    wire = served(chain, encode)
    assert finder(wire, clock, [root]).find([der(leaf)]) == (der(lower), der(upper))
    assert wire.asked == [f"{HOST}/lower", f"{HOST}/upper"]


def test_what_is_at_hand_is_not_asked_for(chain, clock):
    _, upper, lower, leaf = chain
    wire = served(chain)
    assert finder(wire, clock, [lower]).find([der(leaf)]) == ()
    assert finder(wire, clock, [upper]).find([der(leaf)]) == (der(lower),)
    assert wire.asked == [f"{HOST}/lower"]


def test_a_root_that_came_over_the_network_is_left_out(chain, clock):
    _, upper, lower, leaf = chain
    assert finder(served(chain), clock).find([der(leaf)]) == (der(lower), der(upper))


def test_answers_are_kept_and_serve_offline_until_they_end(chain, clock):
    root, upper, lower, leaf = chain
    cache, wire = MemoryRevocationCache(clock), served(chain)
    assert finder(wire, clock, [root], cache).find([der(leaf)], offline=True) == ()
    assert wire.asked == []
    finder(wire, clock, [root], cache).find([der(leaf)])
    asked = list(wire.asked)
    found = finder(wire, clock, [root], cache).find([der(leaf)], offline=True)
    assert found == (der(lower), der(upper))
    assert wire.asked == asked
    clock.advance(seconds=KEPT.total_seconds() + 1)
    assert finder(wire, clock, [root], cache).find([der(leaf)], offline=True) == ()


# -- attacks -----------------------------------------------------------------------------------


def test_an_address_at_another_host_is_never_connected_to(maker, clock):
    """(and only the host is wrong)"""
    connected = []

    def connect(address, port, timeout):
        connected.append(address)
        raise OSError("never")

    guarded = GuardedFetcher(
        allowed_hosts={"ca.gov.vn"},
        resolver=lambda host, port: ["93.184.215.14"],
        connector=connect,
    )
    bad = [
        "http://169.254.169.254/latest", "http://127.0.0.1/x", "http://ca.gov.vn.example/x",
        "http://user@ca.gov.vn/x", "file:///etc/passwd", "ldap://ca.gov.vn/x", "http://ca.gov.vn:22/x",
    ]  # fmt: skip
    for url in bad:
        leaf, _ = maker.make("kẻ lạ", maker.make("nơi cấp"), [url], ca=False)
        assert finder(guarded, clock).find([der(leaf)]) == ()
    assert connected == []
    good, _ = maker.make("kẻ lạ", maker.make("nơi cấp"), ["http://ca.gov.vn/x.crt"], ca=False)
    finder(guarded, clock).find([der(good)])
    assert connected


def test_an_address_with_a_query_is_not_asked(maker, clock):
    wire = Wire()
    urls = [f"{HOST}/delete?all=1", f"{HOST}/?"]
    leaf, _ = maker.make("kẻ lạ", maker.make("nơi cấp"), urls, ca=False)
    assert finder(wire, clock).find([der(leaf)]) == ()
    assert wire.asked == []


def test_two_hundred_addresses_and_fifty_signers_cost_three_requests(maker, clock):
    wire = Wire()
    signers = [
        maker.make(f"k{n}", maker.make(f"n{n}"), [f"{HOST}/{n}-{m}" for m in range(200)], ca=False)[
            0
        ]
        for n in range(50)
    ]
    source = CachedRevocationSource(
        wire, clock, MemoryRevocationCache(clock), issuers=finder(wire, clock)
    ).for_document()
    assert source.issuers_of([der(s) for s in signers]) == ()
    assert len(wire.asked) == MAX_HOPS


def test_an_endless_chain_ends_after_three_hops(maker, clock):
    above = maker.make("0")
    answers = {}
    for n in range(1, 9):
        answers[f"c{n - 1}"] = der(above[0])
        above = maker.make(str(n), above, [f"{HOST}/c{n - 1}"])
    wire = Wire(**answers)
    assert len(finder(wire, clock).find([der(above[0])])) == MAX_HOPS


def test_two_that_issued_each_other_end(maker, clock):
    first = maker.make("một", urls=[f"{HOST}/hai"])
    second = maker.make("hai", first, [f"{HOST}/mot"])
    crossed = maker.make("một", second, [f"{HOST}/hai"])
    leaf = maker.make("người ký", crossed, [f"{HOST}/mot"], ca=False)
    wire = Wire(mot=der(crossed[0]), hai=der(second[0]))
    assert len(finder(wire, clock).find([der(leaf[0])])) <= MAX_HOPS
    assert len(wire.asked) <= MAX_HOPS


@pytest.mark.parametrize("kind", ["another's", "same name", "no authority", "garbage", "empty p7"])
def test_what_did_not_make_the_certificate_is_thrown_away(maker, clock, kind):
    issuer = maker.make("nơi cấp")
    plain = maker.make("nơi cấp khác", ca=False)
    leaf, _ = maker.make(
        "người ký", plain if kind == "no authority" else issuer, [f"{HOST}/x"], ca=False
    )
    answer = {
        "another's": der(maker.make("ai đó")[0]),
        "same name": der(maker.make("nơi cấp")[0]),
        "no authority": der(plain[0]),
        "garbage": b"<html>404</html>",
        "empty p7": pkcs7.serialize_certificates([maker.make("x")[0]], Encoding.DER)[:-9],
    }[kind]
    cache = MemoryRevocationCache(clock)
    wire = Wire(x=answer)
    assert finder(wire, clock, cache=cache).find([der(leaf)]) == ()
    assert finder(wire, clock, cache=cache).find([der(leaf)], offline=True) == ()


def test_made_up_addresses_do_not_stop_the_host_from_being_asked_for_lists(maker, clock):
    wire = Wire()
    shared = finder(wire, clock)
    source = CachedRevocationSource(wire, clock, MemoryRevocationCache(clock), issuers=shared)
    for n in range(9):
        leaf, _ = maker.make("kẻ lạ", maker.make(f"n{n}"), [f"{HOST}/{n}"], ca=False)
        source.for_document().issuers_of([der(leaf)])
    assert len(wire.asked) == 3  # then this way rests
    assert source._breaker.allows("ca.example.vn")


def test_issuers_and_lists_draw_on_one_budget(chain, clock):
    wire = served(chain)
    budget = FetchBudget(wire, fetches=1)
    found = finder(wire, clock).for_document(budget).find([der(chain[3])])
    assert found == (der(chain[2]),)
    assert len(wire.asked) == 1


def test_what_is_no_certificate_is_passed_over(chain, clock):
    wire = served(chain)
    assert finder(wire, clock).find([b"", b"\x30\x00", der(chain[3])])


# -- the real ones -----------------------------------------------------------------------------


@needs_corpus
@pytest.mark.corpus
def test_the_first_generation_is_linked_although_it_is_signed_with_sha1():
    root, state, party = (load(real(p)) for p in ("f7bc8905", "75e969c0", "6e218b3e"))
    assert made_by(state, root)
    assert made_by(party, root)
    assert made_by(root, root)
    assert not made_by(state, party)
    assert not made_by(state, load(real("f04ba4b4")))
