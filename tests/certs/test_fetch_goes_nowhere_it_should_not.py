"""Server-side request forgery, with a real listener as the honeypot.

Every connector here leads to the honeypot, whatever address it is told: one connection for any of
the vectors and the count is no longer zero.
"""

import socket

import pytest
from listeners import answering, listening, ok

from certs.errors import FetchFailedError, FetchRefusedError
from certs.fetch import GuardedFetcher
from certs.model import FetchRequest
from certs.targets import parse_target

PUBLIC = "93.184.215.14"

LITERALS = {
    "loopback": "http://127.0.0.1/",
    "loopback-other": "http://127.8.9.10/",
    "loopback-two-parts": "http://127.1/",
    "loopback-three-parts": "http://127.0.1/",
    "loopback-decimal": "http://2130706433/",
    "loopback-octal": "http://0177.0.0.1/",
    "loopback-octal-long": "http://000000177.0.0.1/",
    "loopback-octal-whole": "http://017700000001/",
    "loopback-hex": "http://0x7f000001/",
    "loopback-hex-parts": "http://0x7f.0x0.0x0.0x1/",
    "loopback-hex-upper": "http://0X7F.1/",
    "loopback-full-width-digits": "http://１２７.０.０.１/",
    "loopback-ideographic-dots": "http://127。0。0。1/",
    "loopback-circled-digits": "http://①②⑦.⓪.⓪.①/",
    "loopback-trailing-dot": "http://127.0.0.1./",
    "this-host": "http://0.0.0.0/",
    "this-host-zero": "http://0/",
    "private-10": "http://10.0.0.5/crl",
    "private-172": "http://172.31.255.254/crl",
    "private-192": "http://192.168.1.1/crl",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata-decimal": "http://2852039166/latest/meta-data/",
    "cgnat": "http://100.64.0.1/",
    "benchmark": "http://198.18.0.1/",
    "documentation": "http://192.0.2.1/",
    "multicast": "http://224.0.0.1/",
    "reserved": "http://240.0.0.1/",
    "broadcast": "http://255.255.255.255/",
    "v6-loopback": "http://[::1]/",
    "v6-loopback-long": "http://[0:0:0:0:0:0:0:1]/",
    "v6-unspecified": "http://[::]/",
    "v6-link-local": "http://[fe80::1]/",
    "v6-unique-local": "http://[fd00::1]/",
    "v6-multicast": "http://[ff02::1]/",
    "v6-mapped": "http://[::ffff:127.0.0.1]/",
    "v6-mapped-hex": "http://[::ffff:7f00:1]/",
    "v6-compatible": "http://[::127.0.0.1]/",
    "v6-nat64": "http://[64:ff9b::7f00:1]/",
    "v6-nat64-local": "http://[64:ff9b:1::7f00:1]/",
    "v6-6to4": "http://[2002:7f00:1::]/",
    "v6-teredo": "http://[2001:0:7f00:1::]/",
    "v6-documentation": "http://[2001:db8::1]/",
}

