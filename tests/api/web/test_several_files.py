"""Several files at once: in order, in turns, within the limits of single ones."""

import io
import re
import threading
import time
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from browsing import Browser

from api.rest.throttle import Throttle
from api.rest.uploads import Part
from api.web.batches import BATCHES, WORKERS, Batches, NothingInsideError, TooManyFilesError
from api.web.forms import FILES
from api.web.kept import LAST_LOOK, GoneError, Shelf
from office.errors import TooManyAttemptsError
from office.roles import Role


class MovingClock:
    def __init__(self):
        self.moment = datetime(2026, 3, 2, tzinfo=UTC)

    def now(self):
        return self.moment


class Checker:
    """Stands for the verification: says what it was given, and waits when told to."""

    def __init__(self, shelf):
        self.shelf = shelf
        self.started, self.seen = [], []
        self.go = threading.Event()
        self.go.set()

    def check(self, kept):
        content = kept.path.read_bytes()
        self.started.append(content)
        self.go.wait(10)
        self.seen.append((kept.owner, kept.name, content))
        if content == b"breaks":
            raise RuntimeError
        return self.shelf.amend(kept, verification=("checked", content))

    @staticmethod
    def refuse(code, size, sha256):
        return ("refused", code)


@pytest.fixture
def clock():
    return MovingClock()


@pytest.fixture
def shelf(clock):
    shelf = Shelf(clock)
    yield shelf
    shelf.close()


@pytest.fixture
def checker(shelf):
    return Checker(shelf)


@pytest.fixture
def make(shelf, clock, checker):
    made = []

    def build(*, per_minute=1000, at_once=4):
        made.append(
            Batches(
                shelf=shelf,
                throttle=Throttle(per_minute=per_minute, at_once=at_once),
                clock=clock,
                check=checker.check,
                refuse=checker.refuse,
                size_limit=10_000,
            )
        )
        return made[-1]

    yield build
    checker.go.set()
    for batches in made:
        batches.close()


@pytest.fixture
def parts(tmp_path):
    count = iter(range(10_000))

    def make_parts(**contents):
        made = []
        for name, content in contents.items():
            path = tmp_path / f"{next(count)}"
            path.write_bytes(content)
            made.append(Part(path=path, name=name.replace("_", ".")))
        return made

    return make_parts


def zipped(**contents):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in contents.items():
            container.writestr(name.replace("_", "."), content)
    return out.getvalue()


def finished(batches, batch, owner="a"):
    deadline = time.monotonic() + 10
    while not (now := batches.find(batch.id, owner)).finished:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return now


def test_each_file_has_its_line_in_the_order_given(make, parts, shelf):
    batches = make()
    batch = batches.add(parts(b_pdf=b"1", a_pdf=b"2", c_pdf=b"3"), owner="a", address=None)
    rows = finished(batches, batch).rows
    assert [row.name for row in rows] == ["b.pdf", "a.pdf", "c.pdf"]
    assert [row.verification for row in rows] == [("checked", c) for c in (b"1", b"2", b"3")]
    assert [shelf.find(row.kept_id, "a").path.read_bytes() for row in rows] == [b"1", b"2", b"3"]


def test_the_pdfs_inside_a_zip_count_one_by_one(make, parts):
    container = zipped(x_pdf=b"1", notes_txt=b"no", y_PDF=b"2")
    batches = make()
    batch = batches.add(parts(a_zip=container, b_pdf=b"3"), owner="a", address=None)
    rows = finished(batches, batch).rows
    assert [row.name for row in rows] == ["a.zip › x.pdf", "a.zip › y.PDF", "b.pdf"]
    assert [row.verification[1] for row in rows] == [b"1", b"2", b"3"]


def test_a_member_that_unfolds_into_too_much_is_refused_and_the_others_are_not(make, parts):
    container = zipped(bomb_pdf=b"0" * 9_999, large_pdf=b"%PDF" + bytes(range(256)) * 60)
    batches = make()
    rows = finished(
        batches, batches.add(parts(a_zip=container, b_pdf=b"3"), owner="a", address=None)
    ).rows
    assert [row.verification[0] for row in rows] == ["refused", "refused", "checked"]
    assert {row.verification[1] for row in rows[:2]} == {"file.limit"}
    assert rows[0].kept_id is None


def test_one_file_that_breaks_us_leaves_the_others_their_outcome(make, parts):
    batches = make()
    rows = finished(
        batches, batches.add(parts(a_pdf=b"breaks", b_pdf=b"2"), owner="a", address=None)
    ).rows
    assert [row.verification for row in rows] == [("refused", "file.fault"), ("checked", b"2")]


def test_more_files_than_a_batch_takes_are_refused_before_any_work(make, parts, checker):
    names = {f"n{n}_pdf": b"x" for n in range(FILES)}
    with pytest.raises(TooManyFilesError) as refused:
        make().add(parts(a_zip=zipped(**names), b_pdf=b"x"), owner="a", address=None)
    assert str(FILES) in refused.value.vi
    assert checker.seen == []


