"""From a finished page to an issued document, and every way in which a step is refused."""

import shutil
import threading

import pikepdf
import pytest
from bureau import Bureau
from steps import judge, pdfsig, vgca_rule

from archive.errors import CatalogueBusyError, StoreUnavailableError
from archive.model import NumberState
from certs.clock import SystemClock
from certs.errors import WrongPinError
from office.errors import NotIssuableError
from office.flows.issue import Draft
from signer.sandbox import Sandbox
from signer.validation.report import Indication, Level


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return tmp_path_factory.mktemp("pki")


@pytest.fixture(scope="module")
def kept(tmp_path_factory, pki, sandbox):
    """A document that the competent person signed; copies of it are issued over and over."""
    bureau = Bureau(tmp_path_factory.mktemp("kept"), pki, SystemClock(), sandbox)
    return bureau.approved().path


@pytest.fixture
def bureau(tmp_path, pki, sandbox):
    made = Bureau(tmp_path / "bureau", pki, SystemClock(), sandbox)
    yield made
    made.engine.dispose()


def approved(bureau, kept, number=0):
    path = bureau.folder / f"da-ky-{number}.pdf"
    shutil.copy(kept, path)
    return bureau.issuing.recognise(path)


def test_the_whole_way(bureau):
    ready = bureau.approved()
    issued = bureau.issue(ready)
    today = bureau.register.today()
    assert (issued.number.entry.number, issued.number.issue_date) == (1, today)
    assert issued.number.state is NumberState.ISSUED
    report = judge(bureau.house, issued.path)
    assert report.indication is Indication.TOTAL_PASSED
    assert [s.field_name for s in report.signatures] == ["KyNhay", "NguoiKy", "CoQuan"]
    assert pdfsig(issued.path).count("Signature is Valid") == 3
    assert vgca_rule(issued.path.read_bytes())[0]
    record = bureau.archive.record(issued.record_id)
    assert record.sha256 == issued.sha256
    assert record.register == issued.number.entry
    assert record.metadata.so_ky_hieu == "01/QĐ-UBND"
    assert record.metadata.ngay_ban_hanh == today
    assert bureau.ledger() == [(1, "issued", 1)]
    assert bureau.archive.fsck().clean
    assert not (bureau.folder / "workshop" / ready.sha256).exists()


def test_issued_again_is_the_same_document(bureau, kept):
    ready = approved(bureau, kept)
    first = bureau.issue(ready)
    again = bureau.issue(ready, target=bureau.folder / "lan-hai.pdf")
    assert (again.sha256, again.record_id, again.number) == (
        first.sha256,
        first.record_id,
        first.number,
    )
    assert again.path.read_bytes() == first.path.read_bytes()
    assert bureau.ledger() == [(1, "issued", 1)]


def test_two_who_issue_one_document_at_once_get_the_same(bureau, kept):
    ready = approved(bureau, kept)
    got, failures = [], []

    def work(turn):
        try:
            got.append(bureau.issue(ready, target=bureau.folder / f"{turn}.pdf"))
        except Exception as e:  # noqa: BLE001 - any failure is the finding
            failures.append(e)

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len({(i.sha256, i.record_id) for i in got}) == 1
    assert bureau.ledger() == [(1, "issued", 1)]


class Refusing:
    """A part that fails at one method, before it did its work or after."""

    def __init__(self, inner, method, error, *, persists):
        self._inner, self._method, self._error, self._persists = inner, method, error, persists

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if name != self._method:
            return found

        def fail(*args, **kwargs):
            if self._persists:
                found(*args, **kwargs)
            raise self._error

        return fail