MALFORMED = {
    "user-information": "http://ca.gov.example@127.0.0.1/",
    "user-and-password": "http://a:b@ca.gov.example/",
    "user-information-encoded": "http://ca.gov.example%40127.0.0.1/",
    "crlf-in-path": "http://ca.gov.example/a\r\nHost: 127.0.0.1",
    "crlf-in-host": "http://ca.gov.example\r\n.evil/",
    "line-feed": "http://ca.gov.example/a\nb",
    "tab": "http://ca.gov.example/a\tb",
    "null": "http://ca.gov.example/\x00",
    "space": "http://ca.gov.example/a b",
    "backslash": "http://ca.gov.example\\@127.0.0.1/",
    "backslash-path": "http:\\\\127.0.0.1/",
    "scheme-file": "file:///etc/passwd",
    "scheme-ftp": "ftp://ca.gov.example/crl",
    "scheme-gopher": "gopher://ca.gov.example:70/_x",
    "scheme-ldap": "ldap://ca.gov.example/cn=CRL",
    "scheme-data": "data:,x",
    "scheme-none": "//ca.gov.example/",
    "scheme-jar": "jar:http://ca.gov.example/!/",
    "port-ssh": "http://ca.gov.example:22/",
    "port-smtp": "http://ca.gov.example:25/",
    "port-redis": "http://ca.gov.example:6379/",
    "port-zero": "http://ca.gov.example:0/",
    "port-too-large": "http://ca.gov.example:65616/",
    "port-word": "http://ca.gov.example:http/",
    "no-host": "http:///crl",
    "scoped-address": "http://[fe80::1%25lo]/",
    "percent-in-host": "http://ca%2egov.example/",
    "too-many-parts": "http://1.2.3.4.5/",
    "octet-too-large": "http://127.0.0.256/",
    "too-long": "http://ca.gov.example/" + "a" * 3000,
}

ANSWERS = {
    "loopback": ["127.0.0.1"],
    "private": ["10.1.2.3"],
    "metadata": ["169.254.169.254"],
    "v6-loopback": ["::1"],
    "v6-link-local-scoped": ["fe80::1%eth0"],
    "v6-mapped": ["::ffff:10.0.0.1"],
    "nat64": ["64:ff9b::a00:1"],
    "good-then-bad": [PUBLIC, "127.0.0.1"],
    "bad-then-good": ["192.168.0.1", PUBLIC],
    "good-v4-bad-v6": [PUBLIC, "::1"],
}


class Everything:
    """An allow-list that lets any host through, so that only the address rules are left."""

    def __contains__(self, _host):
        return True

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0


@pytest.fixture(scope="module")
def honeypot():
    with listening(answering(ok(b"caught"))) as listener:
        yield listener


def fetcher(honeypot, answers, **changes):
    """A fetcher whose every connection ends in the honeypot; only rules can stop it."""
    tried = []

    def lead_astray(address, port, timeout):
        tried.append(str(address))
        return socket.create_connection(("127.0.0.1", honeypot.port), timeout)

    def resolver(host, port):
        return answers

    made = GuardedFetcher(
        allowed_hosts={"ca.gov.example"} | set(changes.pop("hosts", ())),
        resolver=resolver,
        connector=lead_astray,
        **changes,
    )
    return made, tried


def test_the_honeypot_catches_a_fetcher_that_is_let_through(honeypot):
    before = honeypot.connections
    guarded, tried = fetcher(honeypot, [PUBLIC])
    assert guarded.fetch(FetchRequest(url="http://ca.gov.example/crl")) == b"caught"
    assert honeypot.connections == before + 1
    assert tried == [PUBLIC]


@pytest.mark.parametrize(
    "url", [*LITERALS.values(), *MALFORMED.values()], ids=[*LITERALS, *MALFORMED]
)
def test_a_hostile_url_makes_no_connection(honeypot, url):
    before = honeypot.connections
    guarded, tried = fetcher(honeypot, [PUBLIC])
    with pytest.raises(FetchRefusedError) as refused:
        guarded.fetch(FetchRequest(url=url))
    assert honeypot.connections == before
    assert tried == []
    assert "\n" not in refused.value.vi
    assert "\n" not in refused.value.en


@pytest.mark.parametrize("url", LITERALS.values(), ids=LITERALS)
def test_a_forbidden_address_is_refused_even_where_the_host_is_allowed(url):
    with pytest.raises(FetchRefusedError, match="not a public address"):
        parse_target(
            url, allowed_hosts=Everything(), allowed_ports={80}, allowed_private=frozenset()
        )


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_a_name_with_one_forbidden_answer_makes_no_connection(honeypot, answers):
    before = honeypot.connections
    guarded, tried = fetcher(honeypot, answers)
    with pytest.raises(FetchRefusedError):
        guarded.fetch(FetchRequest(url="http://ca.gov.example/crl"))
    assert honeypot.connections == before
    assert tried == []


