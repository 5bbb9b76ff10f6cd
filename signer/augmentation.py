"""Adds what keeps a signature verifiable: validation data and a document time-stamp (B-LTA).

1. Fresh validation data and the time-stamp over them go into one revision (EN 319 142-1 clause
   6.3, table 1, "document time-stamp"; design.md D5): never an unsigned last update.
2. One request per time-stamp. The room for a token is computed from the authority's certificates,
   not by asking for a token that is thrown away.
3. Missing data are not an error here: the validator decides what the result is worth.
"""

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from certs.model import RevocationMaterial, RevocationSource, TimestampSource, TimestampToken
from signer.gap import fill, sealed_digest
from signer.prepare import PREPARE_TIMESTAMP, SigningToken, TimestampRequest
from signer.sandbox import Sandbox

TOKEN_FRAME = 2048
"""Bytes of a token besides its certificates: TSTInfo, attributes, a signature of RSA-4096."""
TOKEN_UNKNOWN = 12 << 10
"""Bytes reserved where the authority's certificates are not known; the Government's take 5 KiB."""
STAMP_DIGEST = "sha256"
"""TS 119 312: what every authority supports and none has to give up soon."""


class Stamping:
    """A source of time-stamps that remembers who stamped. Thread-safe.

    B-LT carries evidence about the authority's certificates, gathered before its token is there.
    Where the configuration does not name them they are learnt from tokens.
    """

    def __init__(self, source: TimestampSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._learnt: dict[tuple[bytes, ...], None] = {}

    def stamp(self, digest: bytes) -> TimestampToken:
        """Return a token over `digest` (of `STAMP_DIGEST`); one request per authority tried."""
        token = self._source.stamp(digest, STAMP_DIGEST)
        if token.certificates:
            with self._lock:
                self._learnt[token.certificates] = None
        return token

    def chains(self) -> tuple[tuple[bytes, ...], ...]:
        """Return the chains of the authorities, configured or learnt."""
        with self._lock:
            learnt = tuple(self._learnt)
        return tuple(dict.fromkeys((*self._source.chains(), *learnt)))

    def known_chains(self) -> tuple[tuple[bytes, ...], ...]:
        """Return the chains; asks for one token, once, where none is known yet."""
        if not self.chains():
            self.stamp(hashlib.new(STAMP_DIGEST).digest())
        return self.chains()

    def room(self) -> int:
        """Return how many bytes to leave for a token of any of the authorities."""
        sizes = [sum(map(len, chain)) + TOKEN_FRAME for chain in self.chains()]
        return max(sizes, default=TOKEN_UNKNOWN)


class Augmenter:
    """Extends signed PDFs. Thread-safe."""

    def __init__(
        self, *, sandbox: Sandbox, stamping: Stamping, revocation: RevocationSource
    ) -> None:
        self._sandbox = sandbox
        self._stamping = stamping
        self._revocation = revocation

    def extend(
        self, source: Path, output: BinaryIO, chains: Sequence[Sequence[bytes]]
    ) -> SigningToken:
        """Write `source` with validation data for `chains` and a document time-stamp.

        Raises:
            TimestampUnavailableError: no authority gave a usable token.
            WouldBreakError: a signature permits no further change.
            SignerError: the sandbox, a limit.

        """
        evidence = gather(self._revocation, [*chains, *self._stamping.known_chains()])
        request = TimestampRequest(
            digest_algorithm=STAMP_DIGEST,
            contents_size=self._stamping.room(),
            security_store=evidence,
        )
        token = self._sandbox.run(PREPARE_TIMESTAMP, request, pdf=source, output=output)
        digest = sealed_digest(output, source, token)
        fill(output, token, self._stamping.stamp(digest).token)
        return token


def gather(revocation: RevocationSource, chains: Sequence[Sequence[bytes]]) -> RevocationMaterial:
    """Return revocation evidence for every chain, and the certificates of the chains."""
    found = RevocationMaterial()
    for chain in chains:
        found |= revocation.gather_for_chain(chain)
        found |= RevocationMaterial(certificates=tuple(chain))
    return found
