"""The Indication of each signature by ETSI EN 319 102-1, through pyHanko's building blocks.

The order is the standard's (clauses 5.3 to 5.6), the parts are pyHanko's `ades_*`; how they are
put together is ours, for the reasons in docs/adr/ (design.md D2).

1. Format and integrity have been judged (`integrity.py`). Without a signer certificate:
   NO_SIGNING_CERTIFICATE_FOUND. A PAdES signature (`ETSI.CAdES.detached`) that does not bind its
   certificate (signing-certificate attribute): SIG_CONSTRAINTS_FAILURE.
2. Document time-stamps are judged from the newest to the oldest (clause 5.6.3): the newest as of
   the validation time, each older one as of the time that the next newer valid one proves. A valid
   one proves that all earlier revisions existed: their signatures, tokens and validation data.
   Knowledge from outside (the archive's log) does the same for the whole file.
3. Signature time-stamps are judged as of the time that is proven for them, else as of the
   validation time (clause 5.4). A valid one proves the signature's time. A time-stamp's own
   revocation evidence may be as old as the policy says. Extended key usage: critical, and
   time-stamping alone (RFC 3161 clause 2.3). One from the future proves nothing.
4. The signature is judged by basic validation (clause 5.3) as of the earliest proven time, else as
   of the validation time. Revocation evidence is required, never soft: it speaks until the issuer's
   next update. Evidence from after that time counts. A certificate revoked after the proven time
   was good then; one revoked before is REVOKED_NO_POE; one not yet valid at a proven time is
   NOT_YET_VALID; an expired one without proof is OUT_OF_BOUNDS_NO_POE.
5. Trust is per purpose: signers by the anchors for signers, time-stamps by those for TSAs.
6. Evidence is local: the file's, the CMS's, what was given. What is missing for a certificate with
   a path to an anchor is named (`needs`); the result is then TRY_LATER.
7. Where pyHanko cannot compute a signature that we verified ourselves (SHA-3, plain ECDSA, content
   inside a detached container), its path validation is used alone, with the same policy.
8. best_signature_time is `None` unless proven. The claimed time is never used to judge.
9. Every fault inside, RecursionError included, ends that signature as INDETERMINATE / GENERIC;
   the others are judged all the same.
10. Level (EN 319 142-1): what is present and holds, whether or not we trust who made it (that is
    the indication's business). B-B: intact PAdES with its certificate bound. B-T: a time-stamp over
    it holds. B-LT: and the file alone carries certificates and revocation evidence for its whole
    path and its time-stamp's. B-LTA: and a document time-stamp that holds covers that.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import cms as acms
from asn1crypto import x509
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed, AdESSubIndic
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.ades import ades_basic_validation, ades_timestamp_validation
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
    bootstrap_validation_data_handlers,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.fetchers import FetcherBackend
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy, FreshnessReqType
from pyhanko_certvalidator.registry import PathBuilder, SimpleTrustManager

from certs.model import RevocationNeed, TrustPurpose
from signer.validation import loop
from signer.validation.cms import Container, tst_info
from signer.validation.evidence import Evidence, has_evidence, need_for, timing
from signer.validation.integrity import Checked, digest_of, token_holds
from signer.validation.job import ValidationRequest
from signer.validation.policy import POLICY, DatedAlgorithms
from signer.validation.report import Indication, Integrity, Level, SignatureKind

log = logging.getLogger(__name__)

_FAULTS = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, AssertionError,
           NotImplementedError, RuntimeError, ArithmeticError, LookupError, SignatureValidationError)  # fmt: skip
"""What pyHanko, certvalidator and asn1crypto let through over odd input. RuntimeError contains
RecursionError; MemoryError is not here: it ends the child, and the parent says `file.limit`."""


@dataclass(slots=True)
class Subject:
    """One signature as the procedure needs it."""

    name: str
    kind: SignatureKind
    sub_filter: str | None
    checked: Checked
    revision: int | None
    ranges: Sequence[memoryview]
    """The signed bytes, for imprints of document time-stamps."""


@dataclass(slots=True)
class Outcome:
    """What the procedure found for one signature."""

    indication: Indication = Indication.INDETERMINATE
    sub_indication: str | None = "GENERIC"
    detail: str = ""
    best_signature_time: datetime | None = None
    level: Level | None = None
    timestamp_problem: str | None = None
    legacy: str | None = None
    needs: list[RevocationNeed] = field(default_factory=list)


@dataclass(slots=True)
class _Stamp:
    """A validated token: its time, or why it proves nothing."""

    at: datetime | None = None
    problem: AdESSubIndic | None = None
    path: list[x509.Certificate] | None = None
    needs: list[RevocationNeed] = field(default_factory=list)


class _NoFetching(FetcherBackend):
    """Given to pyHanko so that it makes none of its own; LOCAL_ONLY never asks it for anything."""


def judge_signatures(
    subjects: Sequence[Subject], evidence: Evidence, embedded: Evidence, request: ValidationRequest
) -> list[Outcome]:
    """Return one outcome per subject, in the same order.

    `evidence` is all that is at hand, `embedded` the part of it that the file carries.
    """
    return _Procedure(subjects, evidence, embedded, request).run()


class _Procedure:
    def __init__(
        self,
        subjects: Sequence[Subject],
        evidence: Evidence,
        embedded: Evidence,
        request: ValidationRequest,
    ) -> None:
        self.subjects = subjects
        self.evidence = evidence
        self.embedded = embedded
        self.at = request.at
        self.known = [k.at for k in request.known]
        self.algorithms = DatedAlgorithms(POLICY, request.at)
        self.signer_policy = CertRevTrustPolicy(
            REQUIRE_REVINFO, freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION
        )
        self.stamp_policy = CertRevTrustPolicy(
            REQUIRE_REVINFO,
            freshness=POLICY.timestamp_evidence,
            freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
        )
        self.signers = _anchors(request.trust.for_purpose(TrustPurpose.SIGNER))
        self.authorities = _anchors(request.trust.for_purpose(TrustPurpose.TSA))
        self.stamps: dict[int, _Stamp] = {}
        """Index of a document time-stamp → what it proves."""

    def run(self) -> list[Outcome]:
        self._document_stamps()
        return [self._guarded(i, s) for i, s in enumerate(self.subjects)]

    def _guarded(self, i: int, s: Subject) -> Outcome:
        try:
            return self._subject(i, s)
        except _FAULTS as e:
            log.info("validation of a signature ended early", exc_info=e)
            return Outcome(detail=type(e).__name__)

    # -- specifications -----------------------------------------------------------------------

    def _spec(
        self, anchors: Sequence[x509.Certificate], policy: CertRevTrustPolicy
    ) -> SignatureValidationSpec:
        certificates = CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(trust_roots=list(anchors)),
            revinfo_policy=policy,
            time_tolerance=POLICY.clock_skew,
            algorithm_usage_policy=self.algorithms,
        )
        return SignatureValidationSpec(
            cert_validation_policy=certificates,
            ts_cert_validation_policy=certificates,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                RevinfoOnlineFetchingRule.LOCAL_ONLY, fetcher_backend=_NoFetching()
            ),
            local_knowledge=LocalKnowledge(
                known_ocsps=list(self.evidence.ocsps),
                known_crls=list(self.evidence.crls),
                known_certs=list(self.evidence.certificates),
            ),
            key_usage_settings=POLICY.usage,
            signature_algorithm_policy=self.algorithms,
        )

    # -- time-stamps --------------------------------------------------------------------------

    def _document_stamps(self) -> None:
        """Judge the document time-stamps, newest first: rule 2."""
        order = [
            i
            for i, s in enumerate(self.subjects)
            if s.kind is SignatureKind.DOCUMENT_TIMESTAMP
            and s.checked.integrity is Integrity.INTACT
            and s.revision is not None
        ]
        for i in sorted(order, key=lambda i: self.subjects[i].revision or 0, reverse=True):
            s = self.subjects[i]
            assert s.checked.container is not None  # noqa: S101 intact tokens have one
            try:
                self.stamps[i] = self._token(
                    s.checked.container.signed_data,
                    lambda name, s=s: digest_of(name, s.ranges) or b"",
                    self._horizon(s.revision or 0),
                )
            except _FAULTS as e:
                log.info("a document time-stamp could not be judged", exc_info=e)
                self.stamps[i] = _Stamp(problem=AdESIndeterminate.GENERIC)

    def _proven(self, revision: int) -> datetime | None:
        """Return the time by which `revision` is proven to have existed, by later evidence."""
        times = [
            stamp.at
            for i, stamp in self.stamps.items()
            if stamp.at is not None and (self.subjects[i].revision or 0) > revision
        ]
        return min([*times, *(k for k in self.known if k <= self.at)], default=None)

    def _horizon(self, revision: int) -> datetime:
        return self._proven(revision) or self.at

    def _token(self, sd: acms.SignedData, imprint: Callable[[str], bytes], at: datetime) -> _Stamp:
        """Judge one token as of `at`: rule 3."""
        info = tst_info(sd)
        if info is None:
            return _Stamp(problem=AdESFailure.FORMAT_FAILURE)
        when: datetime = info["gen_time"].native
        if when > self.at + POLICY.clock_skew:
            return _Stamp(problem=AdESIndeterminate.TIMESTAMP_ORDER_FAILURE)
        if not self.authorities:
            return _Stamp(problem=AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND)
        if not POLICY.digest(
            str(info["message_imprint"]["hash_algorithm"]["algorithm"].native), at
        ).allowed:
            return _Stamp(problem=AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
        spec = self._spec(self.authorities, self.stamp_policy)
        result = loop.run(
            ades_timestamp_validation(sd, spec, imprint, timing_info=timing(at, past=at < self.at))
        )
        status = result.api_status
        path, needs = self._path(
            status.signing_cert if status else None, sd, spec, self.stamp_policy, at
        )
        sub: AdESSubIndic = result.ades_subindic
        if sub is AdESPassed.OK:
            if status is not None and not _stamps_only(status.signing_cert):
                return _Stamp(problem=AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE)
            return _Stamp(at=when, path=path)
        if needs and sub in _MISSING:
            sub = AdESIndeterminate.TRY_LATER
        return _Stamp(problem=sub, needs=needs)

    # -- one signature ------------------------------------------------------------------------

    def _subject(self, i: int, s: Subject) -> Outcome:
        if s.kind is SignatureKind.DOCUMENT_TIMESTAMP:
            return self._stamp_outcome(i, s)
        out = Outcome()
        c, certificate = s.checked.container, s.checked.certificate
        bound = c is not None and certificate is not None and _binds(c)
        if (
            s.checked.integrity is Integrity.INTACT
            and s.sub_filter == "ETSI.CAdES.detached"
            and bound
        ):
            out.level = Level.B_T if self._stamped(s, c) else Level.B_B
        if s.checked.sub_indication is not None:
            out.sub_indication = s.checked.sub_indication
            out.indication = (
                Indication.TOTAL_FAILED
                if s.checked.integrity is Integrity.ALTERED
                else Indication.INDETERMINATE
            )
            return out
        if certificate is None:
            return _end(out, AdESIndeterminate.NO_SIGNING_CERTIFICATE_FOUND)
        if s.sub_filter == "ETSI.CAdES.detached" and not bound:
            return _end(out, AdESIndeterminate.SIG_CONSTRAINTS_FAILURE, "signing-certificate")
        proven = self._proven(s.revision) if s.revision is not None else None
        stamp = self._signature_stamp(c, proven or self.at, out) if c is not None else None
        times = [t for t in (proven, stamp.at if stamp else None) if t is not None]
        out.best_signature_time = min(times, default=None)
        at = out.best_signature_time or self.at
        if not self.signers:
            return _end(out, AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND)
        sub, path = self._basic(s, certificate, c, at, out)
        if (
            sub is AdESIndeterminate.OUT_OF_BOUNDS_NO_POE
            and out.best_signature_time is not None
            and certificate.not_valid_before > out.best_signature_time
        ):
            sub = AdESFailure.NOT_YET_VALID
        if sub is not AdESPassed.OK:
            return _end(out, sub, out.detail)
        out.indication, out.sub_indication = Indication.TOTAL_PASSED, None
        out.legacy = _legacy(s, certificate, at)
        if out.level is Level.B_T:
            out.level = self._level(s, path, stamp, at)
        return out

    def _stamped(self, s: Subject, c: Container | None) -> bool:
        """Whether some time-stamp over this signature holds."""
        value = c.info["signature"].native if c else b""
        return any(token_holds(t, value) for t in (c.tokens() if c else ())) or self._covered(s)

    def _covered(self, s: Subject) -> bool:
        """Whether a document time-stamp that holds came after."""
        return s.revision is not None and any(
            x.kind is SignatureKind.DOCUMENT_TIMESTAMP
            and x.checked.integrity is Integrity.INTACT
            and (x.revision or 0) > s.revision
            for x in self.subjects
        )

    def _stamp_outcome(self, i: int, s: Subject) -> Outcome:
        stamp = self.stamps.get(i)
        out = Outcome(best_signature_time=stamp.at if stamp else None)
        if stamp is None:
            failed = s.checked.integrity is Integrity.ALTERED
            out.sub_indication = s.checked.sub_indication or "FORMAT_FAILURE"
            out.indication = Indication.TOTAL_FAILED if failed else Indication.INDETERMINATE
        elif stamp.problem is not None:
            out.needs = stamp.needs
            return _end(out, stamp.problem)
        else:
            out.indication, out.sub_indication = Indication.TOTAL_PASSED, None
        return out

    def _signature_stamp(self, c: Container, at: datetime, out: Outcome) -> _Stamp | None:
        """Return the best of the signature time-stamps; note why when none holds."""
        best: _Stamp | None = None
        for sd in c.timestamps():
            try:
                stamp = self._token(sd, generic_cms.message_imprint_checker(c.info), at)
            except _FAULTS as e:
                log.info("a signature time-stamp could not be judged", exc_info=e)
                stamp = _Stamp(problem=AdESIndeterminate.GENERIC)
            if (
                stamp.at is not None and (best is None or best.at is None or stamp.at < best.at)
            ) or best is None:
                best = stamp
        if best is not None and best.problem is not None:
            out.timestamp_problem = best.problem.standard_name
            out.needs += best.needs
        return best

    def _basic(
        self,
        s: Subject,
        certificate: x509.Certificate,
        c: Container | None,
        at: datetime,
        out: Outcome,
    ) -> tuple[AdESSubIndic, list[x509.Certificate] | None]:
        """Run basic validation as of `at`: rules 4, 6 and 7."""
        spec = self._spec(self.signers, self.signer_policy)
        info = timing(at, past=at < self.at)
        sub: AdESSubIndic = AdESIndeterminate.GENERIC
        alone = c is None or s.checked.tolerated or _ours_alone(c)
        if c is not None and not alone:
            result = loop.run(
                ades_basic_validation(
                    c.signed_data,
                    spec,
                    timing_info=info,
                    raw_digest=s.checked.digest if c.content is None else None,
                )
            )
            sub, out.detail = result.ades_subindic, result.failure_msg or ""
            alone = isinstance(sub, AdESFailure)  # we verified it ourselves
            if sub is AdESIndeterminate.NO_SIGNING_CERTIFICATE_FOUND and not c.certificates:
                alone = True  # its certificate came from the DSS
        if alone:
            sub = self._path_alone(certificate, c, spec, at)
        path, needs = self._path(
            certificate, c.signed_data if c else None, spec, self.signer_policy, at
        )
        if sub is not AdESPassed.OK and needs and sub in _MISSING:
            sub = AdESIndeterminate.TRY_LATER
            out.needs += needs
        return sub, path

    def _path_alone(
        self,
        certificate: x509.Certificate,
        c: Container | None,
        spec: SignatureValidationSpec,
        at: datetime,
    ) -> AdESSubIndic:
        """Validate path, usage and algorithms without pyHanko's own look at the value: rule 7."""
        if c is not None:
            ruling = self.algorithms.signature_algorithm_allowed(
                c.info["signature_algorithm"], at, certificate.public_key
            )
            digest = POLICY.digest(c.digest_algorithm, at)
            if not ruling.allowed or not digest.allowed:
                known_end = ruling.not_allowed_after or digest.until
                return (
                    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
                    if known_end
                    else AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE
                )
        info = timing(at, past=at < self.at)
        handlers = bootstrap_validation_data_handlers(spec, timing_info=info)
        if c is not None:
            handlers.cert_registry.register_multiple(c.certificates)
        context = spec.cert_validation_policy.build_validation_context(
            timing_info=info, handlers=handlers
        )

        async def usage() -> AdESSubIndic | None:
            result = await generic_cms.validate_cert_usage(
                certificate,
                context,
                key_usage_settings=POLICY.usage,
                paths=context.path_builder.async_build_paths_lazy(certificate),
            )
            return result.error_subindic

        return loop.run(usage()) or AdESPassed.OK

    def _path(
        self,
        certificate: x509.Certificate | None,
        sd: acms.SignedData | None,
        spec: SignatureValidationSpec,
        policy: CertRevTrustPolicy,
        at: datetime,
    ) -> tuple[list[x509.Certificate] | None, list[RevocationNeed]]:
        """Return a path (leaf first, anchor last) and what evidence is missing along it."""
        if certificate is None:
            return None, []
        handlers = bootstrap_validation_data_handlers(spec, timing_info=timing(at, past=True))
        if sd is not None:
            listed = sd["certificates"]
            for choice in listed if isinstance(listed, acms.CertificateSet) else ():
                if choice.name == "certificate":
                    handlers.cert_registry.register(choice.chosen)
        builder = PathBuilder(
            trust_manager=spec.cert_validation_policy.trust_manager, registry=handlers.cert_registry
        )

        async def first() -> ValidationPath | None:
            paths = builder.async_build_paths_lazy(certificate)
            try:
                async for path in paths:
                    return path
            finally:
                await paths.cancel()
            return None

        try:
            found = loop.run(first())
        except _FAULTS:
            return None, []
        if found is None:
            return None, []
        path = list(reversed([*found.iter_certs(include_root=True)]))
        needs = [
            need_for(a, b)
            for a, b in zip(path, path[1:], strict=False)
            if not has_evidence(self.evidence, a, b, policy, at)
        ]
        return path, needs

    def _level(
        self, s: Subject, path: list[x509.Certificate] | None, stamp: _Stamp | None, at: datetime
    ) -> Level:
        """Return how far the file itself goes: rule 10."""
        carried = {c.sha256 for c in self.embedded.certificates}
        if path is None or not all(
            has_evidence(self.embedded, a, b, self.signer_policy, at) and a.sha256 in carried
            for a, b in zip(path, path[1:], strict=False)
        ):
            return Level.B_T
        if (
            stamp is not None
            and stamp.path is not None
            and not all(
                has_evidence(self.embedded, a, b, self.stamp_policy, self.at)
                for a, b in zip(stamp.path, stamp.path[1:], strict=False)
            )
        ):
            return Level.B_T
        return Level.B_LTA if self._covered(s) else Level.B_LT


