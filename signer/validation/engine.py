"""pyHanko's and certvalidator's building blocks, set up with our policy and no way out.

1. Everything is local: LOCAL_ONLY, and a fetcher backend that fetches nothing.
2. Revocation evidence is required for every certificate but the anchor (never soft-fail). A
   signer's speaks until the issuer's own next update, a time-stamp's as long as the policy says;
   evidence issued after the moment in question always speaks.
3. Algorithms and keys are judged by the dated policy, at the moment in question.
4. A path is looked for even where validation failed, to name what evidence it lacks.
   Where the only answer is by a responder that has expired: REVOCATION_OUT_OF_BOUNDS_NO_POE.
5. The CRL of an anchor that is not self-signed is read here: certvalidator finds no path for it.
6. certvalidator asks nothing of a certificate that is itself an anchor. One that signs documents
   must be made for it and valid, like any other.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from asn1crypto import cms as acms
from asn1crypto import x509
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed, AdESSubIndic
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.ades import ades_basic_validation, ades_timestamp_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
    bootstrap_validation_data_handlers,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.errors import InvalidCertificateError, PathError
from pyhanko_certvalidator.fetchers import FetcherBackend
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    FreshnessReqType,
    NonRevokedStatusAssertion,
)
from pyhanko_certvalidator.registry import PathBuilder, SimpleTrustManager

from certs.model import RevocationNeed
from signer.validation import loop
from signer.validation.cms import Container, certificates_of, find_signer
from signer.validation.evidence import (
    Evidence,
    direct_answer,
    has_evidence,
    issued,
    need_for,
    outlived,
    timing,
)
from signer.validation.policy import POLICY, DatedAlgorithms

for _noisy in ("pyhanko", "pyhanko_certvalidator"):
    # They log, with tracebacks, what we report as values; this module is imported in the sandbox's
    # child and in tests alone.
    logging.getLogger(_noisy).setLevel(logging.CRITICAL)

MISSING = {
    AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    AdESIndeterminate.TRY_LATER,
    AdESIndeterminate.NO_POE,
    AdESIndeterminate.REVOCATION_OUT_OF_BOUNDS_NO_POE,
}
"""What pyHanko may call missing evidence; with a path whose evidence is missing it is TRY_LATER."""


class _NoFetching(FetcherBackend):
    """Given to pyHanko so that it makes none of its own; LOCAL_ONLY never asks it for anything."""


@dataclass(slots=True)
class Answer:
    """What came out for one certificate or signature."""

    sub: AdESSubIndic
    detail: str = ""
    certificate: x509.Certificate | None = None
    path: list[x509.Certificate] | None = None
    """Leaf first, anchor last."""
    needs: list[RevocationNeed] = field(default_factory=list)


class Engine:
    """Judges one token or signature at a time against one set of anchors."""

    def __init__(
        self, anchors: Sequence[bytes], evidence: Evidence, at: datetime, *, stamps: bool
    ) -> None:
        self._evidence = evidence
        self._now = at
        self._stamps = stamps
        self._algorithms = DatedAlgorithms(POLICY, at)
        self.policy = CertRevTrustPolicy(
            REQUIRE_REVINFO,
            freshness=POLICY.timestamp_evidence if stamps else None,
            freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
        )
        self._trusted = trusted = _certificates(anchors)
        self.trusts_anybody = bool(trusted)
        certificates = CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(trust_roots=trusted),
            revinfo_policy=self.policy,
            time_tolerance=POLICY.clock_skew,
            algorithm_usage_policy=self._algorithms,
        )
        self._spec = SignatureValidationSpec(
            cert_validation_policy=certificates,
            ts_cert_validation_policy=certificates,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                RevinfoOnlineFetchingRule.LOCAL_ONLY, fetcher_backend=_NoFetching()
            ),
            local_knowledge=LocalKnowledge(
                known_ocsps=list(evidence.ocsps),
                known_crls=list(evidence.crls),
                known_certs=list(evidence.certificates),
            ),
            key_usage_settings=POLICY.usage,
            signature_algorithm_policy=self._algorithms,
        )

    def token(self, sd: acms.SignedData, imprint: Callable[[str], bytes], at: datetime) -> Answer:
        """Judge a time-stamp token as of `at` (EN 319 102-1 clause 5.4)."""
        info = timing(at, past=at < self._now)
        signer = find_signer(sd["signer_infos"][0], certificates_of(sd))
        spec = self._with_direct_answer(signer, at)
        if isinstance(spec, Answer):
            return spec
        result = loop.run(ades_timestamp_validation(sd, spec, imprint, timing_info=info))
        certificate = result.api_status.signing_cert if result.api_status else None
        return self._answer(result.ades_subindic, "", certificate, sd, at)

    def signature(
        self, c: Container, certificate: x509.Certificate, digest: bytes | None, at: datetime
    ) -> Answer:
        """Judge a signature as of `at` (clause 5.3); `digest` is of what it signs if detached."""
        info = timing(at, past=at < self._now)
        raw = digest if c.content is None else None
        spec = self._with_direct_answer(certificate, at)
        if isinstance(spec, Answer):
            return spec
        result = loop.run(
            ades_basic_validation(c.signed_data, spec, timing_info=info, raw_digest=raw)
        )
        detail = result.failure_msg or ""
        return self._answer(result.ades_subindic, detail, certificate, c.signed_data, at)

    def certificate(
        self, c: Container | None, certificate: x509.Certificate, at: datetime
    ) -> Answer:
        """Judge path, usage and algorithms alone, where we verified the value ourselves."""
        sd = c.signed_data if c else None
        refused = self._algorithm(c, certificate, at)
        if refused is not None:
            return self._answer(refused, "", certificate, sd, at)
        info = timing(at, past=at < self._now)
        spec = self._with_direct_answer(certificate, at)
        if isinstance(spec, Answer):
            return spec
        handlers = bootstrap_validation_data_handlers(spec, timing_info=info)
        handlers.cert_registry.register_multiple(list(certificates_of(sd)) if sd else [])
        context = self._spec.cert_validation_policy.build_validation_context(
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

        return self._answer(loop.run(usage()) or AdESPassed.OK, "", certificate, sd, at)

    def _with_direct_answer(
        self, certificate: x509.Certificate | None, at: datetime
    ) -> "SignatureValidationSpec | Answer":
        """Add what an anchor's own CRL says of a certificate right below it: rule 5."""
        if certificate is None:
            return self._spec
        anchors = [
            a
            for a in self._trusted
            if a.subject == certificate.issuer and a.self_signed == "no" and issued(certificate, a)
        ]
        for anchor in anchors:
            said = direct_answer(self._evidence, certificate, anchor, self.policy, at)
            if said is None:
                continue
            if said.revoked_at is not None and said.revoked_at <= at:
                return Answer(AdESIndeterminate.REVOKED_NO_POE, "", certificate)
            assertion = NonRevokedStatusAssertion(certificate.sha256, at)
            knowledge = replace(self._spec.local_knowledge, nonrevoked_assertions=[assertion])
            return replace(self._spec, local_knowledge=knowledge)
        return self._spec

    def _algorithm(
        self, c: Container | None, certificate: x509.Certificate, at: datetime
    ) -> AdESSubIndic | None:
        if c is None:  # adbe.x509.rsa_sha1: its digest is in its name
            digest = POLICY.digest("sha1", at)
            return None if digest.allowed else AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
        ruling = self._algorithms.signature_algorithm_allowed(
            c.info["signature_algorithm"], at, certificate.public_key
        )
        digest = POLICY.digest(c.digest_algorithm, at)
        if ruling.allowed and digest.allowed:
            return None
        if ruling.not_allowed_after or digest.until:
            return AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
        return AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE

    def _answer(
        self,
        sub: AdESSubIndic,
        detail: str,
        certificate: x509.Certificate | None,
        sd: acms.SignedData | None,
        at: datetime,
    ) -> Answer:
        path = self._path(certificate, sd, at)
        if sub is AdESPassed.OK and certificate is not None and path is not None:
            sub = self._itself(certificate, path, at)
        answer = Answer(sub, detail, certificate, path)
        if sub in MISSING:
            answer.needs = [
                need_for(a, b)
                for a, b in pairwise(path or [])
                if not has_evidence(self._evidence, a, b, self.policy, at)
            ]
            if answer.needs:
                answer.sub = AdESIndeterminate.TRY_LATER
            if any(
                outlived(self._evidence, a, b, self.policy, at) for a, b in pairwise(path or [])
            ):
                answer.sub = AdESIndeterminate.REVOCATION_OUT_OF_BOUNDS_NO_POE
        return answer

    def _itself(
        self, certificate: x509.Certificate, path: list[x509.Certificate], at: datetime
    ) -> AdESSubIndic:
        """Judge a certificate that is an anchor: rule 6."""
        if len(path) > 1:
            return AdESPassed.OK
        if not certificate.not_valid_before <= at <= certificate.not_valid_after:
            return AdESIndeterminate.OUT_OF_BOUNDS_NO_POE
        try:
            if not self._stamps:
                POLICY.usage.validate(certificate)
        except InvalidCertificateError:
            return AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE
        return AdESPassed.OK

    def _path(
        self, certificate: x509.Certificate | None, sd: acms.SignedData | None, at: datetime
    ) -> list[x509.Certificate] | None:
        if certificate is None:
            return None
        handlers = bootstrap_validation_data_handlers(self._spec, timing_info=timing(at, past=True))
        handlers.cert_registry.register_multiple(list(certificates_of(sd)) if sd else [])
        trust = self._spec.cert_validation_policy.trust_manager
        builder = PathBuilder(trust_manager=trust, registry=handlers.cert_registry)

        async def first() -> ValidationPath | None:
            paths = builder.async_build_paths_lazy(certificate)
            try:
                async for path in paths:
                    return path
            finally:
                await paths.cancel()  # type: ignore[no-untyped-call]
            return None

        try:
            found = loop.run(first())
        except (PathError, ValueError, TypeError, LookupError):
            return None
        return list(reversed(list(found.iter_certs(include_root=True)))) if found else None


def _certificates(ders: Sequence[bytes]) -> list[x509.Certificate]:
    out = []
    for der in ders:
        try:
            out.append(x509.Certificate.load(der, strict=True))
        except ValueError:  # an anchor that cannot be read is an anchor for nobody
            continue
    return out
