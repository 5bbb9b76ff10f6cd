"""What would break somebody's signature is not done; what fails leaves nothing behind."""

import concurrent.futures
from dataclasses import replace

import pytest
from forms import blank, with_field
from house import House, NoRevocation, root_only
from strangers import signed
from test_levels import judged

from certs.clock import SystemClock
from certs.errors import TimestampUnavailableError
from signer.appearance import AppearanceKind
from signer.errors import (
    LevelNotReachedError,
    PlacementError,
    SandboxError,
    SelfCheckError,
    SignerError,
    WouldBreakError,
)
from signer.prepare import PREPARE_SIGNATURE
from signer.validation.report import ChangesAfter, Integrity, Level

NONE = AppearanceKind.NONE


def put(folder, pdf, name="nguon.pdf"):
    path = folder / name
    path.write_bytes(pdf)
    return path


FORBIDDEN = {
    "certified, no changes": {"certify": 1},
    "an approval that forbids all changes": {"lock": ("/All", ()), "lock_permission": 1},
    "all fields locked": {"lock": ("/All", ())},
    "all but one locked": {"lock": ("/Exclude", ("So",))},
}
PERMITTED = {
    "certified, form filling": {"certify": 2},
    "certified, annotations": {"certify": 3},
    "an approval": {},
    "another field locked": {"lock": ("/Include", ("So",))},
    "the next name locked": {"lock": ("/Include", ("Signature1",))},
    "all but this one locked": {"lock": ("/Exclude", ("Signature1",))},
}


