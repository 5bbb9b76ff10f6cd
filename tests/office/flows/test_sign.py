"""The intent before the key, whatever fails, before it was saved or after."""

import errno
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from archive.catalogue.database import open_database, reading
from archive.catalogue.tables import metadata
from archive.errors import CatalogueBusyError
from certs.clock import SystemClock
from certs.errors import TimestampUnavailableError, WrongPinError
from office.flows.sign import Signing, ToSign
from office.tables.work import SigningIntents, signing_intents
from signer.creation import SignRequest
from signer.validation.report import Level

REQUEST = SignRequest(level=Level.B_LT)


@dataclass
class Signed:
    sha256: str = "1" * 64


class Key:
    def __init__(self):
        self.closed = False

    def close(self):
        self.closed = True


class Desk:
    """Identities and signer in one: notes what was open in the database when the key was touched."""

    def __init__(self, engine, *, locked=None, fails=()):
        self.engine, self.locked, self.fails = engine, locked, dict(fails)
        self.opened, self.open_intents, self.keys = 0, [], []

    def open(self, _identity_id, _pin):
        self.opened += 1
        self._note()
        if self.locked:
            raise self.locked
        self.keys.append(Key())
        return self.keys[-1]

    def sign(self, source, target, key, request):
        self._note()
        if source.name in self.fails:
            raise self.fails[source.name]
        target.write_bytes(b"signed")
        return Signed()

    def _note(self):
        with reading(self.engine) as db:
            rows = db.execute(select(signing_intents)).all()
        self.open_intents.append(sum(row.outcome is None for row in rows))


class Faulty:
    """Intents whose nth write fails, before it was saved or after."""

    def __init__(self, real, *, step, persists):
        self.real, self.step, self.persists = real, step, persists

    def __getattr__(self, name):
        def call(*arguments):
            if name == self.step:
                if self.persists:
                    getattr(self.real, name)(*arguments)
                raise CatalogueBusyError
            return getattr(self.real, name)(*arguments)

        return call


@pytest.fixture
def engine(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/work.db")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def files(tmp_path):
    made = []
    for name in "abc":
        path = tmp_path / name
        path.write_bytes(b"%PDF")
        made.append(ToSign(source=path, target=tmp_path / f"{name}.signed", name=name))
    return made


def outcomes(engine):
    with reading(engine) as db:
        return [
            r.outcome
            for r in db.execute(select(signing_intents).order_by(signing_intents.c.document_name))
        ]


def sign(engine, desk, files, intents=None, size_limit=100):
    signing = Signing(
        signer=lambda: desk,
        identities=desk,
        intents=intents or SigningIntents(engine, SystemClock()),
        size_limit=size_limit,
    )
    return list(signing.sign(files, REQUEST, identity_id="x", pin="p", actor="an"))


def test_the_intent_is_in_the_database_before_the_key_is_touched(engine, files):
    desk = Desk(engine)
    done = sign(engine, desk, files)
    assert all(o.error is None and o.level is Level.B_LT for o in done)
    assert desk.open_intents == [1, 1, 1, 1]  # opening, then three signatures
    assert outcomes(engine) == ["signed"] * 3
    assert desk.opened == 1
    assert desk.keys[0].closed


def test_a_wrong_pin_is_tried_once_for_the_whole_batch(engine, files):
    desk = Desk(engine, locked=WrongPinError("x"))
    done = sign(engine, desk, files)
    assert [o.error.code for o in done] == ["pin.wrong"] * 3
    assert desk.opened == 1
    assert outcomes(engine) == ["failed"]


def test_one_failure_does_not_stop_the_others(engine, files):
    desk = Desk(engine, fails={"b": TimestampUnavailableError(("tsa",))})
    done = sign(engine, desk, files)
    assert [o.error and o.error.code for o in done] == [None, "timestamp.unavailable", None]
    assert outcomes(engine) == ["signed", "failed", "signed"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "storage.full"),
        (PermissionError(errno.EACCES, "Permission denied"), "file.unusable"),
    ],
)
def test_what_the_disk_says_is_worded(engine, files, error, code):
    (first, *_) = sign(engine, Desk(engine, fails={"a": error}), files)
    assert first.error.code == code
    assert outcomes(engine)[0] == "failed"


def test_empty_and_too_large_files_never_reach_the_key(engine, files):
    files[0].source.write_bytes(b"")
    desk = Desk(engine)
    done = sign(engine, desk, files[:1]) + sign(engine, desk, files[1:2], size_limit=3)
    assert [o.error.code for o in done] == ["upload.empty", "upload.too_large"]
    assert desk.opened == 0
    assert outcomes(engine) == []


@pytest.mark.parametrize("persists", [False, True], ids=["not-saved", "saved"])
def test_without_a_committed_intent_the_key_is_not_touched(engine, files, persists):
    desk = Desk(engine)
    intents = Faulty(SigningIntents(engine, SystemClock()), step="begin", persists=persists)
    done = sign(engine, desk, files[:1], intents)
    assert done[0].error.code == "catalogue.busy"
    assert desk.opened == 0
    assert not files[0].target.exists()
    assert outcomes(engine) == ([None] if persists else [])


@pytest.mark.parametrize("persists", [False, True], ids=["not-saved", "saved"])
def test_a_signature_whose_outcome_could_not_be_recorded_stands(engine, files, persists):
    intents = Faulty(SigningIntents(engine, SystemClock()), step="signed", persists=persists)
    (done,) = sign(engine, Desk(engine), files[:1], intents)
    assert done.error is None
    assert files[0].target.exists()
    assert outcomes(engine) == ["signed" if persists else None]


def test_our_own_fault_closes_the_intent_and_is_not_hidden(engine, files):
    desk = Desk(engine, fails={"a": KeyError("bug")})
    with pytest.raises(KeyError):
        sign(engine, desk, files)
    assert outcomes(engine) == ["failed"]
    assert desk.keys[0].closed


def test_a_missing_source_is_named(engine, tmp_path):
    gone = ToSign(source=Path(tmp_path / "gone"), target=tmp_path / "t", name="gone")
    (done,) = sign(engine, Desk(engine), [gone])
    assert done.error.code == "file.unusable"
