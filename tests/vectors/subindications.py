"""One file per sub-indication of EN 319 102-1 that can come out of a validation here.

Those that other vectors produce as well are named in docs/verification/sub-indications.md.
"""

from cryptography.x509 import OCSPNoCheck
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.model import RevocationMaterial
from vectors.craft import attribute, resigned, signed_bytes, stamped, token, without
from vectors.make import base, sign
from vectors.pki import DAY, NOW, crl, issue, ocsp_answer, pki
from vectors.registry import Case, trusting, vector
from vectors.trust import HOUR, evidence

PASSED, UNSURE, FAILED = "TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"


def content_stamp(pdf: bytes, at, by):
    """Add a content time-stamp of `at` and sign anew."""
    made = token(signed_bytes(pdf), pki().tsa, at)
    return resigned(pdf, by, lambda a: [*a, attribute("content_time_stamp", made)])


@vector("INTACT", FAILED, sub="REVOKED", code="certificate.revoked")
def signed_after_it_was_revoked():
    """A content time-stamp proves that the signature is younger than the revocation (and only that)."""
    p = pki()
    pdf = content_stamp(sign(base(), p.leader), NOW - HOUR, p.leader)
    late = RevocationMaterial(
        crls=(
            crl(p.ca, [(p.leader, NOW - 5 * DAY)], at=NOW - HOUR),
            crl(p.root, at=NOW - HOUR),
        )
    )
    return Case(pdf, material=late)


@vector("INTACT", FAILED, sub="EXPIRED", code="certificate.expired_before")
def signed_after_it_had_expired():
    """A content time-stamp proves that the signature is younger than the expiry (and only that)."""
    p = pki()
    old = issue("Expired before", p.ca, valid=(NOW - 400 * DAY, NOW - 10 * DAY))
    return Case(content_stamp(sign(base(), old), NOW - HOUR, old), material=evidence())


@vector("INTACT", UNSURE, sub="TIMESTAMP_ORDER_FAILURE", code="timestamp.order")
def stamps_in_the_wrong_order():
    """The content time-stamp is younger than the signature's own (and only that)."""
    p = pki()
    pdf = content_stamp(sign(base(), p.leader), NOW - HOUR, p.leader)
    pdf = stamped(pdf, lambda value: token(value, p.tsa, NOW - 3 * DAY))
    return Case(pdf, material=evidence())


@vector("INTACT", PASSED)
def stamps_in_the_right_order():
    """The content time-stamp is older than the signature's own (and only so far does it speak)."""
    p = pki()
    pdf = content_stamp(sign(base(), p.leader), NOW - 2 * HOUR, p.leader)
    return Case(stamped(pdf, lambda value: token(value, p.tsa, NOW - HOUR)), material=evidence())


@vector("INTACT", UNSURE, sub="SIG_CONSTRAINTS_FAILURE", code="signature.constraints")
def signing_certificate_not_bound():
    """The signing-certificate attribute is missing (and only that: PAdES asks for it)."""
    p = pki()
    pdf = resigned(sign(base(), p.leader), p.leader, without("signing_certificate_v2"))
    return Case(pdf, material=evidence())


@vector("INTACT", UNSURE, sub="CERTIFICATE_CHAIN_GENERAL_FAILURE", code="chain.failure")
def issued_by_a_certificate_that_is_no_authority():
    """The issuer's basic constraints say CA:FALSE (and only that)."""
    p = pki()
    clerk = issue("No authority", p.ca, usage=["key_cert_sign", "crl_sign", "digital_signature"])
    leaf = issue("Leaf of none", clerk)
    material = RevocationMaterial(
        crls=(crl(p.ca, at=NOW - HOUR), crl(p.root, at=NOW - HOUR), crl(clerk, at=NOW - HOUR))
    )
    return Case(sign(base(), leaf), material=material)


@vector("INTACT", UNSURE, sub="CRYPTO_CONSTRAINTS_FAILURE", code="algorithm.weak")
def a_curve_that_was_never_accepted():
    """The key is on P-192 (and only that: no date makes it good)."""
    small = issue("P-192", pki().ca, kind="p192")
    return Case(sign(base(), small), material=evidence())


@vector("INTACT", UNSURE, sub="CRYPTO_CONSTRAINTS_FAILURE_NO_POE", code="algorithm.weak")
def a_digest_whose_time_is_over():
    """The digest is SHA-1 (and only that: a proof from before 2012 would save it)."""
    weak = issue("RSA with SHA-1", pki().ca, kind="rsa2048")
    return Case(sign(base(), weak, digest="sha1"), material=evidence())


