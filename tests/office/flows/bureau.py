"""A bureau that really issues: the house of the signing tests, a register, an archive, a workshop."""

import os
import signal
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "signer" / "creation"))
sys.path.append(str(Path(__file__).parents[2] / "signer" / "sequence"))

from blank_papers import blank_paper
from house import House

from archive.archive import Archive
from archive.catalogue.database import migrate, open_database
from archive.register import Register
from archive.store.disk import DiskStore
from office.flows.issue import Hand, Issuing
from office.flows.receive import Receiving
from office.flows.sign import Signing
from office.flows.verify import Verifier
from office.tables.work import SigningIntents
from signer.validation.report import Level

LIMIT = 64 << 20


class Bureau:
    """`changes` stand for parts of the same name, made from the part: `{"register": wrap}`."""

    def __init__(self, folder, pki, clock, sandbox, changes=None):
        folder.mkdir(exist_ok=True)
        changes = changes or {}

        def part(name, made):
            return changes[name](made) if name in changes else made

        self.folder = folder
        self.house = House(pki, clock, sandbox)
        self.sandbox = part("sandbox", sandbox)
        self.engine = open_database(f"sqlite:///{folder}/antin.db")
        migrate(self.engine)
        self.archive = Archive(
            engine=self.engine,
            store=part("store", DiskStore(folder / "objects")),
            clock=clock,
            agency="UBND",
        )
        self.archive.prepare()
        self.kept = part("archive", self.archive)
        self.register = Register(self.engine, clock, agency="UBND")
        identities = part("identities", self.house.identities)
        verifier = Verifier(
            sandbox=self.sandbox,
            revocation=lambda _: self.house.revocation,
            clock=clock,
            size_limit=LIMIT,
        )
        self.issuing = Issuing(
            signing=Signing(
                signer=lambda: self.house.signer(sandbox=self.sandbox),
                identities=identities,
                intents=SigningIntents(self.engine, clock),
                size_limit=LIMIT,
            ),
            verifier=verifier,
            receiving=Receiving(
                archive=self.kept,
                verifier=verifier,
                sandbox=self.sandbox,
                trust=lambda: self.house.trust,
                size_limit=LIMIT,
            ),
            archive=self.kept,
            register=part("register", self.register),
            identities=identities,
            sandbox=self.sandbox,
            trust=lambda: self.house.trust,
            workshop=folder / "workshop",
        )

    def hand(self, purpose, level=Level.B_LT):
        found = [i.id for i in self.house.identities.list() if i.purpose == purpose]
        return Hand(identity_id=found[0], pin=None, actor="kiểm thử", level=level)

    def paper(self, **changes):
        path = self.folder / "du-thao.pdf"
        path.write_bytes(blank_paper(self.folder / "typ", **changes))
        return path

    def approved(self, *, level=Level.B_LT, initials=True, **changes):
        document = self.issuing.draft(self.paper(**changes))
        if initials:
            document = self.issuing.initial(
                document, self.folder / "nhay.pdf", self.hand("drafter", level)
            )
        return self.issuing.approve(document, self.folder / "da-ky.pdf", self.hand("leader", level))

    def issue(self, approved, **changes):
        target = changes.pop("target", self.folder / "phat-hanh.pdf")
        return self.issuing.issue(approved, target, self.hand("seal"), **changes)

    def ledger(self):
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT number, state, record_seq IS NOT NULL FROM register_entries ORDER BY number"
            )
            return [tuple(row) for row in rows]


class Dying:
    """Stands before something and kills the process at the n-th use of one of its methods."""

    def __init__(self, inner, name, at, *, after):
        self._inner, self._name, self._at, self._after, self._count = inner, name, at, after, 0

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if name != self._name:
            return found

        def used(*args, **kwargs):
            self._count += 1
            if self._count == self._at and not self._after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = found(*args, **kwargs)
            if self._count == self._at:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return used