@pytest.mark.parametrize("rules", FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_an_earlier_signature_forbids_is_refused(house, tmp_path, rules):
    source, target = put(tmp_path, signed(blank(), **rules)), tmp_path / "ra.pdf"
    with pytest.raises(WouldBreakError) as refused:
        house.sign(source, target, level=Level.B_B, appearance=NONE)
    assert "Lạ" in refused.value.vi
    assert sorted(p.name for p in tmp_path.iterdir()) == ["nguon.pdf"]


def test_a_field_that_an_earlier_signature_locks_is_not_signed(house, tmp_path):
    source = put(tmp_path, signed(blank(), lock=("/Include", ("ConDau",))))
    with pytest.raises(WouldBreakError):
        house.sign(source, tmp_path / "ra.pdf", level=Level.B_B, field_name="ConDau")


@pytest.mark.parametrize("rules", PERMITTED.values(), ids=PERMITTED)
def test_what_it_permits_leaves_it_intact(house, tmp_path, rules):
    source, target = put(tmp_path, signed(blank(), **rules)), tmp_path / "ra.pdf"
    house.sign(source, target, level=Level.B_B, appearance=NONE)
    report = judged(house, target)
    assert report.integrity is Integrity.INTACT
    assert report.signatures[0].changes_after is ChangesAfter.PERMITTED


def test_the_lock_of_a_prepared_field_is_taken_over(house, tmp_path):
    from pikepdf import Array, Name, String

    form = with_field(blank(), "So", rect=(10, 10, 40, 30), kind="/Tx")
    form = with_field(
        form, "ConDau", lock={"Action": Name.Include, "Fields": Array([String("So")])}
    )
    source, sealed = put(tmp_path, form), tmp_path / "dau.pdf"
    house.sign(source, sealed, level=Level.B_B, field_name="ConDau", appearance=AppearanceKind.SEAL)
    with pytest.raises(WouldBreakError):
        house.sign(sealed, tmp_path / "x.pdf", level=Level.B_B, field_name="So")
    house.sign(sealed, tmp_path / "y.pdf", level=Level.B_B, appearance=NONE)


def test_a_signed_field_is_not_signed_again(house, plain, tmp_path):
    once = tmp_path / "a.pdf"
    house.sign(plain, once, level=Level.B_B, field_name="LanhDao")
    with pytest.raises(PlacementError):
        house.sign(once, tmp_path / "b.pdf", level=Level.B_B, field_name="LanhDao")


def test_nothing_is_signed_on_top_of_an_altered_document(house, paper, tmp_path):
    once = tmp_path / "a.pdf"
    house.sign(paper[0], once, level=Level.B_B)
    data = bytearray(once.read_bytes())
    at = data.index(b"/CreationDate") + 20
    data[at : at + 1] = b"8" if data[at : at + 1] != b"8" else b"9"
    altered = put(tmp_path, bytes(data))
    with pytest.raises(WouldBreakError):
        house.sign(altered, tmp_path / "b.pdf", level=Level.B_B)
    assert not (tmp_path / "b.pdf").exists()


@pytest.mark.parametrize("existed", [False, True], ids=["new target", "target exists"])
@pytest.mark.parametrize(
    ("level", "call"), [(Level.B_T, 1), (Level.B_LT, 1), (Level.B_LTA, 1), (Level.B_LTA, 2)]
)
def test_a_time_stamping_authority_that_is_down_leaves_nothing(
    house, paper, tmp_path, level, call, existed
):
    target = tmp_path / "ra.pdf"
    if existed:
        target.write_bytes(b"cu")
    house.stamps.down_from = call
    with pytest.raises(TimestampUnavailableError):
        house.sign(paper[0], target, level=level)
    assert [p.name for p in tmp_path.iterdir()] == (["ra.pdf"] if existed else [])
    assert not existed or target.read_bytes() == b"cu"


def test_a_level_is_never_lowered_silently(house, paper, tmp_path):
    target = tmp_path / "ra.pdf"
    attempts = {
        "no authority": (Level.B_T, {"timestamps": None}),
        "no source": (Level.B_LT, {"revocation": None}),
        "responders down": (Level.B_LT, {"revocation": NoRevocation()}),
    }
    for name, (level, changes) in attempts.items():
        with pytest.raises(LevelNotReachedError):
            house.sign(paper[0], target, level=level, signer=house.signer(**changes))
        assert list(tmp_path.iterdir()) == [], name
    assert house.stamps.calls == 0


def test_a_signer_whom_nobody_trusts_gets_no_long_term_signature(house, sandbox, paper, tmp_path):
    (tmp_path / "pki").mkdir()
    other = House(tmp_path / "pki", SystemClock(), sandbox)
    stranger = house.signer(trust=root_only(other.authority))
    (tmp_path / "ra").mkdir()
    with pytest.raises(LevelNotReachedError):
        house.sign(paper[0], tmp_path / "ra" / "a.pdf", level=Level.B_LT, signer=stranger)
    assert list((tmp_path / "ra").iterdir()) == []


def test_an_unknown_authority_is_given_room_enough(house, paper, tmp_path):
    house.stamps.known = False
    house.sign(paper[0], tmp_path / "a.pdf", level=Level.B_T)
    assert house.stamps.calls == 1


def test_an_unknown_authority_is_asked_once_for_its_certificates(house, paper, tmp_path):
    """They are needed before its token is there, for B-LT carries evidence about them."""
    house.stamps.known = False
    signer = house.signer()
    house.sign(paper[0], tmp_path / "a.pdf", level=Level.B_LT, signer=signer)
    assert house.stamps.calls == 2
    house.sign(paper[0], tmp_path / "b.pdf", level=Level.B_LT, signer=signer)
    assert house.stamps.calls == 3


def test_a_token_larger_than_its_room_is_no_signature(house, paper, tmp_path):
    house.stamps.padding = 20_000
    with pytest.raises(LevelNotReachedError):
        house.sign(paper[0], tmp_path / "a.pdf", level=Level.B_T)
    assert list(tmp_path.iterdir()) == []


class Meddler:
    """A sandbox whose child has been taken over and wants something else signed."""

    def __init__(self, inner, meddle):
        self.inner, self.meddle = inner, meddle

    def run(self, job, request, *, pdf, output=None, limits=None):
        result = self.inner.run(job, request, pdf=pdf, output=output, limits=limits)
        return self.meddle(result, output) if job is PREPARE_SIGNATURE else result


def other_digest(token, output):
    return replace(token, document_digest=bytes(32))


def other_document(token, output):
    output.seek(200)
    output.write(b"!")
    return token


def gap_in_the_original(token, output):
    return replace(token, gap_start=100, gap_end=300)


def wider_gap(token, output):
    return replace(token, gap_end=token.gap_end + 40)


def more_than_told(token, output):
    output.seek(0, 2)
    output.write(b"\n% them\n")
    return token


@pytest.mark.parametrize(
    "meddle", [other_digest, other_document, gap_in_the_original, wider_gap, more_than_told]
)
def test_a_child_that_lies_gets_no_signature(house, paper, tmp_path, meddle):
    signer = house.signer(sandbox=Meddler(house.sandbox, meddle))
    with pytest.raises(SandboxError):
        house.sign(paper[0], tmp_path / "a.pdf", level=Level.B_B, signer=signer)
    assert list(tmp_path.iterdir()) == []


class Clumsy:
    """A key that signs something else than it was given."""

    def __init__(self, inner):
        self.inner = inner
        self.identity = inner.identity
        self.signature_algorithm = inner.signature_algorithm
        self.signature_size = inner.signature_size

    def sign(self, data, digest_algorithm):
        return self.inner.sign(data + b"!", digest_algorithm)


@pytest.mark.parametrize("level", [Level.B_B, Level.B_LT])
def test_a_wrong_signature_value_never_leaves_the_house(house, paper, tmp_path, level):
    from signer.creation import SignRequest

    key = Clumsy(house.identities.open("lanh-dao-1", None))
    with pytest.raises(SelfCheckError):
        house.signer().sign(paper[0], tmp_path / "a.pdf", key, SignRequest(level=level))
    assert list(tmp_path.iterdir()) == []


def test_signing_in_several_threads_at_once(house, paper, tmp_path):
    signer = house.signer()
    key = house.identities.open("lanh-dao-1", None)
    from signer.creation import SignRequest

    def one(number):
        target = tmp_path / f"{number}.pdf"
        return signer.sign(paper[0], target, key, SignRequest(level=Level.B_LT))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        made = list(pool.map(one, range(8)))
    assert len({m.sha256 for m in made}) == 8
    assert len(list(tmp_path.iterdir())) == 8


def test_a_source_that_is_its_own_target_is_replaced_whole(house, tmp_path):
    path = put(tmp_path, blank())
    house.sign(path, path, level=Level.B_B)
    assert judged(house, path).integrity is Integrity.INTACT


def test_every_refusal_speaks_both_languages(house, tmp_path):
    source = put(tmp_path, signed(blank(), certify=1))
    with pytest.raises(SignerError) as refused:
        house.sign(source, tmp_path / "x.pdf", level=Level.B_B)
    assert refused.value.vi != refused.value.en
