"""Time-stamps from one or several authorities (`certs.model.TimestampSource`).

1. Authorities are asked in their configured order, each at most once per time-stamp; the first
   token that passes `certs.tokens` is used.
2. The request carries a fresh random nonce and asks for the certificate.
3. An authority that does not answer, or whose token does not hold up, is logged and passed over;
   when none is left, the document stays unsigned and the caller is told who was tried. There is
   never a silent fall to a lower level.
4. The answer's media type must be RFC 3161's, its size at most 64 KiB (tokens have 2-6 KB).
"""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asn1crypto import tsp

from certs import certificates
from certs.errors import (
    FetchFailedError,
    FetchRefusedError,
    TimestampRejectedError,
    TimestampUnavailableError,
)
from certs.model import Clock, Fetcher, FetchRequest, TimestampToken, TrustPurpose, TrustStore
from certs.tokens import Expected, TokenRejectedError, check_response

MAX_ANSWER = 64 << 10
LENGTHS = {"sha256": 32, "sha384": 48, "sha512": 64}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampAuthority:
    """One configured authority."""

    name: str
    """As people know it; stands in reports and errors."""
    url: str
    chain: tuple[bytes, ...] = ()
    """DER; the TSA's certificate first, root last, as far as known. Helps, is not trust."""
    policy: str | None = None
    """Dotted OID that tokens must name; `None` takes any."""
    timeout: float = 10.0
    """Seconds for one request."""


class HttpTimestampSource:
    """Asks authorities over the guarded fetcher. Thread-safe."""

    def __init__(
        self,
        authorities: Sequence[TimestampAuthority],
        fetcher: Fetcher,
        clock: Clock,
        trust: Callable[[], TrustStore],
    ) -> None:
        """`trust` is asked at each time-stamp; its TSA anchors decide who is believed."""
        self._authorities = tuple(authorities)
        self._fetcher = fetcher
        self._clock = clock
        self._trust = trust

    def stamp(self, digest: bytes, digest_algorithm: str) -> TimestampToken:
        """See `certs.model.TimestampSource`."""
        if LENGTHS.get(digest_algorithm) != len(digest):
            raise ValueError(f"{len(digest)} bytes are no {digest_algorithm} digest")
        failure: Exception | None = None
        for authority in self._authorities:
            try:
                return self._ask(authority, digest, digest_algorithm)
            except (FetchFailedError, FetchRefusedError, TimestampRejectedError) as exc:
                _log.warning("no time-stamp from %s: %s", authority.name, exc.en)
                failure = exc
        raise TimestampUnavailableError(tuple(a.name for a in self._authorities)) from failure

    def chains(self) -> Sequence[tuple[bytes, ...]]:
        """See `certs.model.TimestampSource`."""
        return tuple(a.chain for a in self._authorities if a.chain)

    def _ask(
        self, authority: TimestampAuthority, digest: bytes, digest_algorithm: str
    ) -> TimestampToken:
        nonce = secrets.randbits(63) | 1 << 62
        body = self._fetcher.fetch(
            FetchRequest(
                url=authority.url,
                method="POST",
                body=_request(digest, digest_algorithm, nonce, authority.policy),
                content_type="application/timestamp-query",
                accept="application/timestamp-reply",
                max_bytes=MAX_ANSWER,
                timeout=authority.timeout,
            )
        )
        trust = self._trust()
        try:
            checked = check_response(
                body,
                Expected(
                    digest=digest,
                    digest_algorithm=digest_algorithm,
                    nonce=nonce,
                    policy=authority.policy,
                    anchors=[certificates.load(d) for d in trust.for_purpose(TrustPurpose.TSA)],
                    helpers=[certificates.load(d) for d in (*authority.chain, *trust.helpers)],
                    now=self._clock.now(),
                ),
            )
        except TokenRejectedError as exc:
            raise TimestampRejectedError(authority.name, str(exc)) from exc
        path = tuple(certificates.der(c) for c in checked.path)
        return TimestampToken(
            token=checked.der,
            gen_time=checked.gen_time,
            authority=authority.name,
            certificates=tuple(dict.fromkeys((*path, *authority.chain[len(path) :]))),
        )


def _request(digest: bytes, digest_algorithm: str, nonce: int, policy: str | None) -> bytes:
    fields = {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": digest_algorithm},
            "hashed_message": digest,
        },
        "nonce": nonce,
        "cert_req": True,
    }
    if policy is not None:
        fields["req_policy"] = policy
    body: bytes = tsp.TimeStampReq(fields).dump()
    return body
