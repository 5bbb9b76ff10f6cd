"""The composition root: which implementation stands behind each seam. Nothing else constructs.

1. Every part is made at its first use, so that a command pays for what it needs: `verify` loads
   neither SQLAlchemy nor FastAPI, and makes no data directory.
2. A server makes all parts at its start (`open`), so that what is missing is found then.
3. Where the data directory holds a development PKI, its addresses are answered in this process;
   its root is trusted like an anchor that was added, and marked as development everywhere.
4. Each document gets its own budget of outgoing requests (`certs.budget`).
5. What is handed to `House` stands for the part that it would make: tests use fakes this way.
6. A server keeps revocation evidence in the database, for all servers and workers there are; a
   command keeps it in the data directory, where there is one, and needs no database for it.
"""

import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from api.settings import Settings
from certs.clock import SystemClock
from certs.model import (
    Clock,
    EvidenceSource,
    Fetcher,
    IdentityPurpose,
    SigningIdentity,
    TimestampSource,
    TrustStore,
)
from signer.sandbox import Sandbox

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from archive.archive import Archive
    from archive.store.base import ObjectStore
    from certs.anchors import TrustFolder
    from certs.cache import RevocationCache
    from certs.dev.authority import DevelopmentAuthority
    from certs.identities.software import FileIdentityStore
    from certs.revocation import CachedRevocationSource
    from office.flows.issue import Issuing
    from office.flows.receive import Receiving
    from office.flows.report import ReportSigning
    from office.flows.sign import Signing
    from office.flows.verify import Verifier
    from office.flows.whole_way import WholeWay
    from office.people import People
    from office.tables.evidence import DatabaseRevocationCache
    from office.tables.work import IdempotencyKeys, SigningIntents
    from signer.appearance import AppearanceArtist
    from signer.creation import PdfSigner
    from signer.reports.paper import ReportPaper
    from signer.typeset import Typesetter

READINESS_SECONDS = 30.0
"""A probe writes to the store and costs somebody's time-stamping authority a signature."""

_log = logging.getLogger(__name__)


