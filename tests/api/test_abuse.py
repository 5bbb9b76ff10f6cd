"""Strangers who are many, large, slow or gone again; over a real server."""

import asyncio
import re
import socket
import time

import pytest

from api.rest.pace import Pace
from api.rest.throttle import Throttle
from office.errors import TooManyAttemptsError, UploadTooSlowError


def head(length=1_000_000):
    return (
        "POST /api/v1/verifications HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {length}\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
    ).encode()


def started(live, count=1):
    """Begin uploads and leave them unfinished."""
    socks = []
    for _ in range(count):
        sock = socket.create_connection(("127.0.0.1", live.client.base_url.port))
        sock.sendall(head())
        socks.append(sock)
    return socks


def under_way(live):
    """Return how many requests are, beside the one that asks."""
    page = live.client.get("/metrics").text
    return float(re.search(r"^antin_http_requests_in_progress (\S+)$", page, re.MULTILINE)[1]) - 1


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_one_address_has_only_so_many_uploads_at_once():
    throttle = Throttle(per_minute=100, at_once=9, per_address=2, in_all=3)
    with throttle.inside("192.0.2.1"), throttle.inside("192.0.2.1"):
        with pytest.raises(TooManyAttemptsError), throttle.inside("192.0.2.1"):
            pass
        with (
            throttle.inside("192.0.2.2"),
            pytest.raises(TooManyAttemptsError),
            throttle.inside("192.0.2.3"),
        ):
            pass
        with throttle.inside("192.0.2.3"):
            pass
    assert throttle._inside == {}


def test_unfinished_uploads_hold_the_places_of_their_own_address_until_they_go(live, papers):
    socks = started(live, 4)
    until(lambda: under_way(live) == 4)
    refused = live.client.post(
        "/api/v1/verifications", files={"file": ("a.pdf", papers[0].read_bytes())}
    )
    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    for sock in socks:
        sock.close()
    until(lambda: not under_way(live))
    answer = live.client.post(
        "/api/v1/verifications", files={"file": ("a.pdf", papers[0].read_bytes())}
    )
    assert answer.status_code == 200


def test_who_goes_away_in_the_middle_is_no_fault_of_ours(live, caplog):
    (sock,) = started(live)
    until(lambda: under_way(live) == 1)
    sock.close()
    until(lambda: not under_way(live))
    assert [r for r in caplog.records if r.name == "api.fault"] == []


# -- the pace, with pieces that come when the test says ----------------------------------------


def read_body(pieces, **options):
    """Run the layer over `(seconds to wait, bytes)` pieces; return how many bytes came through."""
    waiting = list(pieces)

    async def receive():
        seconds, size = waiting.pop(0)
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": bytes(size), "more_body": bool(waiting)}

    seen = 0

    async def app(scope, receive, send):
        nonlocal seen
        more = True
        while more:
            message = await receive()
            seen += len(message["body"])
            more = message["more_body"]

    layer = Pace(app, **({"patience": 0.2, "pace": 1000, "longest": 60} | options))
    asyncio.run(layer({"type": "http"}, receive, None))
    return seen


def test_a_steady_body_comes_in_however_large():
    assert read_body([(0.01, 100)] * 50) == 5000


def test_silence_ends_it():
    with pytest.raises(UploadTooSlowError):
        read_body([(0.0, 10), (30, 10)])


def test_a_byte_now_and_then_ends_it_although_it_is_never_silent():
    with pytest.raises(UploadTooSlowError):
        read_body([(0.05, 1)] * 600)


def test_a_fast_start_buys_no_slow_end():
    with pytest.raises(UploadTooSlowError):
        read_body([(0.0, 1_000_000), *[(0.05, 1)] * 600])


def test_no_body_takes_longer_than_the_longest():
    with pytest.raises(UploadTooSlowError):
        read_body([(0.02, 1000)] * 600, longest=0.3)


def test_after_the_body_nothing_is_counted():
    async def receive():
        return await messages.get()

    async def app(scope, receive, send):
        assert (await receive())["body"] == b"x"
        assert (await receive())["type"] == "http.disconnect"

    async def scene():
        await messages.put({"type": "http.request", "body": b"x", "more_body": False})

        async def leave():
            await asyncio.sleep(0.2)
            await messages.put({"type": "http.disconnect"})

        task = asyncio.create_task(leave())
        await Pace(app, patience=0.05)({"type": "http"}, receive, None)
        await task

    messages = asyncio.Queue()
    asyncio.run(scene())
