"""The same tests for memory, disk and a real S3 server."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from archive.errors import (
    ImmutableObjectError,
    KeyRejectedError,
    ObjectNotFoundError,
    ReadBackError,
)
from archive.store.base import read_all


def digest(data):
    return hashlib.sha256(data).hexdigest()


def put(store, key, data):
    store.put_once(key, data, digest(data))


def test_what_was_put_comes_back(store):
    put(store, "ocfl/a/b.pdf", b"%PDF")
    assert read_all(store, "ocfl/a/b.pdf") == b"%PDF"
    assert store.stat("ocfl/a/b.pdf").size == 4


def test_a_large_file_comes_back_in_pieces(store, tmp_path):
    data = bytes(range(256)) * (17 << 12)  # above one multipart part
    source = tmp_path / "large"
    source.write_bytes(data)
    store.put_once("ocfl/large", source, digest(data))
    with store.open("ocfl/large") as stream:
        assert stream.read(10) == data[:10]
        assert hashlib.sha256(data[:10] + stream.read()).hexdigest() == digest(data)


def test_the_same_bytes_may_be_put_again_and_others_never(store):
    put(store, "ocfl/a", b"one")
    put(store, "ocfl/a", b"one")
    with pytest.raises(ImmutableObjectError):
        put(store, "ocfl/a", b"two")
    assert read_all(store, "ocfl/a") == b"one"


def test_bytes_that_are_not_those_announced_are_not_stored(store):
    with pytest.raises(ReadBackError):
        store.put_once("ocfl/a", b"one", digest(b"two"))
    with pytest.raises(ObjectNotFoundError):
        store.stat("ocfl/a")


def test_an_empty_object_is_an_object(store):
    put(store, "ocfl/empty", b"")
    assert store.stat("ocfl/empty").size == 0
    assert read_all(store, "ocfl/empty") == b""


def test_promoting_puts_the_staged_bytes_at_their_final_key(store):
    put(store, "staging/x", b"bytes")
    store.promote("staging/x", "ocfl/x/content/document.pdf", digest(b"bytes"))
    assert read_all(store, "ocfl/x/content/document.pdf") == b"bytes"


def test_promoting_again_after_the_staged_object_is_gone_succeeds(store):
    put(store, "staging/x", b"bytes")
    store.promote("staging/x", "ocfl/x", digest(b"bytes"))
    store.promote("staging/x", "ocfl/x", digest(b"bytes"))
    store.delete_staged("staging/x")
    store.promote("staging/x", "ocfl/x", digest(b"bytes"))
    assert read_all(store, "ocfl/x") == b"bytes"


def test_promoting_over_other_bytes_is_refused(store):
    put(store, "staging/x", b"bytes")
    put(store, "ocfl/x", b"other")
    with pytest.raises(ImmutableObjectError):
        store.promote("staging/x", "ocfl/x", digest(b"bytes"))
    assert read_all(store, "ocfl/x") == b"other"


def test_promoting_what_is_nowhere_is_an_error(store):
    with pytest.raises(ObjectNotFoundError):
        store.promote("staging/x", "ocfl/x", digest(b"bytes"))


def test_only_an_inventory_can_be_replaced(store):
    for name in ("inventory.json", "inventory.json.sha512"):
        store.replace_inventory(f"ocfl/x/{name}", b"one")
        store.replace_inventory(f"ocfl/x/{name}", b"two")
        assert read_all(store, f"ocfl/x/{name}") == b"two"
    with pytest.raises(KeyRejectedError):
        store.replace_inventory("ocfl/x/document.pdf", b"one")


def test_nothing_can_be_deleted_but_under_staging(store):
    put(store, "staging/x", b"x")
    put(store, "ocfl/x", b"x")
    store.delete_staged("staging/x")
    store.delete_staged("staging/x")
    with pytest.raises(ObjectNotFoundError):
        store.stat("staging/x")
    with pytest.raises(KeyRejectedError):
        store.delete_staged("ocfl/x")
    assert store.stat("ocfl/x").size == 1


def test_iterating_gives_the_keys_below_a_prefix_in_order(store):
    for key in ("ocfl/b/1", "ocfl/a/2", "ocfl/a-b/0", "staging/z", "ocfl/a/10"):
        put(store, key, b"x")
    assert [o.key for o in store.iterate("ocfl/")] == [
        "ocfl/a-b/0",
        "ocfl/a/10",
        "ocfl/a/2",
        "ocfl/b/1",
    ]
    assert [o.key for o in store.iterate("ocfl/a/1")] == ["ocfl/a/10"]
    assert list(store.iterate("nothing/")) == []


def test_an_object_knows_about_when_it_came(store):
    put(store, "staging/x", b"x")
    [found] = store.iterate("staging/")
    assert abs(found.modified - datetime.now(UTC)) < timedelta(minutes=5)
    assert found.modified.tzinfo is not None


@pytest.mark.parametrize(
    "key",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "a//b",
        "",
        "a/",
        ".hidden",
        "a/.x",
        "a\\b",
        "a\x00b",
        "công-văn",
        "a" * 600,
        "staging/../ocfl/x",
        "a\n",
    ],
)
def test_a_key_cannot_leave_the_store(store, key):
    for use in (
        lambda: put(store, key, b"x"),
        lambda: store.open(key),
        lambda: store.stat(key),
        lambda: store.delete_staged(key),
        lambda: store.replace_inventory(key + "/inventory.json", b""),
        lambda: store.promote(key, "ocfl/x", digest(b"")),
    ):
        with pytest.raises(KeyRejectedError):
            use()


def test_a_missing_object_is_named(store):
    for use in (store.open, store.stat):
        with pytest.raises(ObjectNotFoundError) as caught:
            use("ocfl/missing")
        assert caught.value.key == "ocfl/missing"


def test_a_folder_is_not_an_object(store):
    put(store, "ocfl/a/b", b"x")
    for key in ("ocfl/a", "ocfl/a/b/c"):
        for use in (store.open, store.stat):
            with pytest.raises(ObjectNotFoundError):
                use(key)
