"""An honest authority, and all the ways in which one can lie, over real HTTP."""

import hashlib
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from listeners import listening, ok, read_request
from set_clock import SetClock

from certs.certificates import der, load
from certs.dev.fetcher import DevelopmentFetcher
from certs.dev.profiles import TSA_POLICY
from certs.dev.server import DevelopmentServer
from certs.dev.tsa import TimestampingAuthority
from certs.errors import FetchRefusedError, TimestampUnavailableError
from certs.fetch import GuardedFetcher
from certs.model import TrustAnchor, TrustPurpose, TrustStore
from certs.rfc3161 import TimeStampResp
from certs.timestamping import HttpTimestampSource, TimestampAuthority

DIGEST = hashlib.sha256("văn bản".encode()).digest()
POLICY = TSA_POLICY.dotted_string
FORGERS_KEY = rsa.generate_private_key(65537, 2048)


class Nowhere:
    def fetch(self, request):
        raise FetchRefusedError(request.url, "no network in this test")


def anchors(authority, *purposes):
    anchor = TrustAnchor(
        certificate=der(authority.certificate("root")),
        purposes=frozenset(purposes or TrustPurpose),
        origin="test",
    )
    return lambda: TrustStore(anchors=(anchor,))


@dataclass
class Forger:
    """A TSA of its own: everything about its tokens can be changed, one thing at a time."""

    authority: object
    now: object
    usage: list = field(default_factory=lambda: [ExtendedKeyUsageOID.TIME_STAMPING])
    usage_critical: bool = True
    certificate_days: int = 30
    trusted: bool = True
    key: object = None
    info: dict = field(default_factory=dict)
    signer: dict = field(default_factory=dict)
    attributes: dict = field(default_factory=dict)
    drop_attributes: tuple = ()
    signer_count: int = 1
    embed: bool = True
    named_certificate: bytes | None = None
    digest: str = "sha256"
    spoil_signature: bool = False
    content_type: str = "tst_info"
    status: dict = field(default_factory=lambda: {"status": "granted"})

    def __post_init__(self):
        self.key = self.key or FORGERS_KEY
        root = self.authority.certificate("root")
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TSA khác")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(root.subject)
            .public_key(self.key.public_key())
            .serial_number(4711)
            .not_valid_before(self.now - timedelta(days=40))
            .not_valid_after(self.now + timedelta(days=self.certificate_days))
        )
        if self.usage is not None:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage(self.usage), critical=self.usage_critical
            )
        issuer_key = (
            self.authority.key("root") if self.trusted else ec.generate_private_key(ec.SECP256R1())
        )
        self.certificate = der(builder.sign(issuer_key, hashes.SHA256()))

    def answer(self, body):
        request = tsp.TimeStampReq.load(body)
        info = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": request["message_imprint"],
            "serial_number": 1,
            "gen_time": self.now.replace(microsecond=0),
            "nonce": request["nonce"],
        } | self.info
        content = tsp.TSTInfo({k: v for k, v in info.items() if v is not None}).dump()
        certificate = asn1_x509.Certificate.load(self.certificate)
        signers = [self._signer(content, certificate) for _ in range(self.signer_count)]
        signed = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": self.digest}],
            "encap_content_info": {
                "content_type": self.content_type,
                "content": core.ParsableOctetString(content),
            },
            "signer_infos": signers,
        }
        if self.embed:
            signed["certificates"] = [certificate]
        token = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})
        return TimeStampResp({"status": self.status, "time_stamp_token": token}).dump()

    def _signer(self, content, certificate):
        identifier = tsp.ESSCertIDv2(
            {
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "cert_hash": hashlib.sha256(self.named_certificate or self.certificate).digest(),
            }
        )
        attributes = {
            "content_type": "tst_info",
            "message_digest": hashlib.new(self.digest, content).digest(),
            "signing_certificate_v2": tsp.SigningCertificateV2({"certs": [identifier]}),
        } | self.attributes
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": t, "values": (v,)})
                for t, v in attributes.items()
                if t not in self.drop_attributes
            ]
        )
        data = attributes.dump()
        algorithm = getattr(hashes, self.digest.upper())()
        if isinstance(self.key, rsa.RSAPrivateKey):
            value = self.key.sign(data, padding.PKCS1v15(), algorithm)
            scheme = f"{self.digest}_rsa"
        else:
            value = self.key.sign(data, ec.ECDSA(algorithm))
            scheme = f"{self.digest}_ecdsa"
        if self.spoil_signature:
            value = value[:-1] + bytes([value[-1] ^ 1])
        fields = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
            ),
            "digest_algorithm": {"algorithm": self.digest},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": scheme},
            "signature": value,
        }
        return cms.SignerInfo(fields | self.signer)