@pytest.mark.parametrize("persists", [False, True], ids=["not saved", "but saved"])
@pytest.mark.parametrize(
    ("part", "method", "error"),
    [
        ("register", "reserve", CatalogueBusyError()),
        ("archive", "ingest", CatalogueBusyError()),
        ("archive", "open", StoreUnavailableError("x", "down")),
    ],
)
def test_failed_and_issued_again(tmp_path, pki, sandbox, kept, part, method, error, persists):
    changes = {part: lambda inner: Refusing(inner, method, error, persists=persists)}
    failing = Bureau(tmp_path / "b", pki, SystemClock(), sandbox, changes)
    with pytest.raises(type(error)):
        failing.issue(approved(failing, kept))
    assert not (failing.folder / "phat-hanh.pdf").exists()
    bureau = Bureau(tmp_path / "b", pki, SystemClock(), sandbox)
    issued = bureau.issue(approved(bureau, kept))
    assert issued.number.entry.number == 1
    assert bureau.ledger() == [(1, "issued", 1)]
    assert judge(bureau.house, issued.path).indication is Indication.TOTAL_PASSED


def test_a_wrong_pin_leaves_the_number_to_this_document(tmp_path, pki, sandbox, kept):
    changes = {"identities": lambda i: Refusing(i, "open", WrongPinError("x"), persists=False)}
    failing = Bureau(tmp_path / "b", pki, SystemClock(), sandbox, changes)
    ready = approved(failing, kept)
    with pytest.raises(WrongPinError):
        failing.issue(ready)
    assert failing.ledger() == [(1, "reserved", 0)]
    assert [n.document_sha256 for n in failing.register.reserved()] == [ready.sha256]
    bureau = Bureau(tmp_path / "b", pki, SystemClock(), sandbox)
    assert bureau.issue(approved(bureau, kept)).number.entry.number == 1


def test_what_was_reserved_yesterday_keeps_its_number_and_its_date(bureau, kept):
    ready = approved(bureau, kept)
    reserved = bureau.register.reserve(ready.sha256)
    with bureau.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE register_entries SET issue_date = '2026-02-03'")
    issued = bureau.issue(ready)
    assert issued.number.entry == reserved.entry
    record = bureau.archive.record(issued.record_id)
    assert record.metadata.ngay_ban_hanh.isoformat() == "2026-02-03"


def test_a_void_number_is_not_resumed(bureau, kept):
    ready = approved(bureau, kept)
    bureau.register.void(bureau.register.reserve(ready.sha256).entry, "trả lại để sửa")
    assert bureau.issue(ready).number.entry.number == 2
    assert bureau.ledger() == [(1, "void", 0), (2, "issued", 1)]


# -- what is refused


def refused(bureau, path):
    with pytest.raises(NotIssuableError) as met:
        bureau.issuing.recognise(path)
    assert bureau.ledger() == []
    assert met.value.vi
    return met.value


def test_no_seal_on_a_document_that_nobody_signed(bureau):
    refused(bureau, bureau.paper())


def test_no_seal_on_initials_alone(bureau):
    draft = bureau.issuing.draft(bureau.paper())
    initialled = bureau.issuing.initial(draft, bureau.folder / "nhay.pdf", bureau.hand("drafter"))
    assert "Điều 32" in refused(bureau, initialled.path).vi


def test_the_field_of_the_leader_is_not_enough_it_must_be_the_leader(bureau):
    draft = bureau.issuing.draft(bureau.paper())
    bureau.house.sign(
        draft.path,
        bureau.folder / "x.pdf",
        bureau.hand("drafter").identity_id,
        field_name="NguoiKy",
        fields=draft.fields,
    )
    assert "Điều 32" in refused(bureau, bureau.folder / "x.pdf").vi


def test_a_leader_from_elsewhere_is_not_the_competent_person(bureau, kept, tmp_path, sandbox):
    """The same bytes, but their signer is nobody of that house."""
    other = Bureau(tmp_path / "other", tmp_path / "pki-2", SystemClock(), sandbox)
    refused(other, kept)


def test_nobody_takes_another_ones_step(bureau, kept):
    draft = bureau.issuing.draft(bureau.paper())
    target = bureau.folder / "x.pdf"
    for purpose in ("seal", "drafter"):
        with pytest.raises(NotIssuableError):
            bureau.issuing.approve(draft, target, bureau.hand(purpose))
    with pytest.raises(NotIssuableError):
        bureau.issuing.initial(draft, target, bureau.hand("seal"))
    with pytest.raises(NotIssuableError):
        bureau.issuing.issue(approved(bureau, kept), target, bureau.hand("leader"))
    assert not target.exists()
    assert bureau.ledger() == []