_MISSING = {
    AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    AdESIndeterminate.TRY_LATER,
    AdESIndeterminate.NO_POE,
    AdESIndeterminate.REVOCATION_OUT_OF_BOUNDS_NO_POE,
}


def _end(out: Outcome, sub: AdESSubIndic, detail: str = "") -> Outcome:
    out.sub_indication = sub.standard_name
    out.indication = (
        Indication.TOTAL_FAILED if isinstance(sub, AdESFailure) else Indication.INDETERMINATE
    )
    out.detail = detail
    return out


def _anchors(ders: Sequence[bytes]) -> list[x509.Certificate]:
    out = []
    for der in ders:
        try:
            out.append(x509.Certificate.load(der, strict=True))
        except ValueError:
            continue
    return out


def _binds(c: Container) -> bool:
    return "signing_certificate_v2" in c.attributes or "signing_certificate" in c.attributes


def _ours_alone(c: Container) -> bool:
    """Whether the signature algorithm is one that pyHanko has no verifier for."""
    try:
        name = str(c.info["signature_algorithm"]["algorithm"].native)
    except _FAULTS:
        return True
    return name[:1].isdigit() or "sha3" in name or c.digest_algorithm.startswith("sha3")


def _stamps_only(certificate: x509.Certificate) -> bool:
    """Whether the extended key usage is critical and time-stamping alone: RFC 3161 clause 2.3."""
    for extension in certificate["tbs_certificate"]["extensions"]:
        if extension["extn_id"].native == "extended_key_usage":
            return bool(extension["critical"].native) and extension["extn_value"].parsed.native == [
                "time_stamping"
            ]
    return False


def _legacy(s: Subject, certificate: x509.Certificate, at: datetime) -> str | None:
    """Return the day from which the signature's own algorithm is no longer allowed, if known."""
    c = s.checked.container
    if c is None:
        return None
    from signer.validation.policy import key_bits
    from signer.validation.primitives import family_of

    family, bits = family_of(c.info["signature_algorithm"]), key_bits(certificate.public_key)
    ruling = POLICY.key(family, bits, at) if family and bits else None
    return (
        f"{family} {bits}, {ruling.until:%d/%m/%Y}"
        if ruling and ruling.legacy and ruling.until
        else None
    )