class House:
    """All parts of one installation. Thread-safe after `open`; close it, or use it as a context."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        fetcher: Fetcher | None = None,
        timestamps: TimestampSource | None = None,
        store: "ObjectStore | None" = None,
        sandbox: Sandbox | None = None,
    ) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self._given_fetcher = fetcher
        self._given_timestamps = timestamps
        self._given_store = store
        self._given_sandbox = sandbox
        self._closing = ExitStack()
        self._lock = threading.Lock()
        self._probing = threading.Lock()
        self._ready: dict[str, bool] = {}
        self._ready_until = 0.0
        self._revocation: dict[tuple[str, tuple[bytes, ...]], CachedRevocationSource] = {}
        """By trust and helpers, which decide what hosts may be asked."""
        self._shared_evidence: DatabaseRevocationCache | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened, in reverse order."""
        self._closing.close()

    def open(self) -> None:
        """Make every part now (rule 2), and finish what a crash interrupted."""
        self.warm_up()
        self._share_evidence()
        for part in (self.verifier, self.signing, self.receiving, self.people, self.idempotency):
            _log.debug("made %s", type(part).__name__)
        self.recover()
        self.sandbox.warm()

    def warm_up(self) -> None:
        """Begin to start the sandbox: half a second of imports, in another process meanwhile."""
        self.sandbox.warm_up()

    # -- the floor

    @cached_property
    def sandbox(self) -> Sandbox:
        """Where documents are opened."""
        if self._given_sandbox is not None:
            return self._given_sandbox  # whoever made it closes it
        box = Sandbox(children=self.settings.sandbox_children)
        self._closing.callback(box.close)
        return box

    @cached_property
    def development(self) -> "DevelopmentAuthority | None":
        """The development PKI of the data directory, if there is one (rule 3)."""
        folder = self.settings.data / "dev-pki"
        if not (folder / "authority.json").is_file():
            return None
        from certs.dev.authority import DevelopmentAuthority

        return DevelopmentAuthority(folder)

    def trust(self) -> TrustStore:
        """Return the anchors in force now: those that were added, and the development root."""
        kept = trust_folder(self).load()
        if self.development is None:
            return kept
        return TrustStore(anchors=(*kept.anchors, self.development.anchor()), helpers=kept.helpers)

    def fetcher(self, trust: TrustStore) -> Fetcher:
        """Return the way out: to the hosts that `trust` and the settings name, and no other."""
        from certs.anchors import hosts_of

        hosts = {*hosts_of(trust), *self.settings.fetch_hosts, *self.settings.tsa_hosts}
        return self._way_out(hosts, self.settings.private_services)

    def _way_out(self, hosts: set[str], private: frozenset[tuple[str, int]]) -> Fetcher:
        from certs.fetch import GuardedFetcher

        if self._given_fetcher is not None:
            return self._given_fetcher
        out: Fetcher = GuardedFetcher(allowed_hosts=hosts, allowed_private=private)
        if self.development is not None:
            from certs.dev.fetcher import DevelopmentFetcher

            out = DevelopmentFetcher(out, self.development, self.clock)
        return out

    @cached_property
    def identities(self) -> "FileIdentityStore":
        """Who can sign here."""
        from certs.identities.software import FileIdentityStore

        return FileIdentityStore(self.settings.data / "identities", self.clock)

    # -- the database and the archive

    @cached_property
    def engine(self) -> "Engine":
        """The database, with its schema up to date."""
        from archive.catalogue.database import migrate, open_database

        if not self.settings.database_url.get_secret_value():
            self.settings.data.mkdir(parents=True, exist_ok=True)
        engine = open_database(self.settings.db_url)
        self._closing.callback(engine.dispose)
        migrate(engine)
        return engine

    @cached_property
    def store(self) -> "ObjectStore":
        """Where objects are kept."""
        if self._given_store is not None:
            return self._given_store
        from archive.store.address import open_store

        settings = self.settings
        key, secret = settings.s3_access_key, settings.s3_secret_key
        return open_store(
            settings.store_url,
            access_key=None if key is None else key.get_secret_value(),
            secret_key=None if secret is None else secret.get_secret_value(),
        )

    @cached_property
    def archive(self) -> "Archive":
        """The archive."""
        from archive.archive import Archive

        archive = Archive(
            store=self.store, engine=self.engine, clock=self.clock, agency=self.settings.agency
        )
        archive.prepare()
        self._closing.callback(archive.close)
        return archive

    # -- people and flows

    @cached_property
    def people(self) -> "People":
        """Accounts."""
        from office.people import People

        return People(self.engine, self.clock)

    @cached_property
    def idempotency(self) -> "IdempotencyKeys":
        """Answers to requests that come twice."""
        from office.tables.work import IdempotencyKeys

        return IdempotencyKeys(self.engine, self.clock)

    @cached_property
    def intents(self) -> "SigningIntents":
        """What was about to be signed."""
        from office.tables.work import SigningIntents

        return SigningIntents(self.engine, self.clock)

    @cached_property
    def verifier(self) -> "Verifier":
        """Verifies documents."""
        from office.flows.verify import Verifier

        return Verifier(
            sandbox=self.sandbox,
            revocation=self.revocation,
            clock=self.clock,
            size_limit=self.settings.upload_limit,
        )

    def revocation(self, trust: TrustStore) -> EvidenceSource:
        """Return a source of revocation evidence and of issuers for one document (rule 4)."""
        with self._lock:
            key = (trust.digest, trust.helpers)
            shared = self._revocation.get(key)
            if shared is None:
                shared = self._revocation[key] = self._revocation_source(trust)
        return shared.for_document()

    def _revocation_source(self, trust: TrustStore) -> "CachedRevocationSource":
        from certs.anchors import hosts_of
        from certs.cache import FileRevocationCache, MemoryRevocationCache
        from certs.issuers import IssuerFinder
        from certs.revocation import CachedRevocationSource

        data = self.settings.data
        behind: RevocationCache | None = self._shared_evidence
        if behind is None and data.is_dir():
            behind = FileRevocationCache(data / "cache", self.clock)
        cache = MemoryRevocationCache(self.clock, behind)
        # Strangers' certificates say where their issuers are: no private service, and no host that
        # is allowed for another reason (`certs.issuers` rule 1).
        at_hand = (*(a.certificate for a in trust.anchors), *trust.helpers)
        way_out = self._way_out(set(hosts_of(trust)), frozenset())
        issuers = IssuerFinder(way_out, self.clock, cache, at_hand)
        return CachedRevocationSource(self.fetcher(trust), self.clock, cache, issuers=issuers)

    def _share_evidence(self) -> None:
        """Keep evidence in the database from now on (rule 6)."""
        from office.tables.evidence import DatabaseRevocationCache

        shared = DatabaseRevocationCache(self.engine, self.clock)
        with self._lock:
            self._shared_evidence = shared
            self._revocation.clear()

    @cached_property
    def receiving(self) -> "Receiving":
        """Takes documents in."""
        from office.flows.receive import Receiving

        return Receiving(
            archive=self.archive,
            verifier=self.verifier,
            sandbox=self.sandbox,
            trust=self.trust,
            size_limit=self.settings.upload_limit,
        )

    @cached_property
    def signing(self) -> "Signing":
        """Signs documents."""
        from office.flows.sign import Signing

        return Signing(
            signer=self._signer,
            identities=self.identities,
            intents=self.intents,
            size_limit=self.settings.upload_limit,
        )

    @cached_property
    def issuing(self) -> "Issuing":
        """Issues documents, a step at a time."""
        from archive.register import Register
        from office.flows.issue import Issuing

        return Issuing(
            signing=self.signing,
            verifier=self.verifier,
            receiving=self.receiving,
            archive=self.archive,
            register=Register(self.engine, self.clock, agency=self.settings.agency),
            identities=self.identities,
            sandbox=self.sandbox,
            trust=self.trust,
            workshop=self.settings.data / "workshop",
        )

    @cached_property
    def whole_way(self) -> "WholeWay":
        """Issues documents in one go."""
        from office.flows.whole_way import WholeWay

        return WholeWay(
            issuing=self.issuing,
            identities=self.identities,
            folder=self.settings.data / "whole-way",
        )

    @cached_property
    def typesetter(self) -> "Typesetter":
        """Sets every page that we make ourselves."""
        from signer.typeset import Typesetter

        return Typesetter()

    @cached_property
    def artist(self) -> "AppearanceArtist":
        """Draws signatures as they will be seen."""
        from signer.appearance import AppearanceArtist

        return AppearanceArtist(self.typesetter)

    @cached_property
    def report_signing(self) -> "ReportSigning | None":
        """With what reports are signed; `None` where no identity is set for it."""
        if not self.settings.report_identity:
            return None
        from office.flows.report import ReportSigning

        pin = self.settings.report_pin
        return ReportSigning(
            signing=self.signing,
            identity=self.identities.get(self.settings.report_identity),
            pin=None if pin is None else pin.get_secret_value(),
        )

    @cached_property
    def report_paper(self) -> "ReportPaper":
        """Sets reports for people."""
        from signer.reports.paper import ReportPaper

        return ReportPaper(self.typesetter)

    def _signer(self) -> "PdfSigner":
        from signer.creation import PdfSigner

        trust = self.trust()
        return PdfSigner(
            sandbox=self.sandbox,
            timestamps=self.timestamps(trust),
            revocation=self.revocation(trust),
            trust=trust,
            clock=self.clock,
            artist=self.artist,
        )

    def timestamps(self, trust: TrustStore) -> TimestampSource | None:
        """Return the time-stamping authorities, or `None` where there is none."""
        if self._given_timestamps is not None:
            return self._given_timestamps
        from certs.timestamping import HttpTimestampSource, TimestampAuthority

        authorities = [
            TimestampAuthority(name=name, url=url) for name, url in self.settings.authorities
        ]
        if not authorities and self.development is not None:
            authorities = [
                TimestampAuthority(
                    name="development",
                    url=f"{self.development.base_url}/tsa",
                    chain=self.development.tsa_chain(),
                )
            ]
        if not authorities:
            return None
        return HttpTimestampSource(
            authorities, self.fetcher(trust), self.clock, trust=lambda: trust
        )

    # -- keeping house

    def recover(self) -> dict[str, int]:
        """Finish what a crash interrupted; idempotent. Return how much there was of each."""
        recovery = self.archive.recover()
        return {
            "published": len(recovery.published),
            "waiting": len(recovery.waiting),
            "interrupted": self.intents.interrupted(),
        }

    def sweep(self) -> dict[str, int]:
        """Remove what nothing needs any more; idempotent."""
        shared = self._shared_evidence
        return {
            "staged": len(self.archive.sweep()),
            "answers": self.idempotency.sweep(),
            "evidence": 0 if shared is None else shared.sweep(),
        }

    def readiness(self) -> dict[str, bool]:
        """Return which parts can do their work; why not is in the log.

        Anybody may ask, so the answer is kept for `READINESS_SECONDS`.
        """
        with self._probing:
            if time.monotonic() >= self._ready_until:
                self._ready = self._probe()
                self._ready_until = time.monotonic() + READINESS_SECONDS
            return dict(self._ready)

    def _probe(self) -> dict[str, bool]:

        def works(name: str, probe: Callable[[], object]) -> bool:
            try:
                probe()
            except Exception:  # noqa: BLE001 - whatever it is, the part is not ready
                _log.warning("not ready: %s", name, exc_info=True)
                return False
            return True

        def stamp() -> None:
            source = self.timestamps(self.trust())
            if source is not None:
                source.stamp(secrets.token_bytes(32), "sha256")

        probes = {
            "database": self.archive.ping,
            "store": self._ask_store,
            "sandbox": self.sandbox.warm,
            "timestamps": stamp,
        }
        return {name: works(name, probe) for name, probe in probes.items()}

    def _ask_store(self) -> None:
        """Write, read back and remove a small object, as ingest does with a large one."""
        from archive.store.base import STAGING, read_all

        key, data = f"{STAGING}probe-{secrets.token_hex(8)}", secrets.token_bytes(64)
        self.store.put_once(key, data, hashlib.sha256(data).hexdigest())
        try:
            read_all(self.store, key)
        finally:
            self.store.delete_staged(key)


