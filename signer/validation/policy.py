"""The dated policy: which algorithms, keys, usages and how fresh evidence, at which time.

1. Everything that changes with the years is data (`signer/data/algorithms.toml`, with its source);
   it is loaded and checked at import, and its digest is cited in every report.
2. An algorithm is judged at the time that is proven for what it protects: SHA-1 in 2010 was good,
   SHA-1 proven only now is not. Until its `end` day an algorithm is allowed, `legacy` ones with a
   dated note.
3. What the file does not name is not allowed.
"""

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from asn1crypto import algos, keys, x509
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint

from signer.validation.policy_digest import ALGORITHMS
from signer.validation.primitives import family_of, hash_of


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the policy says of one algorithm or key at one time."""

    allowed: bool
    until: datetime | None = None
    """The day it ends or ended; `None`: no end in sight, or never allowed."""
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    bits: int
    end: datetime | None
    legacy: bool


def _end(row: dict[str, Any]) -> datetime | None:
    day = row.get("end")
    return datetime.combine(day, time.max, UTC) if isinstance(day, date) else None


@dataclass(frozen=True, slots=True)
class Policy:
    """The loaded policy."""

    digests: dict[str, _Row]
    keys: dict[str, tuple[_Row, ...]]
    key_usage: frozenset[str]
    extended_key_usage: frozenset[str]
    timestamp_evidence: timedelta
    clock_skew: timedelta
    local_as_utc: timedelta
    local_as_utc_tolerance: timedelta

    @classmethod
    def load(cls, text: str) -> "Policy":
        """Read the policy from TOML.

        Raises:
            ValueError, KeyError: the data is not as it must be; we do not start with half a policy.

        """
        data = tomllib.loads(text)
        digests = {k: _Row(0, _end(v), bool(v.get("legacy"))) for k, v in data["digests"].items()}
        rows = {
            k: tuple(_Row(int(r["bits"]), _end(r), bool(r.get("legacy"))) for r in v)
            for k, v in data["keys"].items()
        }
        for name, listed in rows.items():
            if [r.bits for r in listed] != sorted((r.bits for r in listed), reverse=True):
                raise ValueError(f"{name}: rows must go from the largest key down")
        usages = {x509.KeyPurposeId(o).native for o in data["certificates"]["extended_key_usage"]}
        evidence = data["evidence"]
        return cls(
            digests,
            rows,
            frozenset(data["certificates"]["key_usage"]),
            frozenset(usages),
            timedelta(days=evidence["timestamp_evidence_days"]),
            timedelta(seconds=evidence["clock_skew_seconds"]),
            timedelta(hours=evidence["local_as_utc_hours"]),
            timedelta(seconds=evidence["local_as_utc_tolerance_seconds"]),
        )

    def digest(self, name: str, at: datetime) -> Ruling:
        """Judge a digest algorithm, by its asn1crypto name."""
        row = self.digests.get("shake256" if name == "shake256_len" else name)
        return Ruling(allowed=False) if row is None else _rule(row, at)

    def key(self, family: str, bits: int, at: datetime) -> Ruling:
        """Judge a key of `family` (`rsassa_pkcs1v15`, `ecdsa`, …) and size."""
        row = next((r for r in self.keys.get(family, ()) if bits >= r.bits), None)
        return Ruling(allowed=False) if row is None else _rule(row, at)

    @property
    def usage(self) -> KeyUsageConstraints:
        """What a signer's certificate must allow."""
        return KeyUsageConstraints(
            key_usage=set(self.key_usage),
            extd_key_usage=set(self.extended_key_usage),
            explicit_extd_key_usage_required=False,
        )


def _rule(row: _Row, at: datetime) -> Ruling:
    return Ruling(row.end is None or at <= row.end, row.end, row.legacy)


POLICY = Policy.load(ALGORITHMS.read_text(encoding="utf-8"))


class DatedAlgorithms(CMSAlgorithmUsagePolicy):
    """The policy as pyHanko and certvalidator ask for it."""

    def __init__(self, policy: Policy, now: datetime) -> None:
        self._policy = policy
        self._now = now

    def digest_algorithm_allowed(
        self, algo: algos.DigestAlgorithm, moment: datetime | None
    ) -> AlgorithmUsageConstraint:
        """Judge a digest at `moment`."""
        name = str(algo["algorithm"].native)
        return _constraint(self._policy.digest(name, moment or self._now), name)

    def signature_algorithm_allowed(
        self,
        algo: algos.SignedDigestAlgorithm,
        moment: datetime | None,
        public_key: keys.PublicKeyInfo | None,
    ) -> AlgorithmUsageConstraint:
        """Judge digest and key of a signature at `moment`."""
        at = moment or self._now
        family = family_of(algo)
        if family in ("ed25519", "ed448"):
            digest = Ruling(allowed=True)
        else:
            name = hash_of(algo, "")
            digest = self._policy.digest(name, at) if name else Ruling(allowed=True)
        if not digest.allowed:
            return _constraint(digest, f"{algo['algorithm'].native}")
        bits = None if public_key is None else key_bits(public_key)
        if family is None or (public_key is not None and bits is None):
            return _constraint(Ruling(allowed=False), str(algo["algorithm"].native))
        if bits is None:
            return _constraint(digest, "")
        return _constraint(self._policy.key(family, bits, at), f"{family} {bits}")


def key_bits(public_key: keys.PublicKeyInfo) -> int | None:
    """Return the size of a key in bits; `None` where it makes no sense (a negative modulus)."""
    try:
        if public_key.algorithm in ("ed25519", "ed448"):
            return 255 if public_key.algorithm == "ed25519" else 448
        return int(public_key.bit_size)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError):
        return None


def _constraint(ruling: Ruling, what: str) -> AlgorithmUsageConstraint:
    if ruling.allowed:
        return AlgorithmUsageConstraint(allowed=True)
    return AlgorithmUsageConstraint(
        allowed=False, not_allowed_after=ruling.until, failure_reason=what
    )