@vector("UNDECIDED", UNSURE, sub="NO_SIGNING_CERTIFICATE_FOUND", code="signature.no_certificate")
def the_signer_is_not_in_the_container():
    """The container names a certificate that is nowhere (and only that one is left out)."""
    p = pki()

    def drop(parts):
        parts.certificates.remove(p.leader.der)

    return Case(resigned(sign(base(), p.leader), p.leader, more=drop), material=evidence())


@vector("INTACT", UNSURE, sub="REVOCATION_OUT_OF_BOUNDS_NO_POE", code="revocation.out_of_bounds")
def answered_by_a_responder_that_has_expired():
    """The OCSP answer still speaks (and only its responder's certificate has expired)."""
    p = pki()
    responder = issue(
        "Expired responder", p.ca, valid=(NOW - 90 * DAY, NOW - DAY),
        extended=[ExtendedKeyUsageOID.OCSP_SIGNING], usage=["digital_signature"],
        more=[(OCSPNoCheck(), False)],
    )  # fmt: skip
    said = ocsp_answer(p.leader, at=NOW - 2 * DAY, hours=24 * 7, responder=responder)
    material = RevocationMaterial(crls=(crl(p.root, at=NOW - HOUR),), ocsp_responses=(said,))
    return Case(sign(base(), p.leader), material=material)


@vector("INTACT", UNSURE, sub="NO_POE", code="renewal.needed")
def evidence_of_an_authority_that_has_expired_since():
    """The authority has expired (and only no time-stamp proves that its CRL is older than that)."""
    root = issue("Lasting root", None, ca=True, valid=(NOW - 400 * DAY, NOW + 800 * DAY))
    brief = issue("Brief CA", root, ca=True, valid=(NOW - 300 * DAY, NOW + 10 * DAY))
    leaf = issue("Leaf of brief", brief, valid=(NOW - 300 * DAY, NOW + 10 * DAY))
    tsa = issue(
        "TSA of lasting root", root, kind="rsa2048", valid=(NOW - 300 * DAY, NOW + 600 * DAY),
        extended=[ExtendedKeyUsageOID.TIME_STAMPING], critical_extended=True,
    )  # fmt: skip
    pdf = sign(base(), leaf, stamp=(tsa, NOW - HOUR))
    at = NOW + 30 * DAY
    material = RevocationMaterial(
        crls=(crl(brief, at=NOW), crl(root, at=at - DAY), crl(root, at=NOW))
    )
    return Case(pdf, trust=trusting(root.der), at=at, material=material)


@vector("INTACT", PASSED)
def evidence_of_an_expired_authority_inside_the_signed_revision():
    """The authority has expired (and only the time-stamp over its CRL proves that it is older)."""
    root = issue("Lasting root 2", None, ca=True, valid=(NOW - 400 * DAY, NOW + 800 * DAY))
    brief = issue("Brief CA 2", root, ca=True, valid=(NOW - 300 * DAY, NOW + 10 * DAY))
    leaf = issue("Leaf of brief 2", brief, valid=(NOW - 300 * DAY, NOW + 10 * DAY))
    tsa = issue(
        "TSA of lasting root 2", root, kind="rsa2048", valid=(NOW - 300 * DAY, NOW + 600 * DAY),
        extended=[ExtendedKeyUsageOID.TIME_STAMPING], critical_extended=True,
    )  # fmt: skip
    pdf = sign(
        base(), leaf, stamp=(tsa, NOW - HOUR),
        store=[e.der for e in leaf.chain + tsa.chain],
        crls=[crl(brief, at=NOW - 2 * HOUR), crl(root, at=NOW - 2 * HOUR)],
    )  # fmt: skip
    return Case(pdf, trust=trusting(root.der), at=NOW + 30 * DAY)


@vector("UNDECIDED", UNSURE, sub="GENERIC", code="signature.encoding")
def algorithm_protection_names_another_algorithm():
    """The CMS algorithm protection names SHA-512 (and only that: RFC 6211)."""
    from asn1crypto import cms

    p = pki()

    def lie(attributes):
        said = cms.CMSAlgorithmProtection(
            {
                "digest_algorithm": {"algorithm": "sha512"},
                "signature_algorithm": cms.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            }
        )
        kept = without("cms_algorithm_protection")(attributes)
        return [*kept, attribute("cms_algorithm_protection", said)]

    return Case(resigned(sign(base(), p.leader), p.leader, lie), material=evidence())
