"""What signing needs, real but in this process, and ways to make it fail."""

import hashlib
import threading
from dataclasses import dataclass, replace

from certs.cache import MemoryRevocationCache
from certs.dev.authority import DevelopmentAuthority
from certs.dev.fetcher import DevelopmentFetcher
from certs.errors import FetchRefusedError, TimestampUnavailableError
from certs.identities.software import FileIdentityStore
from certs.model import RevocationMaterial, TrustAnchor, TrustPurpose, TrustStore
from certs.revocation import CachedRevocationSource
from certs.timestamping import HttpTimestampSource, TimestampAuthority
from signer.creation import PdfSigner, SignRequest


class NoNetwork:
    def fetch(self, request):
        raise FetchRefusedError(request.url, "kiểm thử không có mạng")


class Stamps:
    """The development authority behind its real client, with a counter and switches."""

    def __init__(self, source, clock):
        self.source, self.clock = source, clock
        self.calls = 0
        self.down_from = None
        self.padding = 0
        self.known = True
        self.lock = threading.Lock()

    def stamp(self, digest, digest_algorithm):
        with self.lock:
            self.calls += 1
            if self.down_from is not None and self.calls >= self.down_from:
                raise TimestampUnavailableError(("dev",))
        made = self.source.stamp(digest, digest_algorithm)
        return replace(made, token=made.token + bytes(self.padding))

    def chains(self):
        return self.source.chains() if self.known else ()


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
        fetcher = DevelopmentFetcher(NoNetwork(), self.authority, self.clock)
        tsa = TimestampAuthority(
            name="dev",
            url=f"{self.authority.base_url}/tsa",
            chain=der_chain(self.authority, "tsa", "root"),
        )
        source = HttpTimestampSource([tsa], fetcher, self.clock, lambda: self.trust)
        self.stamps = Stamps(source, self.clock)
        cache = MemoryRevocationCache(self.clock)
        self.revocation = CachedRevocationSource(fetcher, self.clock, cache)

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
