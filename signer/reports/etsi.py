"""A validation report by ETSI TS 119 102-2 V1.4.1: the same verdict, for other people's software.

1. One SignatureValidationReport per signature, in signing order (clause 4.3). Document time-stamps
   are validation objects with a report of their own (clause 4.4), as the standard has them; their
   indication is that of a building block (PASSED, FAILED).
2. What the report does not establish is left out. Nothing is guessed to fill an optional element.
3. The standard has no report without a signature. Such a document gets the one entry that EU DSS
   gives it (`urn:cef:dss:mainindication:noSignatureFound`), with our reasons.
4. BestSignatureTime is the proven time, else the validation time: that the signature exists now is
   what the validation itself proves (EN 319 102-1 clause 5.5.4, step 1).
5. What the standard has no word for (integrity and changes after signing as we judge them, reasons
   in two languages, anchors and policy by digest) stands in its places for other information, in a
   namespace of ours (docs/verification/reports.md). No other software needs to understand it.
6. The same report gives the same bytes. Identifiers are digests of what they identify.
"""

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime

from lxml import etree

from signer.reports.elements import (
    DIGESTS,
    DS,
    ETSI,
    NAMESPACES,
    OURS,
    TSL,
    VR,
    XADES,
    add,
    add_digest,
    b64,
    qualified,
    utc,
    utc_if_any,
)
from signer.reports.sentence import verdict
from signer.validation.report import (
    ChangesAfter,
    EvidenceKind,
    Indication,
    Integrity,
    Reason,
    SignatureKind,
    SignatureReport,
    ValidationReport,
)

_NO_SIGNATURE = "urn:cef:dss:mainindication:noSignatureFound"
_WHOLE = {
    Indication.TOTAL_PASSED: f"{ETSI}:mainindication:total-passed",
    Indication.INDETERMINATE: f"{ETSI}:mainindication:indeterminate",
    Indication.TOTAL_FAILED: f"{ETSI}:mainindication:total-failed",
}
_BLOCK = {
    Indication.TOTAL_PASSED: f"{ETSI}:mainindication:passed",
    Indication.INDETERMINATE: f"{ETSI}:mainindication:indeterminate",
    Indication.TOTAL_FAILED: f"{ETSI}:mainindication:failed",
}
_INTEGRITY = {
    Integrity.INTACT: Indication.TOTAL_PASSED,
    Integrity.UNDECIDED: Indication.INDETERMINATE,
    Integrity.ALTERED: Indication.TOTAL_FAILED,
}
_CHANGES = {
    ChangesAfter.NONE: Indication.TOTAL_PASSED,
    ChangesAfter.LTA: Indication.TOTAL_PASSED,
    ChangesAfter.PERMITTED: Indication.TOTAL_PASSED,
    ChangesAfter.UNDECIDED: Indication.INDETERMINATE,
    ChangesAfter.FORBIDDEN: Indication.TOTAL_FAILED,
}
_OBJECTS = {
    EvidenceKind.CERTIFICATE: "certificate",
    EvidenceKind.OCSP: "OCSPResponse",
    EvidenceKind.CRL: "CRL",
}


def etsi_report(report: ValidationReport, *, validator: bytes | None = None) -> bytes:
    """Return `report` as XML; `validator` is the DER certificate of the service that made it."""
    return _Writer(report).write(validator)


