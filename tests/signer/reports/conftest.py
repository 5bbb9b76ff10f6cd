"""Real reports: documents signed with a PKI of our own, judged in the sandbox.

`ANTIN_TEST_FOREIGN=1` adds what EU DSS's schema and veraPDF say (Java 17, Maven), as tests/foreign.
"""

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "creation"))

from forms import saved, with_field
from house import House
from sqlalchemy import select

from archive.catalogue.database import open_database, reading
from archive.catalogue.tables import metadata
from certs.clock import SystemClock
from certs.model import TrustStore
from office.flows.sign import Signing
from office.samples import names, sample
from office.tables.work import SigningIntents, signing_intents
from signer.appearance import AppearanceKind
from signer.sandbox import Sandbox
from signer.typeset import Typesetter
from signer.validation.job import VALIDATE, ValidationRequest
from signer.validation.report import Level, ValidationReport

collect_ignore_glob = (
    [] if os.environ.get("ANTIN_TEST_FOREIGN") == "1" else ["test_reports_before_others.py"]
)


@dataclass(frozen=True)
class Case:
    pdf: bytes
    trust: TrustStore
    report: ValidationReport


@pytest.fixture(scope="session")
def sandbox():
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="session")
def house(tmp_path_factory, sandbox):
    return House(tmp_path_factory.mktemp("pki"), SystemClock(), sandbox)


@pytest.fixture(scope="session")
def typesetter():
    return Typesetter()


@pytest.fixture(scope="session")
def cases(house, sandbox, typesetter, tmp_path_factory):
    """One document for each thing that a report can say."""
    folder = tmp_path_factory.mktemp("documents")
    paper, alone, archived = (folder / f"{n}.pdf" for n in ("paper", "alone", "archived"))
    paper.write_bytes(sample(names()[0], typesetter).pdf)
    house.sign(paper, alone, level=Level.B_B)
    house.sign(paper, archived, level=Level.B_LTA)
    several, before = folder / "several.pdf", paper
    for n, (who, kind) in enumerate(SIGNERS, 1):
        level = Level.B_LTA if n == len(SIGNERS) else Level.B_LT
        house.sign(before, several, who, level=level, appearance=kind)
        before = folder / f"{n}.pdf"
        several.rename(before)
    altered = bytearray(archived.read_bytes())
    altered[altered.index(b"stream") + 30] ^= 1
    documents = {
        "alone": alone.read_bytes(),
        "archived": archived.read_bytes(),
        "several": before.read_bytes(),
        "altered": bytes(altered),
        "unsigned": paper.read_bytes(),
        "prepared": with_field(paper.read_bytes()),
        "encrypted": locked(),
        "not a pdf": b"PK\x03\x04 not a PDF",
    }
    at = datetime.now(UTC)

    def judged(pdf, trust):
        request = ValidationRequest(trust=trust, at=at, offline=True)
        return Case(pdf, trust, sandbox.run(VALIDATE, request, pdf=pdf))

    made = {name: judged(pdf, house.trust) for name, pdf in documents.items()}
    return made | {"untrusted": judged(documents["archived"], TrustStore())}


def locked():
    """A document that opens with a password only."""
    pdf = pikepdf.Pdf.new()
    pdf.add_blank_page()
    return saved(pdf, encryption=pikepdf.Encryption(owner="chủ", user="khóa"))


SIGNERS = (
    ("can-bo", AppearanceKind.NONE),
    ("lanh-dao-1", AppearanceKind.LEADER),
    ("con-dau", AppearanceKind.SEAL),
    ("lanh-dao-2", AppearanceKind.NONE),
    ("lanh-dao-3", AppearanceKind.NONE),
    ("con-dau", AppearanceKind.NONE),
)
CASES = (
    "alone",
    "archived",
    "several",
    "altered",
    "unsigned",
    "prepared",
    "encrypted",
    "not a pdf",
    "untrusted",
)


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('history')}/work.db")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def signing(engine, house):
    return Signing(
        signer=house.signer,
        identities=house.identities,
        intents=SigningIntents(engine, house.clock),
        size_limit=1 << 28,
    )


@pytest.fixture
def intents(engine):
    def rows():
        with reading(engine) as db:
            return db.execute(select(signing_intents).order_by(signing_intents.c.created_at)).all()

    return rows


@pytest.fixture(params=CASES)
def case(request, cases):
    return cases[request.param]


@pytest.fixture
def hostile(cases):
    """A report whose document says what it can to confuse its reader."""
    return spoiled(cases["several"].report)


def spoiled(report):
    from dataclasses import replace
    from datetime import timedelta, timezone

    from signer.validation.wording import reason

    signatures = list(report.signatures)

    def spoil(n, name, agency, **more):
        signer = replace(signatures[n].signer, common_name=name, organization=agency)
        signatures[n] = replace(signatures[n], signer=signer, **more)

    spoil(0, "An\u202e\x00 Bình\n\n#strong[x] $x$ *b* _i_ @a <b> // c", "</Signer>&amp;")
    spoil(1, "W" * 400, "漢字 🎉 \ue000 \ufffe", reason_text="\x01" + "/" * 300)
    early = datetime.min.replace(tzinfo=timezone(timedelta(hours=7)))
    spoil(2, None, None, claimed_signing_time=early, best_signature_time=None)
    late = datetime.max.replace(tzinfo=UTC)
    spoil(3, "\x00", "", claimed_signing_time=late, best_signature_time=None)
    return replace(
        report,
        signatures=tuple(signatures),
        reasons=(
            *report.reasons,
            reason("content.active", detail="\x08javascript " * 90),
            reason("time.local_as_utc", signatures[4].field_name),
        ),
        active_content=("\x0bJavaScript",),
    )