REPLY = "application/timestamp-reply"


class Served:
    """A TSA behind a real socket, and the source that asks it, then an honest one."""

    def __init__(self, authority, clock, answer, *, content_type=REPLY, fallback=True, **config):
        self.authority, self.clock = authority, clock
        self.answer, self.content_type = answer, content_type
        self.fallback, self.config = fallback, config

    def __enter__(self):
        def talk(sock):
            body = read_request(sock).partition(b"\r\n\r\n")[2]
            raw = self.answer(body, sock)
            if raw is not None:
                sock.sendall(ok(raw, self.content_type))

        self._listening = listening(talk)
        self.listener = self._listening.__enter__()
        self.guarded = GuardedFetcher(allowed_private={("127.0.0.1", self.listener.port)})
        first = TimestampAuthority(
            name="bị hỏng", url=f"http://127.0.0.1:{self.listener.port}/tsa", **self.config
        )
        honest = TimestampAuthority(
            name="dự phòng",
            url=f"{self.authority.base_url}/tsa",
            chain=self.authority.tsa_chain(),
        )
        self.source = HttpTimestampSource(
            [first, honest] if self.fallback else [first],
            DevelopmentFetcher(self.guarded, self.authority, self.clock),
            self.clock,
            anchors(self.authority),
        )
        return self

    def __exit__(self, *exc):
        return self._listening.__exit__(*exc)


def forged(**changes):
    """An answer made by a forger with these changes."""

    def make(authority, now):
        forger = Forger(authority, now, **changes)
        return lambda body, _sock: forger.answer(body)

    return make


def fixed(data):
    return lambda authority, now: lambda body, _sock: data


def for_another_request(authority, now):
    """An honest token, but over somebody else's digest and nonce."""
    other = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {
                "hash_algorithm": {"algorithm": "sha256"},
                "hashed_message": bytes(32),
            },
            "nonce": 5,
            "cert_req": True,
        }
    ).dump()
    token = TimestampingAuthority(authority).answer(other, now)
    return lambda body, _sock: token


def granted_then(change):
    """The honest answer with its bytes changed."""

    def make(authority, now):
        honest = TimestampingAuthority(authority)
        return lambda body, _sock: change(honest.answer(body, now))

    return make


def dripping(authority, now):
    def answer(body, sock):
        raw = ok(TimestampingAuthority(authority).answer(body, now), REPLY)
        for byte in raw[:200]:
            sock.sendall(bytes([byte]))
            time.sleep(0.02)  # the lie itself is slowness

    return answer


def silent(authority, now):
    return lambda body, sock: sock.recv(1) and None