class _Writer:
    """Writes one report."""

    def __init__(self, report: ValidationReport) -> None:
        self._report = report
        self._objects: dict[str, etree._Element] = {}
        """By identifier, in order of first mention."""
        fields = {s.field_name for s in report.signatures}
        self._of_document = [r for r in report.reasons if r.field_name not in fields]
        self._stamps = {
            n: _stamp_id(report, n)
            for n, s in enumerate(report.signatures)
            if s.kind is SignatureKind.DOCUMENT_TIMESTAMP
        }

    def write(self, validator: bytes | None) -> bytes:
        root = etree.Element(qualified(VR, "ValidationReport"), nsmap=NAMESPACES)  # type: ignore[arg-type] # its stubs know no default namespace
        for n, s in enumerate(self._report.signatures):
            if s.kind is SignatureKind.SIGNATURE:
                self._signature(add(root, VR, "SignatureValidationReport"), n, s)
        if not len(root):
            self._no_signature(add(root, VR, "SignatureValidationReport"))
        for n in self._stamps:
            self._stamp(n)
        self._evidence()
        self._document()
        objects = add(root, VR, "SignatureValidationObjects")
        objects.extend(self._objects.values())
        self._validator(root, validator)
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)

    # -- one signature or time-stamp ---------------------------------------------------------------

    def _signature(self, top: etree._Element, n: int, s: SignatureReport) -> None:
        """Write clause 4.3, element by element in the order of its schema."""
        stamp = s.kind is SignatureKind.DOCUMENT_TIMESTAMP
        identifier = add(top, VR, "SignatureIdentifier", id=f"S-{n + 1}")
        if s.signature_value is not None:
            add(identifier, DS, "SignatureValue", b64(s.signature_value))
        add(identifier, VR, "HashOnly", "false")
        add(identifier, VR, "DocHashOnly", "false")
        other = add(identifier, VR, "OtherInformation")
        add(add(other, VR, "SignatureReference"), VR, "PAdESFieldName", s.field_name)
        self._constraints(top, s)
        self._times(top, n, s)
        self._signed(top, s)
        self._attributes(top, n, s)
        self._signer(top, s)
        if not stamp:
            process = add(top, VR, "SignatureValidationProcess")
            name = f"{ETSI}:validationprocess:{self._process(s)}"
            add(process, VR, "SignatureValidationProcessID", name)
        status = add(top, VR, "SignatureValidationStatus")
        add(status, VR, "MainIndication", (_BLOCK if stamp else _WHOLE)[s.indication])
        if s.sub_indication is not None:
            add(status, VR, "SubIndication", f"{ETSI}:subindication:{s.sub_indication}")
        self._associated(status, s)
        add(
            add(top, VR, "OtherInformation"),
            OURS,
            "Signature",
            kind=s.kind,
            integrity=s.integrity,
            changesAfter=s.changes_after,
            level=s.level,
            role=s.role,
            parentNumber=s.parent_number,
            revision=str(s.revision),
            coversWholeFile=str(s.covers_whole_file).lower(),
        )

    def _constraints(self, top: etree._Element, s: SignatureReport) -> None:
        """Write the policy, and the two questions of ours that the standard does not ask."""
        said = add(top, VR, "ValidationConstraintsEvaluationReport")
        if self._report.policy_digest:  # a record of the first days may lack it
            self._policy(add(said, VR, "SignatureValidationPolicy"))
        for name, word, outcome in (
            ("integrity", s.integrity, _INTEGRITY[s.integrity]),
            ("changes-after", s.changes_after, _CHANGES[s.changes_after]),
        ):
            constraint = add(said, VR, "ValidationConstraint")
            add(constraint, VR, "ValidationConstraintIdentifier", f"{OURS}:{name}")
            parameter = add(constraint, VR, "ValidationConstraintParameter")
            add(parameter, VR, "Type", f"{OURS}:{name}:outcome")
            add(parameter, VR, "Value", word)
            applied = add(constraint, VR, "ConstraintStatus")
            add(applied, VR, "Status", f"{ETSI}:constraintStatus:applied")
            status = add(constraint, VR, "ValidationStatus")
            add(status, VR, "MainIndication", _BLOCK[outcome])

    def _policy(self, policy: etree._Element) -> None:
        named = add(add(policy, VR, "SignaturePolicyIdentifier"), XADES, "SignaturePolicyId")
        identifier = add(named, XADES, "SigPolicyId")
        add(identifier, XADES, "Identifier", _name_of(self._report.policy_digest))
        add_digest(add(named, XADES, "SigPolicyHash"), "sha256", self._report.policy_digest)

    def _times(self, top: etree._Element, n: int, s: SignatureReport) -> None:
        """Write rule 4."""
        info = add(top, VR, "ValidationTimeInfo")
        at = self._report.validation_time
        add(info, VR, "ValidationTime", utc(at))
        poe = add(info, VR, "BestSignatureTime")
        proven = s.best_signature_time
        add(poe, VR, "POETime", utc(proven or at))
        outside = proven is not None and proven == self._report.known_since
        add(poe, VR, "TypeOfProof", f"{ETSI}:poetype:{'provided' if outside else 'validation'}")
        by = [m for m in self._later_stamps(n) if self._proves(m) == proven]
        if proven is not None and by:
            add(poe, VR, "POEObject", VOReference=self._stamps[by[0]])

    def _signed(self, top: etree._Element, s: SignatureReport) -> None:
        document = add(top, VR, "SignersDocument")
        name = "SignersDocumentRepresentation"
        if s.signed_digest is not None and s.digest_algorithm in DIGESTS:
            given = add(document, VR, "DigestAlgAndValue")
            add_digest(given, s.digest_algorithm or "", s.signed_digest)
            name = "SignersDocumentRef"
        add(document, VR, name, VOReference=_document_id(self._report))

    def _attributes(self, top: etree._Element, n: int, s: SignatureReport) -> None:
        attributes = etree.Element(qualified(VR, "SignatureAttributes"))
        claimed = utc_if_any(s.claimed_signing_time)
        if claimed is not None:
            add(add(attributes, VR, "SigningTime"), VR, "Time", claimed)
        for m in self._later_stamps(n):
            at = self._proves(m)
            if at is not None:
                stamp = add(attributes, VR, "DocTimeStamp")
                add(stamp, VR, "AttributeObject", VOReference=self._stamps[m])
                add(stamp, VR, "TimeStampValue", utc(at))
        if s.reason_text is not None:
            add(add(attributes, VR, "Reason"), VR, "ReasonElement", s.reason_text)
        if s.sub_filter is not None:
            add(add(attributes, VR, "SubFilter"), VR, "SubFilterElement", s.sub_filter)
        if s.byte_range is not None:
            add(attributes, VR, "ByteRange", " ".join(map(str, s.byte_range)))
        if len(attributes):
            top.append(attributes)

    def _signer(self, top: etree._Element, s: SignatureReport) -> None:
        if s.signer is None or not s.signer.certificate:
            return
        info = add(top, VR, "SignerInformation")
        add(info, VR, "SignerCertificate", VOReference=self._certificate(s.signer.certificate))
        if s.signer.common_name is not None:
            add(info, VR, "Signer", s.signer.common_name)

    def _associated(self, status: etree._Element, s: SignatureReport) -> None:
        """Write the path that was relied on, and why the indication is what it is."""
        reasons = [r for r in self._report.reasons if r.field_name == s.field_name]
        if not s.path and not reasons:
            return
        data = add(status, VR, "AssociatedValidationReportData")
        if s.path:
            names = [self._object("certificate", sha256) for sha256 in s.path]
            add(data, VR, "TrustAnchor", VOReference=names[-1])
            chain = add(data, VR, "CertificateChain")
            add(chain, VR, "SigningCertificate", VOReference=names[0])
            for issuer in names[1:-1]:
                add(chain, VR, "IntermediateCertificate", VOReference=issuer)
            add(chain, VR, "TrustAnchor", VOReference=names[-1])
        _reasons(data, reasons)

    def _process(self, s: SignatureReport) -> str:
        """Return which of the standard's processes the evidence allowed for."""
        if self._stamps:
            return "LTA"
        return "Basic" if s.best_signature_time is None else "LTVM"

    def _later_stamps(self, n: int) -> list[int]:
        return [m for m in self._stamps if m > n]

    def _proves(self, n: int) -> datetime | None:
        """Return the time that a document time-stamp proves, if it holds."""
        s = self._report.signatures[n]
        return s.best_signature_time if s.indication is Indication.TOTAL_PASSED else None

    def _no_signature(self, top: etree._Element) -> None:
        """Write rule 3."""
        status = add(top, VR, "SignatureValidationStatus")
        if self._report.indication is Indication.INDETERMINATE and not self._report.signatures:
            # Encrypted, for one: there may be signatures, and nobody could look.
            add(status, VR, "MainIndication", _WHOLE[Indication.INDETERMINATE])
            add(status, VR, "SubIndication", f"{ETSI}:subindication:GENERIC")
        else:
            add(status, VR, "MainIndication", _NO_SIGNATURE)
        if self._of_document:
            _reasons(add(status, VR, "AssociatedValidationReportData"), self._of_document)

    # -- objects -----------------------------------------------------------------------------------

    def _object(self, kind: str, sha256: str, content: bytes | None = None) -> str:
        """Return the identifier of an object; the first that brings content describes it."""
        prefix = {"certificate": "C", "signedData": "D"}.get(kind, "R")
        name = f"{prefix}-{sha256.upper()}"
        if name not in self._objects:
            top = self._new_object(name, kind)
            add_digest(add(add(top, VR, _SHOWN), VR, "DigestAlgAndValue"), "sha256", sha256)
        shown = self._objects[name].find(qualified(VR, _SHOWN))
        if (
            content is not None
            and shown is not None
            and shown.find(qualified(VR, "base64")) is None
        ):
            add(shown, VR, "base64", b64(content))
        return name

    def _new_object(self, name: str, kind: str) -> etree._Element:
        top = self._objects[name] = etree.Element(qualified(VR, "ValidationObject"), id=name)
        add(top, VR, "ObjectType", f"{ETSI}:validationObject:{kind}")
        return top

    def _certificate(self, der: bytes) -> str:
        return self._object("certificate", hashlib.sha256(der).hexdigest(), der)

    def _stamp(self, n: int) -> None:
        """Write a document time-stamp, what it proves and how it was judged: rule 1."""
        s = self._report.signatures[n]
        top = self._new_object(self._stamps[n], "timestamp")
        shown = add(top, VR, _SHOWN)
        reference = add(add(shown, VR, "direct"), VR, "SignatureReference")
        add(reference, VR, "PAdESFieldName", s.field_name)
        if s.container_sha256 is not None:
            add_digest(add(shown, VR, "DigestAlgAndValue"), "sha256", s.container_sha256)
        at = self._proves(n)
        if at is not None:
            given = add(top, VR, "POEProvisioning")
            add(given, VR, "POETime", utc(at))
            for earlier in self._report.signatures[:n]:
                name = add(given, VR, "SignatureReference")
                add(name, VR, "PAdESFieldName", earlier.field_name)
        self._signature(add(top, VR, "ValidationReport"), n, s)

    def _evidence(self) -> None:
        for e in self._report.evidence:
            self._object(_OBJECTS[e.kind], e.sha256)

    def _document(self) -> None:
        self._object("signedData", self._report.sha256)

    # -- who says so -------------------------------------------------------------------------------

    def _validator(self, root: etree._Element, certificate: bytes | None) -> None:
        r = self._report
        top = add(root, VR, "SignatureValidator")
        identity = add(top, VR, "DigitalId")
        if certificate is not None:
            add(identity, TSL, "X509Certificate", b64(certificate))
        else:
            add(add(identity, TSL, "Other"), OURS, "Software", r.software)
        other = add(top, VR, "OtherInformation")
        document = add(
            other,
            OURS,
            "Document",
            sha256=r.sha256,
            bytes=str(r.size),
            pages=None if r.pages is None else str(r.pages),
            integrity=r.integrity,
            indication=r.indication,
        )
        said = verdict(r).headline
        add(document, OURS, "Verdict", said.vi, lang="vi")
        add(document, OURS, "Verdict", said.en, lang="en")
        for name in r.active_content:
            add(document, OURS, "ActiveContent", name)
        document.extend(_reason(reason) for reason in self._of_document)
        made = add(
            other,
            OURS,
            "MadeWith",
            validationTime=utc(r.validation_time),
            software=r.software,
            trustDigest=r.trust_digest,
            policyDigest=r.policy_digest,
        )
        for a in r.anchors:
            purposes = " ".join(a.purposes)
            add(made, OURS, "Anchor", a.origin, sha256=a.sha256, purposes=purposes)