def test_a_zip_without_a_document_says_so(make, parts):
    with pytest.raises(NothingInsideError):
        make().add(parts(a_zip=zipped(notes_txt=b"no")), owner="a", address=None)


def test_batches_take_turns(make, parts, checker):
    checker.go.clear()
    batches = make()
    large = [
        batches.add(parts(**{f"l{n}_pdf": b"l" for n in range(20)}), owner="a", address=None)
        for _ in range(WORKERS)
    ]
    small = batches.add(parts(s_pdf=b"s"), owner="b", address=None)
    checker.go.set()
    finished(batches, small, "b")
    for batch in large:
        finished(batches, batch)
    assert checker.started.index(b"s") < 20, "behind a few of the forty, not behind all"


def test_a_stranger_waits_where_a_single_file_would_be_refused(make, parts, checker):
    batches = make(per_minute=2)
    batch = batches.add(
        parts(a_pdf=b"1", b_pdf=b"2", c_pdf=b"3"), owner="a", address="198.51.100.7"
    )
    deadline = time.monotonic() + 10
    while batches.find(batch.id, "a").done < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.1)
    assert batches.find(batch.id, "a").done == 2
    known = batches.add(parts(d_pdf=b"4"), owner="b", address=None)
    assert finished(batches, known, "b").done == 1


def test_a_batch_is_its_owners_and_is_forgotten(make, parts, clock):
    batches = make()
    batch = batches.add(parts(a_pdf=b"1", b_pdf=b"2"), owner="a", address=None)
    finished(batches, batch)
    with pytest.raises(GoneError):
        batches.find(batch.id, "thief")
    clock.moment += LAST_LOOK + timedelta(seconds=1)
    with pytest.raises(GoneError):
        batches.find(batch.id, "a")


def test_a_crowd_of_unfinished_batches_is_sent_away(make, parts, checker):
    checker.go.clear()
    batches = make()
    for _ in range(BATCHES):
        batches.add(parts(a_pdf=b"1", b_pdf=b"2"), owner="a", address=None)
    with pytest.raises(TooManyAttemptsError):
        batches.add(parts(a_pdf=b"1"), owner="a", address=None)


# -- on the page


def send(browser, *files):
    return browser.send(
        browser.get("/verify"), "/verify", files=[("file", (name, c)) for name, c in files]
    )


def until_done(browser, page):
    deadline = time.monotonic() + 60
    while "data-finished" not in page.response.text:
        assert time.monotonic() < deadline
        time.sleep(0.2)
        page = browser.get(str(page.response.url))
    return page


def test_a_table_fills_up_and_leads_to_each_verdict(stranger, papers):
    page = send(
        stranger,
        (papers[0].name, papers[0].read_bytes()),
        ("<b>.zip", zipped(inside_pdf=papers[1].read_bytes(), broken_pdf=b"MZ")),
    )
    assert "/verify/batch/" in str(page.response.url)
    page = until_done(stranger, page)
    assert "Đã kiểm tra 3/3 tệp" in page.text
    assert "<b>.zip › inside.pdf" in page.text
    assert "http-equiv" not in page.response.text, "nothing reloads any more"
    first = next(link for link in page.links if re.fullmatch(r"/verify/[\w-]{22}", link))
    verdict = stranger.get(first)
    assert "Văn bản này không có chữ ký số." in verdict.text
    image = stranger.client.get(next(src for src in verdict.images if "/pages/1-" in src))
    assert image.content.startswith(b"\x89PNG")
    thief = Browser(stranger.address)
    assert thief.get(str(page.response.url)).status == 404
    assert thief.get(first).status == 404
    thief.client.close()


def test_without_scripts_an_unfinished_batch_looks_again_by_itself(stranger, papers):
    page = send(stranger, *((p.name, p.read_bytes()) for p in papers))
    if "data-finished" not in page.response.text:
        assert '<noscript><meta http-equiv="refresh"' in page.response.text
    assert until_done(stranger, page).status == 200


def test_several_files_have_the_limit_of_one_all_together(stranger, live):
    half = b"%PDF-1.7\n" + b"x" * (live.house.settings.upload_limit // 2)
    refused = send(stranger, ("a.pdf", half), ("b.pdf", half))
    assert refused.status == 413
    assert "Tệp lớn hơn giới hạn" in refused.text


def test_a_hundred_and_one_files_are_a_sentence(stranger):
    refused = send(stranger, ("a.zip", zipped(**{f"n{n}_pdf": b"x" for n in range(FILES + 1)})))
    assert refused.status == 413
    assert f"tối đa {FILES} tệp" in refused.text


def test_who_is_signed_in_checks_several_too(as_role, papers):
    clerk = as_role(Role.CLERK)
    page = until_done(clerk, send(clerk, *((p.name, p.read_bytes()) for p in papers)))
    assert "Đã kiểm tra 3/3 tệp" in page.text
