"""The Vietnamese authorities whose certificates we have met, to compare with (`data/vietnam.toml`).

1. A list of fingerprints, not of trust: nothing in it is an anchor until somebody adds the
   certificate, and no certificate is shipped.
2. A fingerprint on the list says which authority's certificate this is, as far as the sources of
   that entry go; it never says that nothing else needs comparing.
3. A certificate with the name of a listed authority and another fingerprint is the finding that
   matters: a forgery, or a newer generation. Names are compared as people read them: the common
   name without marks, case, punctuation and doubled blanks, because a forger writes
   "CO QUAN CHUNG THUC SO CHINH PHU" and nobody sees the difference.
4. The hosts of an authority are those of its own entry and of all below it: a root names no host
   in its certificate, yet what it issued is asked about at addresses that it never mentions.
5. The file is checked as a whole when it is first used; a list that contradicts itself is our own
   fault and stops what needed it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from certs import certificates
from certs.targets import normalise_host

_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[0-9a-f]{40}")
_ID = re.compile(r"[a-z0-9-]{1,40}")


class Branch(StrEnum):
    """Whose authority it is (Luật GDĐT 2023, Điều 22: công vụ, and công cộng)."""

    STATE = "state"
    PARTY = "party"
    PUBLIC = "public"


class Role(StrEnum):
    """Where it stands in its hierarchy."""

    ROOT = "root"
    ISSUING = "issuing"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAuthority:
    """One authority; `None` where we do not know (rule 5 of the file)."""

    id: str
    name: str
    """For people, Vietnamese."""
    branch: Branch
    role: Role
    issuer: str | None
    """Id of the authority above it; `None` for a root."""
    subject: str | None
    """RFC 4514."""
    not_before: datetime | None
    not_after: datetime | None
    signed_with: str | None
    """Digest of the signature on it."""
    sha256: str
    """Fingerprint, lower-case hex."""
    key_identifier: str | None
    """Subject key identifier, lower-case hex."""
    sources: tuple[str, ...]
    """Places where the fingerprint was seen, independent of each other."""
    urls: tuple[str, ...]
    """CRLs, OCSP responders, issuers' certificates and time-stamping services."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAuthorities:
    """The list."""

    dated: date
    authorities: tuple[KnownAuthority, ...]

    def by_fingerprint(self, sha256: str) -> KnownAuthority | None:
        """Return the authority whose certificate has this fingerprint."""
        return next((a for a in self.authorities if a.sha256 == sha256), None)

    def by_name(self, common_name: str) -> tuple[KnownAuthority, ...]:
        """Return the authorities that a person would read as `common_name` (rule 3)."""
        wanted = _folded(common_name)
        return tuple(a for a in self.authorities if a.subject and _named(a.subject) == wanted)

    def hosts(self, authority: KnownAuthority) -> frozenset[str]:
        """Return the hosts of `authority` and of all below it (rule 4)."""
        return frozenset(
            normalise_host(urlsplit(url).hostname or "")
            for each in self._below(authority)
            for url in each.urls
        )

    def _below(self, authority: KnownAuthority) -> Iterator[KnownAuthority]:
        yield authority
        for each in self.authorities:
            if each.issuer == authority.id:
                yield from self._below(each)


class Likeness(StrEnum):
    """What the list says about a certificate."""

    LISTED = "listed"
    SAME_NAME = "same-name"
    """Rule 3: somebody else's certificate, or a generation that we have not met."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A certificate beside the list."""

    likeness: Likeness
    authorities: tuple[KnownAuthority, ...]
    """The listed one; those of the same name; none."""
    same_key: bool
    """Whether it claims the key that one of those entries names. A claim: anybody can copy it."""


def compare(certificate: x509.Certificate) -> Comparison:
    """Return what the list says about `certificate`."""
    listed = known()
    key = certificates.key_identifier(certificate)
    found = listed.by_fingerprint(certificates.fingerprint(certificate))
    entries = (found,) if found else listed.by_name(certificates.common_name(certificate))
    unlisted = Likeness.SAME_NAME if entries else Likeness.UNKNOWN
    return Comparison(
        likeness=Likeness.LISTED if found else unlisted,
        authorities=entries,
        same_key=key is not None and any(e.key_identifier == key.hex() for e in entries),
    )