def sha1_imprint(authority, now):
    imprint = {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": DIGEST[:20]}
    return forged(info={"message_imprint": imprint})(authority, now)


def renamed_imprint(authority, now):
    imprint = {"hash_algorithm": {"algorithm": "sha3_256"}, "hashed_message": DIGEST}
    return forged(info={"message_imprint": imprint})(authority, now)


def without_token(body, sock):
    return TimeStampResp({"status": {"status": "granted"}}).dump()


OTHER_IMPRINT = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
HOSTILE = {
    "imprint-of-something-else": forged(info={"message_imprint": OTHER_IMPRINT}),
    "imprint-swapped-for-sha1": sha1_imprint,
    "imprint-algorithm-renamed": renamed_imprint,
    "nonce-missing": forged(info={"nonce": None}),
    "nonce-of-another": forged(info={"nonce": 12345}),
    "replayed-token": for_another_request,
    "usage-not-critical": forged(usage_critical=False),
    "usage-of-another-kind": forged(usage=[ExtendedKeyUsageOID.CODE_SIGNING]),
    "usage-and-one-more": forged(
        usage=[ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CLIENT_AUTH]
    ),
    "usage-missing": forged(usage=None),
    "certificate-expired": forged(certificate_days=-1),
    "certificate-untrusted": forged(trusted=False),
    "certificate-not-embedded": forged(embed=False),
    "certificate-named-another": forged(named_certificate=b"another"),
    "certificate-not-named": forged(drop_attributes=("signing_certificate_v2",)),
    "time-61-seconds-ahead": lambda a, now: forged(
        info={"gen_time": (now + timedelta(seconds=62)).replace(microsecond=0)}
    )(a, now),
    "time-61-seconds-behind": lambda a, now: forged(
        info={"gen_time": (now - timedelta(seconds=61)).replace(microsecond=0)}
    )(a, now),
    "time-a-year-ago": lambda a, now: forged(
        info={"gen_time": (now - timedelta(days=365)).replace(microsecond=0)}
    )(a, now),
    "garbage": fixed(b"\x00\xff" * 100),
    "empty": fixed(b""),
    "html": fixed(b"<html>login</html>"),
    "deep-nesting": fixed(b"\x30\x80" * 20_000),
    "cut": granted_then(lambda raw: raw[:-40]),
    "trailing": granted_then(lambda raw: raw + b"\x00"),
    "oversized": fixed(bytes((64 << 10) + 1)),
    "rejection": fixed(
        TimeStampResp({"status": {"status": "rejection", "fail_info": {"system_failure"}}}).dump()
    ),
    "rejection-with-a-token": forged(status={"status": "rejection"}),
    "waiting": fixed(TimeStampResp({"status": {"status": "waiting"}}).dump()),
    "granted-without-token": lambda a, now: without_token,
    "two-signers": forged(signer_count=2),
    "no-signer": forged(signer_count=0),
    "signature-spoiled": forged(spoil_signature=True),
    "signed-with-sha1": forged(digest="sha1"),
    "message-digest-of-another": forged(attributes={"message_digest": bytes(32)}),
    "message-digest-missing": forged(drop_attributes=("message_digest",)),
    "content-type-missing": forged(drop_attributes=("content_type",)),
    "content-type-of-another": forged(attributes={"content_type": "data"}),
    "content-is-data": forged(content_type="data"),
    "no-signed-attributes": forged(signer={"signed_attrs": None}),
    "drips": dripping,
    "says-nothing": silent,
}


REASONS = {
    "imprint-of": "of something else",
    "imprint-": "another algorithm",
    "nonce": "nonce",
    "replayed": "of something else",
    "usage-missing": "not for time-stamping",
    "usage": "critically limited",
    "certificate-expired": "not valid now",
    "certificate-untrusted": "not trusted",
    "certificate-not-embedded": "not in it",
    "certificate": "names another certificate",
    "time": "s from ours",
    "oversized": "more than 65536 bytes",
    "rejection": "status rejection",
    "waiting": "status waiting",
    "granted": "without a token",
    "two-signers": "2 signers",
    "no-signer": "0 signers",
    "signature-spoiled": "does not verify",
    "signed-with": "digest sha1",
    "message-digest-of": "message digest does not match",
    "message-digest-missing": "signed attributes are missing",
    "content-type-missing": "signed attributes are missing",
    "content-type": "content type attribute",
    "content-is-data": "no TSTInfo",
    "no-signed-attributes": "signed attributes are missing",
    "drips": "no answer within",
    "says-nothing": "no answer within",
    "": "not a time-stamp response",
}


def reason(name):
    return next(text for start, text in REASONS.items() if name.startswith(start))


@pytest.fixture
def now(clock):
    return clock.now()


@pytest.mark.parametrize("lie", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_authority_is_passed_over_and_the_next_one_used(authority, clock, now, lie):
    with Served(authority, clock, lie(authority, now), timeout=0.5) as served:
        token = served.source.stamp(DIGEST, "sha256")
        assert token.authority == "dự phòng"
        assert served.listener.connections == 1  # asked once, and only once


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_authority_alone_gives_no_token_and_the_reason_is_said(
    authority, clock, now, name
):
    lie = HOSTILE[name]
    with Served(authority, clock, lie(authority, now), fallback=False, timeout=0.5) as served:
        with pytest.raises(TimestampUnavailableError) as refused:
            served.source.stamp(DIGEST, "sha256")
        assert refused.value.tried == ("bị hỏng",)
        assert reason(name) in refused.value.__cause__.en


def test_a_right_token_under_a_wrong_media_type_is_not_taken(authority, clock, now):
    honest = granted_then(lambda raw: raw)(authority, now)
    with Served(authority, clock, honest, content_type="text/html") as served:
        assert served.source.stamp(DIGEST, "sha256").authority == "dự phòng"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"key": ec.generate_private_key(ec.SECP256R1())},
        {"key": ec.generate_private_key(ec.SECP384R1()), "digest": "sha384"},
        {"digest": "sha512"},
        {"status": {"status": "granted_with_mods"}},
    ],
    ids=["rsa", "p-256", "p-384", "sha512", "with-mods"],
)
def test_the_forger_can_also_be_honest(authority, clock, now, changes):
    with Served(authority, clock, forged(**changes)(authority, now)) as served:
        token = served.source.stamp(DIGEST, "sha256")
    assert token.authority == "bị hỏng"
    assert token.gen_time == now.replace(microsecond=0)
    assert load(token.certificates[0]).serial_number == 4711
    assert token.certificates[1] == der(authority.certificate("root"))


