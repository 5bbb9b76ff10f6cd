"""What signing needs, real but in this process, and ways to make it fail."""

import hashlib
import threading
from dataclasses import dataclass, field

from asn1crypto import tsp

from certs.cache import MemoryRevocationCache
from certs.dev.authority import DevelopmentAuthority
from certs.dev.fetcher import DevelopmentFetcher
from certs.dev.tsa import TimestampingAuthority
from certs.errors import FetchRefusedError, TimestampUnavailableError
from certs.identities.software import FileIdentityStore
from certs.model import RevocationMaterial, TimestampToken, TrustAnchor, TrustPurpose, TrustStore
from certs.revocation import CachedRevocationSource
from signer.creation import PdfSigner, SignRequest


class NoNetwork:
    def fetch(self, request):
        raise FetchRefusedError(request.url, "kiểm thử không có mạng")


@dataclass
class Stamps:
    """The development authority without its protocol, with a switch and a counter."""

    authority: DevelopmentAuthority
    clock: object
    calls: int = 0
    down_from: int | None = None
    padding: int = 0
    known: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def stamp(self, digest, digest_algorithm):
        with self.lock:
            self.calls += 1
            if self.down_from is not None and self.calls >= self.down_from:
                raise TimestampUnavailableError(("dev",))
        imprint = {"hash_algorithm": {"algorithm": digest_algorithm}, "hashed_message": digest}
        fields = {"version": 1, "message_imprint": imprint, "nonce": self.calls, "cert_req": True}
        request = tsp.TimeStampReq(fields)
        now = self.clock.now()
        answer = TimestampingAuthority(self.authority).answer(request.dump(), now)
        token = tsp.TimeStampResp.load(answer)["time_stamp_token"].dump()
        return TimestampToken(token=token + bytes(self.padding), gen_time=now, authority="dev")

    def chains(self):
        return (der_chain(self.authority, "tsa", "root"),) if self.known else ()


class NoRevocation:
    """All responders are down."""

    def gather(self, needs, *, offline=False):
        return RevocationMaterial()

    def gather_for_chain(self, chain):
        return RevocationMaterial()


def der_chain(authority, *names):
    from certs import certificates

    return tuple(certificates.der(authority.certificate(name)) for name in names)


def root_only(authority):
    (root,) = der_chain(authority, "root")
    anchor = TrustAnchor(certificate=root, purposes=frozenset(TrustPurpose), origin="kiểm thử")
    return TrustStore(anchors=(anchor,))


@dataclass
class House:
    folder: object
    clock: object
    sandbox: object

    def __post_init__(self):
        self.authority = DevelopmentAuthority.ensure(self.folder / "dev", self.clock)
        self.identities = FileIdentityStore(self.folder / "identities", self.clock)
        self.authority.ensure_identities(self.identities, self.clock)
        self.trust = root_only(self.authority)
        self.stamps = Stamps(self.authority, self.clock)
        self.revocation = CachedRevocationSource(
            DevelopmentFetcher(NoNetwork(), self.authority, self.clock),
            self.clock,
            MemoryRevocationCache(self.clock),
        )

    def signer(self, **changes):
        parts = {
            "sandbox": self.sandbox,
            "timestamps": self.stamps,
            "revocation": self.revocation,
            "trust": self.trust,
            "clock": self.clock,
        }
        return PdfSigner(**(parts | changes))

    def sign(self, source, target, who="lanh-dao-1", *, signer=None, **request):
        key = self.identities.open(who, None)
        try:
            return (signer or self.signer()).sign(source, target, key, SignRequest(**request))
        finally:
            key.close()


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