@pytest.mark.parametrize(
    "url", ["http://evil.example/", "http://xca.gov.example/", "http://ca.gov.example.evil/"]
)
def test_a_host_that_is_not_listed_exactly_is_refused(honeypot, url):
    guarded, tried = fetcher(honeypot, [PUBLIC])
    with pytest.raises(FetchRefusedError, match="allow-list"):
        guarded.fetch(FetchRequest(url=url))
    assert tried == []


@pytest.mark.parametrize(
    ("listed", "url"),
    [
        ("CA.gov.example.", "http://ca.GOV.example/"),
        ("chứng-thư.example", "http://CHỨNG-THƯ.example/"),
        ("xn--chng-th-8uf1n.example", "http://xn--chng-th-8uf1n.example./"),
    ],
)
def test_a_listed_host_is_recognised_however_it_is_written(honeypot, listed, url):
    guarded, _ = fetcher(honeypot, [PUBLIC], hosts={listed})
    assert guarded.fetch(FetchRequest(url=url)) == b"caught"


def test_a_name_server_that_changes_its_mind_is_asked_once_only(honeypot):
    asked = []
    tried = []

    def rebinding(host, port):
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    def connector(address, port, timeout):
        tried.append(str(address))
        return socket.create_connection(("127.0.0.1", honeypot.port), timeout)

    guarded = GuardedFetcher(
        allowed_hosts={"ca.gov.example"}, resolver=rebinding, connector=connector
    )
    assert guarded.fetch(FetchRequest(url="http://ca.gov.example/")) == b"caught"
    assert asked == ["ca.gov.example"]
    assert tried == [PUBLIC]
    with pytest.raises(FetchRefusedError):  # and the second, bad answer is judged afresh
        guarded.fetch(FetchRequest(url="http://ca.gov.example/"))
    assert tried == [PUBLIC]


def test_only_the_configured_private_pair_is_reached(honeypot):
    guarded = GuardedFetcher(allowed_private={("127.0.0.1", honeypot.port)})
    before = honeypot.connections
    assert guarded.fetch(FetchRequest(url=f"http://127.0.0.1:{honeypot.port}/")) == b"caught"
    assert honeypot.connections == before + 1
    for url in (
        "http://127.0.0.1/",
        f"http://127.0.0.1:{honeypot.port + 1}/",
        f"http://127.0.0.2:{honeypot.port}/",
        f"http://localhost:{honeypot.port}/",
    ):
        with pytest.raises(FetchRefusedError):
            guarded.fetch(FetchRequest(url=url))
    assert honeypot.connections == before + 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(honeypot, status):
    before = honeypot.connections
    moved = b"HTTP/1.1 %d Moved\r\nLocation: http://127.0.0.1:%d/admin\r\nContent-Length: 0\r\n\r\n"
    with listening(answering(moved % (status, honeypot.port))) as redirecting:
        guarded = GuardedFetcher(
            allowed_private={("127.0.0.1", redirecting.port), ("127.0.0.1", honeypot.port)}
        )
        with pytest.raises(FetchFailedError, match="redirects are not followed"):
            guarded.fetch(FetchRequest(url=f"http://127.0.0.1:{redirecting.port}/"))
        assert redirecting.connections == 1
    assert honeypot.connections == before


def test_a_proxy_of_the_environment_is_not_used(honeypot, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{honeypot.port}")
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{honeypot.port}")
    before = honeypot.connections
    with listening(answering(ok(b"direct"))) as server:
        guarded = GuardedFetcher(allowed_private={("127.0.0.1", server.port)})
        assert guarded.fetch(FetchRequest(url=f"http://127.0.0.1:{server.port}/")) == b"direct"
    assert honeypot.connections == before