@pytest.mark.parametrize("seconds", [-59, 59])
def test_a_minute_of_difference_is_borne(authority, clock, now, seconds):
    at = (now + timedelta(seconds=seconds)).replace(microsecond=0)
    with Served(authority, clock, forged(info={"gen_time": at})(authority, now)) as served:
        assert served.source.stamp(DIGEST, "sha256").gen_time == at


def test_a_pinned_policy_must_be_in_the_token(authority, clock, now):
    answers = forged()(authority, now)
    with Served(authority, clock, answers, policy=POLICY) as served:
        assert served.source.stamp(DIGEST, "sha256").authority == "bị hỏng"
    with Served(authority, clock, answers, policy="1.2.3.4") as served:
        assert served.source.stamp(DIGEST, "sha256").authority == "dự phòng"


def test_an_anchor_for_signers_is_none_for_time_stamps(authority, clock):
    source = HttpTimestampSource(
        [TimestampAuthority(name="a", url=f"{authority.base_url}/tsa")],
        DevelopmentFetcher(Nowhere(), authority, clock),
        clock,
        anchors(authority, TrustPurpose.SIGNER, TrustPurpose.OCSP),
    )
    with pytest.raises(TimestampUnavailableError):
        source.stamp(DIGEST, "sha256")


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_the_development_authority_stamps_over_real_http(authority, clock, algorithm):
    digest = hashlib.new(algorithm, b"x").digest()
    with DevelopmentServer(authority, SetClock(), port=0) as server:
        source = HttpTimestampSource(
            [
                TimestampAuthority(
                    name="PKI phát triển",
                    url=f"http://127.0.0.1:{server.port}/tsa",
                    chain=authority.tsa_chain(),
                    policy=POLICY,
                )
            ],
            GuardedFetcher(allowed_private={("127.0.0.1", server.port)}),
            clock,
            anchors(authority),
        )
        token = source.stamp(digest, algorithm)
    info = cms.ContentInfo.load(token.token)["content"]["encap_content_info"]["content"].parsed
    assert info["message_imprint"]["hashed_message"].native == digest
    assert token.certificates == authority.tsa_chain()
    assert source.chains() == (authority.tsa_chain(),)


def test_the_token_is_handed_on_byte_for_byte(authority, clock, now):
    seen = []

    def answer(body, _sock):
        seen.append(TimestampingAuthority(authority).answer(body, now))
        return seen[-1]

    with Served(authority, clock, answer) as served:
        token = served.source.stamp(DIGEST, "sha256")
    assert seen[0].endswith(token.token)
    assert len(seen[0]) - len(token.token) < 12


def test_no_authority_at_all_is_an_outage_not_a_crash(clock):
    source = HttpTimestampSource([], Nowhere(), clock, TrustStore)
    with pytest.raises(TimestampUnavailableError) as refused:
        source.stamp(DIGEST, "sha256")
    assert refused.value.tried == ()
    assert source.chains() == ()


@pytest.mark.parametrize(("digest", "algorithm"), [(DIGEST, "sha1"), (DIGEST[:31], "sha256")])
def test_a_digest_that_is_none_is_a_mistake_of_the_caller(clock, digest, algorithm):
    with pytest.raises(ValueError, match="digest"):
        HttpTimestampSource([], Nowhere(), clock, TrustStore).stamp(digest, algorithm)


def test_many_threads_get_tokens_of_their_own(authority, clock):
    source = HttpTimestampSource(
        [TimestampAuthority(name="a", url=f"{authority.base_url}/tsa")],
        DevelopmentFetcher(Nowhere(), authority, clock),
        clock,
        anchors(authority),
    )
    tokens = []
    threads = [
        threading.Thread(
            target=lambda i=i: tokens.append(
                source.stamp(hashlib.sha256(b"%d" % i).digest(), "sha256")
            )
        )
        for i in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({t.token for t in tokens}) == 40