def test_what_is_issued_is_not_numbered_again(bureau, kept):
    issued = bureau.issue(approved(bureau, kept))
    with pytest.raises(NotIssuableError):
        bureau.issuing.recognise(issued.path)
    assert bureau.ledger() == [(1, "issued", 1)]


def test_a_file_that_was_changed_since_it_was_verified(bureau, kept):
    ready = approved(bureau, kept)
    ready.path.write_bytes(ready.path.read_bytes() + b"\n")
    with pytest.raises(NotIssuableError):
        bureau.issue(ready)
    assert bureau.ledger() == []


def test_a_changed_document_is_not_approved(bureau, kept):
    data = bytearray(kept.read_bytes())
    at = data.index(b"stream") + 40
    data[at] ^= 1
    path = bureau.folder / "x.pdf"
    path.write_bytes(data)
    refused(bureau, path)


def test_an_extra_signature_before_the_seal_is_out_of_order(bureau, kept):
    bureau.house.sign(kept, bureau.folder / "x.pdf", "lanh-dao-1", field_name="Khac")
    refused(bureau, bureau.folder / "x.pdf")


def test_a_document_signed_without_the_places_of_ours(bureau):
    bureau.house.sign(bureau.paper(), bureau.folder / "x.pdf", field_name="NguoiKy")
    refused(bureau, bureau.folder / "x.pdf")


def test_a_page_that_bears_another_year(bureau):
    date = "[Lam Mẫu, ngày #h(22pt) tháng #h(22pt) năm 2019]"
    ready = bureau.approved(date=date, initials=False)
    with pytest.raises(NotIssuableError, match="2019"):
        bureau.issue(ready)
    assert bureau.ledger() == []


def test_without_a_place_for_the_number_there_is_no_draft(bureau):
    with pytest.raises(NotIssuableError, match="So"):
        bureau.issuing.draft(bureau.paper(number="[Số: 125/QĐ-UBND]"))


def test_a_leftover_that_is_not_this_seal_is_thrown_away(bureau, kept):
    """A crash left something under the seal's name: only what holds up is used."""
    ready = approved(bureau, kept)
    number = bureau.register.reserve(ready.sha256)
    work = bureau.folder / "workshop" / ready.sha256
    work.mkdir(parents=True)
    shutil.copy(kept, work / f"sealed-{number.entry.year}-1.pdf")
    issued = bureau.issue(ready)
    assert judge(bureau.house, issued.path).indication is Indication.TOTAL_PASSED


def test_a_page_with_another_unit_is_numbered_in_place(bureau, tmp_path):
    plain = bureau.paper()
    with pikepdf.open(plain) as pdf:
        for page in pdf.pages:
            page.obj.UserUnit = 2
        pdf.save(tmp_path / "don-vi.pdf")
    ready = bureau.issuing.approve(
        bureau.issuing.draft(tmp_path / "don-vi.pdf"),
        tmp_path / "da-ky.pdf",
        bureau.hand("leader"),
    )
    record = bureau.archive.record(bureau.issue(ready).record_id)
    assert record.metadata.so_ky_hieu == "01/QĐ-UBND"


@pytest.mark.parametrize("level", [Level.B_T, Level.B_LTA], ids=str)
def test_other_levels_go_the_whole_way(bureau, level):
    ready = bureau.approved(level=level, initials=False)
    issued = bureau.issuing.issue(ready, bureau.folder / "x.pdf", bureau.hand("seal", level))
    assert bureau.ledger() == [(1, "issued", 1)]
    assert vgca_rule(issued.path.read_bytes())[0]


def test_a_draft_is_what_its_places_make_it(bureau):
    paper = bureau.paper()
    draft = bureau.issuing.draft(paper)
    assert bureau.issuing.draft(paper, draft.fields) == Draft(path=paper, fields=draft.fields)
