"""Where an outgoing request may go: the rules that need no network to decide.

URLs come out of certificates that anybody can make, so they are hostile text until proven
otherwise. `certs.fetch` asks here first, then applies its own rules to the wire.

1. Scheme `http` or `https`, at most 2,048 characters, no fragment sent.
2. No control character, space, CR, LF or backslash anywhere: two URL parsers read those
   differently, and the looser one would be the attacker's.
3. No user information (`user@host` makes the eye read the wrong host).
4. The host is normalised once (IDNA 2003 with its NFKC folding, lower case, one trailing dot
   dropped) and then consists of letters, digits, `-`, `_` and `.` alone.
5. An IP address in any notation that some C library accepts (decimal, octal, hexadecimal, one to
   four parts) is read as that address, never as a name.
6. The host is on the allow-list, exactly.
7. The port is 80 or 443, unless configured otherwise.
8. The address (each one the name resolves to) is public unicast. Refused: private, loopback,
   link-local, shared (CGNAT), benchmarking, documentation, multicast, reserved; in IPv6 whatever
   lies outside 2000::/3 (loopback, ULA, link-local, IPv4-mapped, NAT64 …) and, inside it, Teredo
   and the other protocol assignments, documentation and 6to4, because those carry IPv4 inside.
9. A configured private `(host, port)` pair lifts rules 6-8 for that pair alone; addresses that
   are not unicast stay refused.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from certs.errors import FetchRefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL = 2048  # what servers and proxies agree to carry; a CA's URL has under 200 characters

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029]")
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_ASCII_URL = "".join(map(chr, range(0x21, 0x7F)))

_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(n)
    for n in (
        "0.0.0.0/8",  # "this network": connects to the machine itself on Linux
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared address space (CGNAT)
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: cloud metadata services live here
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relay
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(n)
    for n in (
        "2001::/23",  # Teredo, ORCHID and other protocol assignments
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL that passed rules 1-7."""

    url: str
    scheme: str
    host: str
    """Normalised; an IP address in its usual notation, without brackets."""
    port: int
    path: str
    """Path and query, ASCII, ready for the request line."""
    address: Address | None
    """The address, when the host is one; `None` when a name must be resolved."""
    private: bool
    """A configured private pair (rule 9)."""

    @property
    def host_header(self) -> str:
        """Return the value of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return host if self.port == default else f"{host}:{self.port}"


def shown(url: str) -> str:
    """Return `url` fit for an error sentence or a log line: one line, printable, short."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in url[:200])


def normalise_host(host: str) -> str:
    """Return the host as the allow-list compares it (rules 4 and 5).

    Raises:
        ValueError: no host name and no address.

    """
    if ":" in host:
        return str(ipaddress.IPv6Address(host.removeprefix("[").removesuffix("]")))
    # The built-in codec folds full-width digits and dots, which is what makes rule 5 hold.
    name = host.encode("idna").decode("ascii").lower().removesuffix(".")
    if _HOST.fullmatch(name) is None or len(name) > 253:  # noqa: PLR2004 RFC 1035 name length
        raise ValueError("not a host name")
    address = _ipv4(name)
    return name if address is None else str(address)


def parse_target(
    url: str,
    *,
    allowed_hosts: Collection[str],
    allowed_ports: Collection[int],
    allowed_private: Collection[tuple[str, int]],
) -> Target:
    """Return where `url` leads, if rules 1-7 and 9 let it; hosts are given normalised.

    Raises:
        FetchRefusedError: with the rule that was broken, in words.

    """
    scheme, host, port, path = _split(url)
    private = (host, port) in allowed_private
    if not private and host not in allowed_hosts:
        raise FetchRefusedError(shown(url), "host is not on the allow-list")
    if not private and port not in allowed_ports:
        raise FetchRefusedError(shown(url), f"port {port}")
    target = Target(
        url=shown(url),
        scheme=scheme,
        host=host,
        port=port,
        path=path,
        address=_literal(host),
        private=private,
    )
    if target.address is not None:
        check_address(target, target.address)
    return target


def check_address(target: Target, address: Address) -> None:
    """Apply rule 8 (or 9) to one address of `target`; raise `FetchRefusedError`."""
    if target.private:
        odd = address.is_multicast or address.is_unspecified or address.is_reserved
        refused = odd and not address.is_loopback  # Python files ::1 under reserved, too
    elif isinstance(address, ipaddress.IPv4Address):
        refused = any(address in n for n in _REFUSED_V4)
    else:
        refused = address not in _PUBLIC_V6 or any(address in n for n in _REFUSED_V6)
    if refused:
        raise FetchRefusedError(target.url, f"{address} is not a public address")


def _split(url: str) -> tuple[str, str, int, str]:
    """Return scheme, normalised host, port and path with query (rules 1-5)."""
    if len(url) > MAX_URL or _FORBIDDEN.search(url):
        raise FetchRefusedError(shown(url), "malformed address")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = normalise_host(parts.hostname or "")
    except (UnicodeError, ValueError) as exc:
        raise FetchRefusedError(shown(url), "malformed address") from exc
    if parts.scheme not in ("http", "https"):
        raise FetchRefusedError(shown(url), "only http and https")
    if "@" in parts.netloc:
        raise FetchRefusedError(shown(url), "user information in the address")
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    path = parts.path or "/"
    path = quote(f"{path}?{parts.query}" if parts.query else path, safe=_ASCII_URL)
    return parts.scheme, host, port, path


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _ipv4(name: str) -> ipaddress.IPv4Address | None:
    """Read `name` as `inet_aton` would; `None` when it is a name.

    Raises:
        ValueError: the last label is a number, yet the whole is no address.

    """
    labels = name.split(".")
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]) is None:
        return None
    if len(labels) > 4:  # noqa: PLR2004 an IPv4 address has at most four parts
        raise ValueError("not an address")
    numbers = [_number(label) for label in labels]
    *head, last = numbers
    if any(n > 255 for n in head) or last >= 256 ** (5 - len(numbers)):  # noqa: PLR2004 bytes
        raise ValueError("not an address")
    value = last
    for position, n in enumerate(head):
        value += n << (24 - 8 * position)
    return ipaddress.IPv4Address(value)


def _number(label: str) -> int:
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8 if label.startswith("0") else 10)
