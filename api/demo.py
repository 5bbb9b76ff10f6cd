"""`demo`: a whole agency on one machine, made of sample data, for whoever wants to look first.

1. Everything lives in a folder of its own, so that real data are never touched. It listens on
   loopback only, and every certificate and page says that it is for development.
2. Each step is done if its result is not there yet: an interrupted first start is finished by the
   next one, and a second start has nothing to do.
3. Passwords are random, made once, and kept in the folder (mode 0600), because they are shown at
   every start; the PIN of development identities is published anyway.
4. The development PKI answers over loopback HTTP, through the same guarded fetcher that real
   authorities are asked with; its address is the one thing that is allowed there.
"""

import contextlib
import json
import os
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from api import logs
from api.settings import Settings, load
from api.wiring import House, make_development_pki
from archive.model import DocumentMetadata, RecordKind
from certs.dev.authority import DEFAULT_PORT, DevelopmentAuthority
from certs.dev.server import DevelopmentServer
from certs.fetch import GuardedFetcher
from certs.files import PRIVATE, write_file
from certs.identities.software import DEVELOPMENT_PIN
from office.flows.receive import metadata_from_fields
from office.flows.sign import ToSign
from office.people import NewPerson
from office.roles import Role
from signer.appearance import AppearanceKind
from signer.creation import SignRequest
from signer.validation.report import Box, Level

AGENCY = "UBND xã Lam Mẫu (PHÁT TRIỂN)"
LEADER, DEPUTY, SEAL = "lanh-dao-1", "lanh-dao-2", "con-dau"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """Somebody of the sample agency."""

    account: str
    full_name: str
    title: str
    role: Role
    identities: frozenset[str] = frozenset()