_SHOWN = "ValidationObjectRepresentation"


def _reasons(data: etree._Element, reasons: Iterable[Reason]) -> None:
    found = [_reason(r) for r in reasons]
    if not found:
        return
    more = add(data, VR, "AdditionalValidationReportData")
    for reason in found:
        item = add(more, VR, "ReportData")
        add(item, VR, "Type", f"{OURS}:reason")
        add(item, VR, "Value").append(reason)


def _reason(r: Reason) -> etree._Element:
    top = etree.Element(qualified(OURS, "Reason"), code=r.code)
    for lang, sentence, remedy in (("vi", r.vi, r.remedy_vi), ("en", r.en, r.remedy_en)):
        add(top, OURS, "Sentence", sentence, lang=lang)
        add(top, OURS, "Remedy", remedy, lang=lang)
    return top


def _name_of(sha256: str) -> str:
    """Return a URI that is the digest, so that nobody has to be asked what it means: RFC 6920."""
    value = base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode()
    return "ni:///sha-256;" + value.rstrip("=")


def _document_id(report: ValidationReport) -> str:
    return f"D-{report.sha256.upper()}"


def _stamp_id(report: ValidationReport, n: int) -> str:
    s = report.signatures[n]
    named = s.container_sha256
    if named is None or any(
        s.container_sha256 == o.container_sha256 for o in report.signatures[:n]
    ):
        # Not known, or the same token twice: its place in this very file identifies it.
        named = hashlib.sha256(f"{report.sha256} {n}".encode()).hexdigest()
    return f"T-{named.upper()}"
