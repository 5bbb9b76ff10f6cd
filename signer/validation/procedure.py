"""The Indication of each signature by ETSI EN 319 102-1, through pyHanko's building blocks.

The order is the standard's (clauses 5.3 to 5.6), the parts are pyHanko's `ades_*`; how they are
put together is ours, for the reasons in docs/adr/ (design.md D2).

1. Format and integrity have been judged (`integrity.py`). Without a signer certificate:
   NO_SIGNING_CERTIFICATE_FOUND. A PAdES signature (`ETSI.CAdES.detached`) that does not bind its
   certificate (signing-certificate attribute): SIG_CONSTRAINTS_FAILURE. One that binds another
   certificate than the one named: NO_SIGNING_CERTIFICATE_FOUND (clause 5.2.3.4).
2. Document time-stamps are judged from the newest to the oldest (clause 5.6.3): the newest as of
   the validation time, each older one as of the time that the next newer valid one proves. A valid
   one proves that all earlier revisions existed: their signatures, tokens and validation data.
   Knowledge from outside (the archive's log) does the same for the whole file.
3. Signature time-stamps are judged as of the time that is proven for them, else as of the
   validation time (clause 5.4). A valid one proves the signature's time. A time-stamp's own
   revocation evidence may be as old as the policy says. Extended key usage: critical, and
   time-stamping alone (RFC 3161 clause 2.3). One from the future proves nothing, nor does one from
   outside the life of the certificate that made it.
4. The signature is judged by basic validation (clause 5.3) as of the earliest proven time, else as
   of the validation time. Revocation evidence is required, never soft: it speaks until the issuer's
   next update. Evidence from after that time counts. A certificate revoked after the proven time
   was good then; one revoked before is REVOKED_NO_POE; one not yet valid at a proven time is
   NOT_YET_VALID; an expired one without proof is OUT_OF_BOUNDS_NO_POE. A content time-stamp proves
   that the signature is younger than it: one after the expiry makes that EXPIRED, one after the
   revocation REVOKED, one after the signature's own time-stamp TIMESTAMP_ORDER_FAILURE (clauses
   5.3.4, 5.5.4).
   What an authority says must be proven older than its own expiry: later its key is nobody's
   concern. Validation data is proven by every time-stamp over the revision that holds it. Without
   such proof: NO_POE (clause 5.6.2.2, time sliding).
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
from itertools import pairwise

from asn1crypto import cms as acms
from asn1crypto import x509
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed, AdESSubIndic
from pyhanko.sign.general import check_ess_certid
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import get_signing_cert_attr, message_imprint_checker
from pyhanko_certvalidator.errors import PathError

from certs.model import RevocationNeed, TrustPurpose
from signer.validation.cms import Container, certificates_of, find_signer, tst_info
from signer.validation.engine import MISSING, Answer, Engine
from signer.validation.evidence import Evidence, has_evidence
from signer.validation.facts import signer_info
from signer.validation.integrity import Checked, digest_of, token_holds
from signer.validation.job import ValidationRequest
from signer.validation.policy import POLICY, key_bits
from signer.validation.primitives import family_of
from signer.validation.report import Indication, Integrity, Level, SignatureKind

log = logging.getLogger(__name__)

_FAULTS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    SignatureValidationError,
    PathError,
)
"""What pyHanko, certvalidator and asn1crypto let through over odd input. RuntimeError contains
RecursionError; MemoryError is not here: it ends the child, and the parent says `file.limit`."""

_VALUE_FAILURES = {
    AdESFailure.FORMAT_FAILURE,
    AdESFailure.HASH_FAILURE,
    AdESFailure.SIG_CRYPTO_FAILURE,
}


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

    @property
    def is_intact_stamp(self) -> bool:
        """Whether it is a document time-stamp that holds."""
        return (
            self.kind is SignatureKind.DOCUMENT_TIMESTAMP
            and self.checked.integrity is Integrity.INTACT
            and self.revision is not None
        )


@dataclass(slots=True)
class Outcome:
    """What the procedure found for one signature."""

    indication: Indication = Indication.INDETERMINATE
    sub_indication: str | None = "GENERIC"
    detail: str = ""
    best_signature_time: datetime | None = None
    level: Level | None = None
    timestamp_problem: str | None = None
    timestamp_authority: str = ""
    """Who issued the certificate behind the time-stamp that has the problem."""
    legacy: str | None = None
    path: list[x509.Certificate] | None = None
    """Signer first, anchor last, where there is one."""
    needs: list[RevocationNeed] = field(default_factory=list)


@dataclass(slots=True)
class _Stamp:
    """A judged token: the time that it proves, or why it proves nothing."""

    at: datetime | None = None
    answer: Answer | None = None
    authority: str = ""

    @property
    def problem(self) -> AdESSubIndic | None:
        return None if self.at is not None or self.answer is None else self.answer.sub


@dataclass(slots=True)
class Knowledge:
    """The validation data of a file, and beside it."""

    all: Evidence
    """Everything at hand."""
    embedded: Evidence
    """The part of it that the file carries."""
    stores: Sequence[tuple[int, Evidence]] = ()
    """What the /DSS of a revision holds, by revision."""


def judge_signatures(
    subjects: Sequence[Subject], knowledge: Knowledge, request: ValidationRequest
) -> list[Outcome]:
    """Return one outcome per subject, in the same order."""
    return _Procedure(subjects, knowledge, request).run()


class _Procedure:
    def __init__(
        self,
        subjects: Sequence[Subject],
        knowledge: Knowledge,
        request: ValidationRequest,
    ) -> None:
        self.subjects = subjects
        self.embedded = knowledge.embedded
        self.stores = knowledge.stores
        self.at = request.at
        self.known = [k.at for k in request.known if k.at <= request.at]
        trust = request.trust
        self.signers = Engine(
            trust.for_purpose(TrustPurpose.SIGNER), knowledge.all, request.at, stamps=False
        )
        self.authorities = Engine(
            trust.for_purpose(TrustPurpose.TSA), knowledge.all, request.at, stamps=True
        )
        self.stamps: dict[int, _Stamp] = {}
        """Index of a document time-stamp → what it proves."""

    def run(self) -> list[Outcome]:
        self._document_stamps()
        return [self._guarded(i, s) for i, s in enumerate(self.subjects)]

    def _guarded(self, i: int, s: Subject) -> Outcome:
        try:
            return (
                self._stamp_outcome(i, s)
                if s.kind is not SignatureKind.SIGNATURE
                else self._subject(s)
            )
        except _FAULTS as e:
            log.info("validation of a signature ended early", exc_info=e)
            return Outcome(detail=type(e).__name__)

    # -- time-stamps: rules 2 and 3 -----------------------------------------------------------

    def _document_stamps(self) -> None:
        order = [i for i, s in enumerate(self.subjects) if s.is_intact_stamp]
        for i in sorted(order, key=lambda i: self.subjects[i].revision or 0, reverse=True):
            s = self.subjects[i]
            c = s.checked.container
            if c is not None:
                horizon = self._proven(s.revision) or self.at
                self.stamps[i] = self._token(c.signed_data, _imprint_of(s), horizon)

    def _proven(self, revision: int | None) -> datetime | None:
        """Return the time by which `revision` is proven to have existed, by later evidence."""
        times = list(self.known)
        if revision is not None:
            times += [
                stamp.at
                for i, stamp in self.stamps.items()
                if stamp.at is not None and (self.subjects[i].revision or 0) > revision
            ]
        return min(times, default=None)

    def _token(self, sd: acms.SignedData, imprint: Callable[[str], bytes], at: datetime) -> _Stamp:
        """Judge one token as of `at`."""
        try:
            return self._token_at(sd, imprint, at)
        except SignatureValidationError as e:
            return _Stamp(answer=Answer(e.ades_subindication))
        except _FAULTS as e:
            log.info("a time-stamp could not be judged", exc_info=e)
            return _Stamp(answer=Answer(AdESIndeterminate.GENERIC))

    def _token_at(  # noqa: PLR0911 - one way out per finding
        self, sd: acms.SignedData, imprint: Callable[[str], bytes], at: datetime
    ) -> _Stamp:
        info = tst_info(sd)
        if info is None:
            return _Stamp(answer=Answer(AdESFailure.FORMAT_FAILURE))
        when: datetime = info["gen_time"].native
        if when > self.at + POLICY.clock_skew:
            return _Stamp(answer=Answer(AdESIndeterminate.TIMESTAMP_ORDER_FAILURE))
        if not self.authorities.trusts_anybody:
            return _Stamp(answer=Answer(AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND))
        digest = str(info["message_imprint"]["hash_algorithm"]["algorithm"].native)
        if not POLICY.digest(digest, at).allowed:
            return _Stamp(answer=Answer(AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE))
        answer = self.authorities.token(sd, imprint, at)
        if answer.sub is not AdESPassed.OK:
            return _Stamp(answer=answer)
        tsa = answer.certificate
        if tsa is not None and not tsa.not_valid_before <= when <= tsa.not_valid_after:
            return _Stamp(answer=Answer(AdESIndeterminate.OUT_OF_BOUNDS_NO_POE))
        if answer.certificate is not None and not _stamps_only(answer.certificate):
            answer.sub = AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE
            return _Stamp(answer=answer)
        return _Stamp(when, answer)

    def _stamp_outcome(self, i: int, s: Subject) -> Outcome:
        stamp = self.stamps.get(i)
        if stamp is None:
            return _by_integrity(Outcome(), s)
        out = Outcome(best_signature_time=stamp.at)
        out.path = stamp.answer.path if stamp.answer else None
        if stamp.problem is not None:
            out.needs = stamp.answer.needs if stamp.answer else []
            return _end(out, stamp.problem)
        out.indication, out.sub_indication = Indication.TOTAL_PASSED, None
        return out

    # -- one signature: rules 1 and 4 ---------------------------------------------------------

    def _subject(  # noqa: C901, PLR0911 - one way out per finding
        self, s: Subject
    ) -> Outcome:
        c, certificate = s.checked.container, s.checked.certificate
        pades = s.sub_filter == "ETSI.CAdES.detached"
        bound = c is not None and certificate is not None and _binds(c)
        out = Outcome()
        if s.checked.integrity is Integrity.INTACT and pades and bound:
            out.level = Level.B_T if self._stamped(s, c) else Level.B_B
        if s.checked.sub_indication is not None:
            return _by_integrity(out, s)
        if certificate is None or (c is not None and bound and not _binds_to(c, certificate)):
            out.level = None
            return _end(out, AdESIndeterminate.NO_SIGNING_CERTIFICATE_FOUND)
        if pades and not bound:
            return _end(out, AdESIndeterminate.SIG_CONSTRAINTS_FAILURE, "signing-certificate")
        stamp = self._times(s, c, out)
        if not self.signers.trusts_anybody:
            return _end(out, AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND)
        at = out.best_signature_time or self.at
        not_before = self._not_before(s, c)
        if not_before and not_before > at + POLICY.clock_skew:
            return _end(out, AdESIndeterminate.TIMESTAMP_ORDER_FAILURE, "content-time-stamp")
        answer = self._basic(s, c, certificate, at)
        out.needs += answer.needs
        out.path = answer.path
        if answer.sub is not AdESPassed.OK:
            sub = _with_time(answer.sub, certificate, out, at)
            if sub is AdESIndeterminate.OUT_OF_BOUNDS_NO_POE and not_before:
                late = not_before > certificate.not_valid_after
                sub = AdESIndeterminate.EXPIRED if late else sub
            return _end(out, sub, answer.detail)
        if not self._evidence_is_proven(s, answer.path or [], out.best_signature_time, at):
            return _end(out, AdESIndeterminate.NO_POE, "revocation data")
        out.indication, out.sub_indication = Indication.TOTAL_PASSED, None
        out.legacy = _legacy(c, certificate, at)
        if out.level is Level.B_T:
            out.level = self._level(s, answer.path, stamp, at)
        return out

    def _times(self, s: Subject, c: Container | None, out: Outcome) -> _Stamp | None:
        """Find the earliest proven time; return the signature time-stamp that is used."""
        proven = self._proven(s.revision)
        best: _Stamp | None = None
        for sd, imprint in _tokens_of(c):
            stamp = self._token(sd, imprint, proven or self.at)
            stamp.authority = _authority(sd)
            if best is None or (stamp.at is not None and (best.at is None or stamp.at < best.at)):
                best = stamp
        if best is not None and best.problem is not None:
            out.timestamp_problem = best.problem.standard_name
            out.timestamp_authority = best.authority
            out.needs += best.answer.needs if best.answer else []
        times = [t for t in (proven, best.at if best else None) if t is not None]
        out.best_signature_time = min(times, default=None)
        return best

    def _not_before(self, s: Subject, c: Container | None) -> datetime | None:
        """Return the latest time of a content time-stamp: the signature is younger than that."""
        times = [
            self._token(v["content"], _imprint_of(s), self.at).at
            for v in (c.attributes.get("content_time_stamp", ()) if c else ())
        ]
        return max((t for t in times if t is not None), default=None)

    def _basic(
        self, s: Subject, c: Container | None, certificate: x509.Certificate, at: datetime
    ) -> Answer:
        """Run basic validation as of `at`: rules 4, 6 and 7."""
        if c is None or s.checked.tolerated or not c.certificates or _beyond_pyhanko(c):
            return self.signers.certificate(c, certificate, at)
        answer = self.signers.signature(c, certificate, s.checked.digest, at)
        if answer.sub in _VALUE_FAILURES:  # we verified the value ourselves
            return self.signers.certificate(c, certificate, at)
        return answer

    def _evidence_is_proven(
        self, s: Subject, path: list[x509.Certificate], signed: datetime | None, at: datetime
    ) -> bool:
        """Whether what an authority that has expired since said is proven older than that."""
        for a, b in pairwise(path[:-1]):  # an anchor's word needs no date
            if b.not_valid_after >= self.at:
                continue
            older = Evidence()
            for revision, store in self.stores:
                times = [
                    self._proven(revision - 1)
                ]  # a store stands under its revision's own stamp
                if s.revision is not None and revision <= s.revision:
                    times.append(signed)
                if any(t is not None and t <= b.not_valid_after for t in times):
                    older.ocsps += store.ocsps
                    older.crls += store.crls
            if not has_evidence(older, a, b, self.signers.policy, at):
                return False
        return True

    # -- levels: rule 10 ----------------------------------------------------------------------

    def _stamped(self, s: Subject, c: Container | None) -> bool:
        """Whether some time-stamp over this signature holds."""
        tokens = c.tokens() if c else []
        value = c.info["signature"].native if c else b""
        return any(token_holds(t, value) for t in tokens) or self._covered(s)

    def _covered(self, s: Subject) -> bool:
        """Whether a document time-stamp that holds came after."""
        return s.revision is not None and any(
            x.is_intact_stamp and (x.revision or 0) > s.revision for x in self.subjects
        )

    def _level(
        self, s: Subject, path: list[x509.Certificate] | None, stamp: _Stamp | None, at: datetime
    ) -> Level:
        """Return how far the file itself goes."""
        carried = {c.sha256 for c in self.embedded.certificates}
        policy = self.signers.policy
        if path is None or not all(
            a.sha256 in carried and has_evidence(self.embedded, a, b, policy, at)
            for a, b in pairwise(path)
        ):
            return Level.B_T
        tsa = stamp.answer.path if stamp is not None and stamp.answer is not None else None
        policy = self.authorities.policy
        if not all(
            has_evidence(self.embedded, a, b, policy, self.at) for a, b in pairwise(tsa or [])
        ):
            return Level.B_T
        return Level.B_LTA if self._covered(s) else Level.B_LT


def _imprint_of(s: Subject) -> Callable[[str], bytes]:
    return lambda name: digest_of(name, s.ranges) or b""


def _authority(sd: acms.SignedData) -> str:
    """Return the name of who issued the certificate that made a token; empty if it is not there."""
    try:
        info = signer_info(find_signer(sd["signer_infos"][0], certificates_of(sd)))
    except _FAULTS:
        return ""
    return info.issuer if info else ""


def _tokens_of(c: Container | None) -> list[tuple[acms.SignedData, Callable[[str], bytes]]]:
    """Return the signature time-stamps, each with what computes the imprint that it must have."""
    return [(sd, message_imprint_checker(c.info)) for sd in c.timestamps()] if c else []


def _by_integrity(out: Outcome, s: Subject) -> Outcome:
    """End with what the bytes said."""
    altered = s.checked.integrity is Integrity.ALTERED
    out.sub_indication = s.checked.sub_indication or "FORMAT_FAILURE"
    out.indication = Indication.TOTAL_FAILED if altered else Indication.INDETERMINATE
    return out


def _with_time(
    sub: AdESSubIndic, certificate: x509.Certificate, out: Outcome, at: datetime
) -> AdESSubIndic:
    """Sharpen what certvalidator calls a general failure or missing evidence (clause 5.5.4)."""
    if sub not in MISSING:
        return sub
    if at < certificate.not_valid_before:
        if out.best_signature_time is not None:
            return AdESFailure.NOT_YET_VALID
        return AdESIndeterminate.OUT_OF_BOUNDS_NO_POE
    return AdESIndeterminate.OUT_OF_BOUNDS_NO_POE if at > certificate.not_valid_after else sub


def _end(out: Outcome, sub: AdESSubIndic, detail: str = "") -> Outcome:
    out.sub_indication = sub.standard_name
    # The standard's clause 5.1.3 fails what is proven to be too late; pyHanko leaves it open.
    failed = isinstance(sub, AdESFailure) or sub is AdESIndeterminate.EXPIRED
    out.indication = Indication.TOTAL_FAILED if failed else Indication.INDETERMINATE
    out.detail = detail
    return out


def _binds(c: Container) -> bool:
    return "signing_certificate_v2" in c.attributes or "signing_certificate" in c.attributes


def _binds_to(c: Container, certificate: x509.Certificate) -> bool:
    """Whether the signing-certificate attribute is about this certificate."""
    try:
        attribute = get_signing_cert_attr(c.info["signed_attrs"])
        return attribute is not None and bool(check_ess_certid(certificate, attribute["certs"][0]))
    except _FAULTS:
        return False


def _beyond_pyhanko(c: Container) -> bool:
    """Whether the signature algorithm is one that pyHanko has no verifier for."""
    name = str(c.info["signature_algorithm"]["algorithm"].native)
    return name[:1].isdigit() or "sha3" in name or c.digest_algorithm.startswith("sha3")


def _stamps_only(certificate: x509.Certificate) -> bool:
    """Whether the extended key usage is critical and time-stamping alone."""
    for extension in certificate["tbs_certificate"]["extensions"]:
        if extension["extn_id"].native == "extended_key_usage":
            usages = extension["extn_value"].parsed.native
            return bool(extension["critical"].native) and usages == ["time_stamping"]
    return False


def _legacy(c: Container | None, certificate: x509.Certificate, at: datetime) -> str | None:
    """Return the signature's algorithm and its last day, where the policy knows one."""
    family = family_of(c.info["signature_algorithm"]) if c else None
    bits = key_bits(certificate.public_key)
    ruling = POLICY.key(family, bits, at) if family and bits else None
    if ruling is None or not ruling.legacy or ruling.until is None:
        return None
    return f"{family} {bits}, {ruling.until:%d/%m/%Y}"