PEOPLE = (
    DemoPerson(
        account="chutich",
        full_name="Nguyễn Văn Mẫu",
        title="Chủ tịch",
        role=Role.LEADER,
        identities=frozenset({LEADER}),
    ),
    DemoPerson(
        account="phochutich",
        full_name="Trần Thị Thử",
        title="Phó Chủ tịch",
        role=Role.LEADER,
        identities=frozenset({DEPUTY}),
    ),
    DemoPerson(
        account="vanthu",
        full_name="Vũ Thị Minh",
        title="Văn thư",
        role=Role.CLERK,
        identities=frozenset({SEAL}),
    ),
    DemoPerson(account="luutru", full_name="Đỗ Văn Kho", title="Lưu trữ viên", role=Role.ARCHIVIST),
    DemoPerson(account="quantri", full_name="Hoàng Quản Trị", title="Quản trị", role=Role.ADMIN),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """What is shown beside the log-in form and in the terminal."""

    role: str
    account: str
    password: str
    pin: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What becomes of one sample: who signs it, at which level, which way it goes."""

    signers: tuple[str, ...]
    level: Level = Level.B_LT
    kind: RecordKind = RecordKind.OUTGOING
    altered: bool = False


TREATMENTS = (
    Treatment(signers=(LEADER, SEAL)),
    Treatment(signers=(LEADER,), level=Level.B_LTA),
    Treatment(signers=(DEPUTY,), level=Level.B_T),
    Treatment(signers=(LEADER,), level=Level.B_B),
    Treatment(signers=(), kind=RecordKind.INCOMING),
    Treatment(signers=(LEADER, SEAL), level=Level.B_LTA),
    Treatment(signers=(DEPUTY,), kind=RecordKind.INCOMING),
    Treatment(signers=(LEADER,), kind=RecordKind.INCOMING, altered=True),
    Treatment(signers=(), kind=RecordKind.INCOMING),
    Treatment(signers=(DEPUTY,)),
    Treatment(signers=(LEADER, SEAL), level=Level.B_T),
    Treatment(signers=(LEADER,)),
)
"""In the order of the samples: every level, with and without seal, unsigned, and one altered. What
the commune issues bears the signature of whom it names; the province's papers, which only the
commune's people can sign here, show what a difference between page and signature looks like."""


def run_demo(data: Path, *, port: int, browser: bool) -> None:
    """Make what is missing, say where it is, and serve until told to stop."""
    settings = load(data, agency="demo")
    logs.for_service("WARNING")
    data.mkdir(parents=True, exist_ok=True)
    authority = _authority(settings)
    with contextlib.ExitStack() as stack:
        house = stack.enter_context(_house(settings, authority, stack))
        house.warm_up()
        from api.server import run  # the web's libraries load while the sandbox starts

        accounts = prepare(house)

        def ready(address: str) -> None:
            _announce(address, accounts)
            if browser and _has_screen():
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        run(house, host="127.0.0.1", port=port, ready=ready, demo_accounts=accounts)


def prepare(house: House) -> tuple[DemoAccount, ...]:
    """Make accounts and sample documents, or what is missing of them (rule 2)."""
    accounts = _accounts(house)
    finished = house.settings.data / "samples.done"
    if not finished.is_file():
        _samples(house)
        write_file(finished, b"")
    return accounts


def _authority(settings: Settings) -> DevelopmentAuthority:
    made = settings.data / "dev-pki" / "authority.json"
    make_development_pki(settings, port=None if made.is_file() else _free_port())
    return DevelopmentAuthority(settings.data / "dev-pki")


def _house(
    settings: Settings, authority: DevelopmentAuthority, stack: contextlib.ExitStack
) -> House:
    plain = House(settings)
    try:
        stack.enter_context(DevelopmentServer(authority, plain.clock))
    except OSError:
        # Another demo of the same folder answers there; ours answers itself in process.
        _say(
            f"Cổng {authority.port} của PKI phát triển đang bận; trả lời trong tiến trình.",
            f"Port {authority.port} of the development PKI is taken; it answers in process.",
        )
        return plain
    loopback = frozenset({("127.0.0.1", authority.port)})
    return House(settings, fetcher=GuardedFetcher(allowed_private=loopback))


def _accounts(house: House) -> tuple[DemoAccount, ...]:
    kept = house.settings.data / "accounts.json"
    passwords: dict[str, str] = json.loads(kept.read_bytes()) if kept.is_file() else {}
    missing = [p.account for p in PEOPLE if p.account not in passwords]
    if missing:
        passwords |= {account: _password() for account in missing}
        write_file(kept, json.dumps(passwords, indent=1).encode(), PRIVATE)
    for person in PEOPLE:
        password = passwords[person.account]
        found = house.people.find(person.account)
        if found is None:
            house.people.add(
                NewPerson(
                    account=person.account,
                    password=password,
                    full_name=person.full_name,
                    title=person.title,
                    agency=AGENCY,
                    roles=frozenset({person.role}),
                    identities=person.identities,
                )
            )
        elif person.account in missing:
            house.people.set_password(found.id, password)
    return tuple(
        DemoAccount(
            role=p.role.vi,
            account=p.account,
            password=passwords[p.account],
            pin=DEVELOPMENT_PIN if p.identities else None,
        )
        for p in PEOPLE
    )


def _password() -> str:
    """Return twelve letters and digits in three groups: 60 bits that a person can copy."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))


def _samples(house: House) -> None:
    from office.samples import names, samples
    from signer.typeset import Typesetter

    folder = house.settings.data / "samples"
    folder.mkdir(exist_ok=True)
    total = len(names())
    for number, (sample, treatment) in enumerate(
        zip(samples(Typesetter()), TREATMENTS, strict=True), start=1
    ):
        _progress(number, total, sample.name)
        path = folder / f"{sample.name}.pdf"
        if not path.is_file():
            _make(house, path, sample.pdf, sample.signature, treatment)
        house.receiving.receive(
            path,
            original_name=path.name,
            kind=treatment.kind,
            given=_given(sample.metadata) if treatment.kind is RecordKind.OUTGOING else None,
            actor="demo",
        )


def _make(house: House, path: Path, pdf: bytes, place: Box, treatment: Treatment) -> None:
    steps = [path.with_suffix(f".{n}") for n in range(len(treatment.signers) + 1)]
    write_file(steps[0], pdf)
    for number, identity in enumerate(treatment.signers):
        seal = identity == SEAL
        (outcome,) = house.signing.sign(
            [ToSign(source=steps[number], target=steps[number + 1], name=path.name)],
            SignRequest(
                level=treatment.level,
                appearance=AppearanceKind.SEAL if seal else AppearanceKind.LEADER,
                box=None if seal else place,
            ),
            identity_id=identity,
            pin=DEVELOPMENT_PIN,
            actor="demo",
        )
        if outcome.error is not None:
            raise outcome.error
    content = steps[-1].read_bytes()
    write_file(path, _alter(content) if treatment.altered else content)
    for step in steps:
        step.unlink(missing_ok=True)


def _alter(signed: bytes) -> bytes:
    """Return the document with one letter changed, as a careless editor would."""
    found = signed.index(b"<xmp:CreatorTool>") + len(b"<xmp:CreatorTool>")
    return signed[:found] + bytes([signed[found] ^ 0x20]) + signed[found + 1 :]


def _given(metadata: dict[str, str]) -> DocumentMetadata:
    return metadata_from_fields(dict(metadata))


def _free_port() -> int:
    """Return the usual port of the development PKI, or a free one where it is taken."""
    for wanted in (DEFAULT_PORT, 0):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", wanted)) as trial:
            return int(trial.getsockname()[1])
    return DEFAULT_PORT


def _has_screen() -> bool:
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _progress(number: int, total: int, name: str) -> None:
    sys.stderr.write(f"[{number:2d}/{total}] {name}\n")


def _say(vi: str, en: str) -> None:
    sys.stderr.write(f"{vi}\n{en}\n")


def _announce(address: str, accounts: tuple[DemoAccount, ...]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in _words(address, accounts)))
    sys.stdout.flush()


def _words(address: str, accounts: tuple[DemoAccount, ...]) -> Iterator[str]:
    yield ""
    yield f"Ấn Tín chạy thử tại / demo at: {address}"
    yield f"Kiểm tra chữ ký, không cần tài khoản / verify without an account: {address}/verify"
    yield ""
    yield f"  {'tài khoản':12s} {'mật khẩu':16s} {'PIN':8s} vai trò"
    yield f"  {'account':12s} {'password':16s} {'PIN':8s} role"
    for a in accounts:
        yield f"  {a.account:12s} {a.password:16s} {a.pin or '–':8s} {a.role}"
    yield ""
    yield "Dữ liệu mẫu; chữ ký KHÔNG CÓ GIÁ TRỊ PHÁP LÝ. Dừng: Ctrl+C."
    yield "Sample data; the signatures have NO LEGAL VALUE. Stop with Ctrl+C."