@cache
def known() -> KnownAuthorities:
    """Return the list that we keep; raise `ValueError` if it is no sound one (rule 5)."""
    import tomllib  # 10 ms that a command without anchors need not pay

    text = (Path(__file__).parent / "data" / "vietnam.toml").read_text(encoding="utf-8")
    return read(tomllib.loads(text))


def read(content: Mapping[str, Any]) -> KnownAuthorities:
    """Return the list in `content`; raise `ValueError` naming what is wrong with it."""
    dated = content.get("dated")
    if not isinstance(dated, date):
        raise ValueError("the list has no date")  # noqa: TRY004 - whatever it holds, it is the file
    listed = KnownAuthorities(
        dated=dated, authorities=tuple(_authority(entry) for entry in content["authority"])
    )
    ids = [a.id for a in listed.authorities]
    if len(set(ids)) != len(ids):
        raise ValueError("an id stands twice")
    if len({a.sha256 for a in listed.authorities}) != len(ids):
        raise ValueError("a fingerprint stands twice")
    seen: set[str | None] = {None}
    for a in listed.authorities:
        # Above before below: then nobody is his own issuer's issuer, and rule 4 ends.
        if a.issuer not in seen or (a.issuer is None) != (a.role is Role.ROOT):
            raise ValueError(f"{a.id}: its issuer does not stand above it")
        seen.add(a.id)
    return listed


def _authority(entry: Mapping[str, Any]) -> KnownAuthority:
    left = dict(entry)
    take = left.pop
    try:
        urls = [u for kind in ("crls", "ocsp", "certificates", "tsa") for u in take(kind, ())]
        found = KnownAuthority(
            id=take("id"),
            name=take("name"),
            branch=Branch(take("branch")),
            role=Role(take("role")),
            issuer=take("issuer", None),
            subject=take("subject", None),
            not_before=take("not_before", None),
            not_after=take("not_after", None),
            signed_with=take("signed_with", None),
            sha256=take("sha256"),
            key_identifier=take("key_identifier", None),
            sources=tuple(take("sources")),
            urls=tuple(dict.fromkeys(urls)),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise ValueError(f"{entry.get('id')}: {type(exc).__name__} {exc}") from exc
    for what, sound in {
        "id": _ID.fullmatch(found.id) is not None,
        "sha256": _SHA256.fullmatch(found.sha256) is not None,
        "key_identifier": not found.key_identifier or _KEY.fullmatch(found.key_identifier),
        "sources": bool(found.sources) and len(set(found.sources)) == len(found.sources),
        "dates": _in_order(found.not_before, found.not_after),
        "addresses": all(_is_named_host(url) for url in found.urls),
        "subject": not found.subject or bool(_named(found.subject)),
        "unknown field": not left,
    }.items():
        if not sound:
            raise ValueError(f"{found.id}: {what}")
    return found


def _in_order(start: datetime | None, end: datetime | None) -> bool:
    if start is None or end is None:
        return start is end
    return start.tzinfo is not None and end.tzinfo is not None and start < end


def _is_named_host(url: str) -> bool:
    parts = urlsplit(url)
    host = normalise_host(parts.hostname or "")
    # A number in the list would open an address that no name server answers for.
    return parts.scheme in ("http", "https") and parts.port is None and host[-1:].isalpha()


def _named(subject: str) -> str:
    """Return the folded common name of an RFC 4514 name."""
    names = x509.Name.from_rfc4514_string(subject).get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return _folded(str(names[-1].value)) if names else ""


def _folded(name: str) -> str:
    """Return `name` as people read it (rule 3)."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("đ", "d"))
    return re.sub(r"[\W_]+", "", "".join(c for c in plain if not unicodedata.combining(c)))