def build(settings: Settings) -> House:
    """Return the house of `settings`; nothing is made yet (rule 1)."""
    return House(settings)


def trust_folder(house: House) -> "TrustFolder":
    """Return where the anchors of the data directory are kept."""
    from certs.anchors import TrustFolder

    return TrustFolder(house.settings.data / "trust", house.clock)


def make_development_pki(settings: Settings, *, port: int | None = None) -> Path:
    """Make the development PKI and its people, or what is missing of them; return its root."""
    from certs.dev.authority import DEFAULT_PORT, DevelopmentAuthority

    with House(settings) as house:
        folder = settings.data / "dev-pki"
        authority = DevelopmentAuthority.ensure(folder, house.clock, port=port or DEFAULT_PORT)
        authority.ensure_identities(house.identities, house.clock)
        return authority.root_path.absolute()


def enrol_development(
    house: House,
    identity_id: str,
    *,
    name: str,
    organization: str,
    title: str | None,
    purpose: IdentityPurpose,
) -> SigningIdentity:
    """Make one more development identity.

    Raises:
        IdentityInvalidError: there is no development PKI, or the id is taken or malformed.

    """
    from certs.dev.authority import DevelopmentAuthority
    from certs.dev.profiles import Subject

    authority = house.development or DevelopmentAuthority(house.settings.data / "dev-pki")
    subject = Subject(
        id=identity_id,
        role="person",
        key="rsa2048",
        common_name=name,
        organization=organization,
        title=title,
        purpose=purpose,
    )
    authority.enrol(subject, house.identities, house.clock.now())
    return house.identities.get(identity_id)


@contextmanager
def verification(
    settings: Settings, trust_paths: tuple[Path, ...] | None, *, sandbox: Sandbox | None = None
) -> "Iterator[tuple[Verifier, TrustStore]]":
    """Yield what `verify` needs, and nothing more (rule 1): the verifier, and whom to trust.

    A `sandbox` that is handed in stays open.

    Raises:
        AnchorInvalidError: a path that holds no certificate.

    """
    from certs.anchors import load_anchors

    with House(settings, sandbox=sandbox) as house:
        trust = house.trust() if trust_paths is None else load_anchors(trust_paths)
        yield house.verifier, trust
