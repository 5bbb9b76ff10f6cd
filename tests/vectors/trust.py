"""Vectors about trust and time: bytes are always whole here."""

from datetime import timedelta

from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.model import RevocationMaterial, TrustPurpose
from vectors.make import base, document_stamp, sign
from vectors.pki import DAY, NOW, Entity, crl, issue, ocsp_answer, pki, resigned_with_sha1
from vectors.registry import Case, trusting, vector

HOUR = timedelta(hours=1)
PASSED, UNSURE, FAILED = "TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"


def evidence(at=NOW - HOUR, *, leaf: Entity | None = None) -> RevocationMaterial:
    """Fresh CRLs of both authorities."""
    p = pki()
    answers = (ocsp_answer(leaf, at=at),) if leaf else ()
    return RevocationMaterial(crls=(crl(p.ca, at=at), crl(p.root, at=at)), ocsp_responses=answers)


def store(at=NOW - HOUR, signer: Entity | None = None) -> dict:
    """A DSS for a signature, gathered just before it is made."""
    p = pki()
    return {
        "store": [e.der for e in (signer or p.leader).chain + p.tsa.chain],
        "crls": [crl(p.ca, at=at), crl(p.root, at=at)],
    }


@vector("INTACT", PASSED, level="PAdES-B-B", after="NONE")
def b_b_with_evidence_at_hand():
    """A plain signature, its evidence given (and only that: no time is proven)."""
    return Case(sign(base(), pki().leader), material=evidence())


@vector("INTACT", PASSED, level="PAdES-B-B")
def ocsp_answer_of_the_authority_itself():
    """The leaf's state comes by OCSP (and only the intermediate's by CRL)."""
    p = pki()
    material = RevocationMaterial(
        crls=(crl(p.root),), ocsp_responses=(ocsp_answer(p.leader, at=NOW - HOUR),)
    )
    return Case(sign(base(), p.leader), material=material)


@vector("INTACT", PASSED, level="PAdES-B-T")
def b_t_with_evidence_at_hand():
    """A time-stamp proves the time (and only the evidence is not in the file)."""
    p = pki()
    return Case(sign(base(), p.leader, stamp=(p.tsa, NOW - HOUR)), material=evidence())


@vector("INTACT", PASSED, level="PAdES-B-LT")
def b_lt_offline():
    """Evidence gathered before signing stands in the signature's revision (and only there)."""
    p = pki()
    return sign(base(), p.leader, stamp=(p.tsa, NOW - HOUR / 2), **store())


@vector("INTACT", PASSED, level="PAdES-B-LT")
def b_lt_offline_a_month_later():
    """The answers have long passed their next update (and only the time-stamp proves the time)."""
    p = pki()
    pdf = sign(base(), p.leader, stamp=(p.tsa, NOW - HOUR / 2), **store())
    return Case(pdf, at=NOW + 30 * DAY)


@vector("INTACT", PASSED, level="PAdES-B-LTA", after="LTA")
def b_lta_offline():
    """A document time-stamp covers signature and evidence (and only validation data came after)."""
    p = pki()
    pdf = sign(base(), p.leader, stamp=(p.tsa, NOW - HOUR / 2), **store())
    return document_stamp(pdf, p.tsa, NOW - HOUR / 4)


@vector("INTACT", PASSED, level="PAdES-B-LTA")
def b_lta_after_the_signer_has_expired():
    """The signer expired later (and only the proven time saves the signature)."""
    p = pki()
    brief = issue("Brief", p.ca, valid=(NOW - DAY, NOW + DAY))
    pdf = sign(base(), brief, stamp=(p.tsa, NOW - HOUR / 2), **store(signer=brief))
    return Case(document_stamp(pdf, p.tsa, NOW - HOUR / 4), at=NOW + 60 * DAY)


@vector("INTACT", PASSED)
def revoked_after_the_proven_time():
    """The signer was revoked after the time-stamp (and only after)."""
    p = pki()
    pdf = sign(base(), p.leader, stamp=(p.tsa, NOW - 2 * DAY), **store(NOW - 3 * DAY))
    later = crl(p.ca, [(p.leader, NOW - DAY)], at=NOW - HOUR)
    return Case(pdf, material=RevocationMaterial(crls=(later, crl(p.root, at=NOW - HOUR))))


@vector("INTACT", UNSURE, sub="NO_CERTIFICATE_CHAIN_FOUND", code="chain.not_found")
def unknown_root():
    """Everything is in order (and only the root is nobody's)."""
    p = pki()
    return Case(sign(base(), p.leader), trust=trusting(p.stranger.der), material=evidence())


@vector("INTACT", UNSURE, sub="NO_CERTIFICATE_CHAIN_FOUND")
def no_trust_at_all():
    """Everything is in order (and only there are no anchors)."""
    return Case(sign(base(), pki().leader), trust=trusting(), material=evidence())


@vector("INTACT", UNSURE, sub="NO_CERTIFICATE_CHAIN_FOUND")
def anchor_trusted_for_time_stamps_only():
    """The root is trusted (and only for time-stamping, not for signers)."""
    p = pki()
    trust = trusting(p.root.der, purposes=frozenset({TrustPurpose.TSA}))
    return Case(sign(base(), p.leader), trust=trust, material=evidence())


@vector("INTACT", PASSED)
def anchored_intermediate():
    """The issuing authority itself is the anchor (and only the leaf's evidence is needed)."""
    p = pki()
    material = RevocationMaterial(crls=(crl(p.ca),))
    return Case(sign(base(), p.leader), trust=trusting(p.ca.der), material=material)


@vector("INTACT", UNSURE, sub="TRY_LATER", code="revocation.missing")
def no_revocation_evidence():
    """The path is good (and only nobody says whether it was revoked)."""
    return sign(base(), pki().leader)


@vector("INTACT", UNSURE, sub="TRY_LATER", code="revocation.missing")
def stale_revocation_evidence():
    """The CRL's next update has passed (and only that, with no proven time)."""
    p = pki()
    material = RevocationMaterial(crls=(crl(p.ca, at=NOW - 30 * DAY), crl(p.root)))
    return Case(sign(base(), p.leader), material=material)


@vector("INTACT", UNSURE, sub="TRY_LATER")
def crl_of_another_authority():
    """There is a fresh CRL (and only from an authority of the same name with another key)."""
    p = pki()
    from cryptography.hazmat.primitives.asymmetric import ec

    impostor = Entity(
        "Issuing CA", p.ca.certificate, ec.generate_private_key(ec.SECP256R1()), p.root
    )
    material = RevocationMaterial(crls=(crl(impostor), crl(p.root)))
    return Case(sign(base(), p.leader), material=material)


@vector("INTACT", UNSURE, sub="REVOKED_NO_POE", code="certificate.revoked_no_poe")
def revoked_and_no_proof_of_time():
    """The signer is revoked (and only no time-stamp says when it signed)."""
    p = pki()
    material = RevocationMaterial(crls=(crl(p.ca, [(p.leader, NOW - 5 * DAY)]), crl(p.root)))
    return Case(sign(base(), p.leader), material=material)


@vector("INTACT", UNSURE, sub="REVOKED_NO_POE")
def revoked_by_ocsp():
    """The OCSP answer says revoked (and only that one; the CRL is older)."""
    p = pki()
    said = ocsp_answer(
        p.leader, at=NOW - HOUR, status=ocsp.OCSPCertStatus.REVOKED, revoked_at=NOW - DAY
    )
    material = RevocationMaterial(crls=(crl(p.root),), ocsp_responses=(said,))
    return Case(sign(base(), p.leader), material=material)


@vector("INTACT", UNSURE, sub="REVOKED_NO_POE")
def revoked_before_the_proven_time():
    """The time-stamp is younger than the revocation (and only that)."""
    p = pki()
    pdf = sign(base(), p.leader, stamp=(p.tsa, NOW - HOUR))
    material = RevocationMaterial(
        crls=(crl(p.ca, [(p.leader, NOW - 5 * DAY)], at=NOW - DAY), crl(p.root))
    )
    return Case(pdf, material=material)


@vector("INTACT", UNSURE, sub="REVOKED_CA_NO_POE")
def the_authority_is_revoked():
    """The issuing authority is revoked by the root (and only that)."""
    p = pki()
    material = RevocationMaterial(crls=(crl(p.ca), crl(p.root, [(p.ca, NOW - 5 * DAY)])))
    return Case(sign(base(), p.leader), material=material)


@vector("INTACT", UNSURE, sub="OUT_OF_BOUNDS_NO_POE", code="certificate.expired")
def expired_and_no_proof_of_time():
    """The signer has expired (and only no time-stamp says when it signed)."""
    p = pki()
    old = issue("Old", p.ca, valid=(NOW - 400 * DAY, NOW - DAY))
    return Case(sign(base(), old), material=evidence())


@vector("INTACT", FAILED, sub="NOT_YET_VALID", code="certificate.not_yet_valid")
def signed_before_it_was_valid():
    """The time-stamp is older than the certificate (and only that)."""
    p = pki()
    young = issue("Young", p.ca, valid=(NOW - DAY, NOW + 300 * DAY))
    pdf = sign(base(), young, stamp=(p.tsa, NOW - 10 * DAY))
    return Case(pdf, material=evidence())


@vector("INTACT", UNSURE, sub="CHAIN_CONSTRAINTS_FAILURE", code="chain.constraints")
def certificate_for_web_servers():
    """The extended key usage is serverAuth (and only that)."""
    server = issue("Server", pki().ca, extended=[ExtendedKeyUsageOID.SERVER_AUTH])
    return Case(sign(base(), server), material=evidence())


@vector("INTACT", PASSED)
def certificate_with_the_usages_of_vgca():
    """clientAuth, emailProtection and smart-card logon are what real ones carry (and only those)."""
    card = issue(
        "Card",
        pki().ca,
        extended=[
            ExtendedKeyUsageOID.CLIENT_AUTH,
            ExtendedKeyUsageOID.EMAIL_PROTECTION,
            ExtendedKeyUsageOID.SMARTCARD_LOGON,
        ],
    )
    return Case(sign(base(), card), material=evidence())


@vector("INTACT", UNSURE, sub="CHAIN_CONSTRAINTS_FAILURE")
def certificate_for_encryption():
    """The key usage is keyEncipherment (and only that)."""
    box = issue("Box", pki().ca, usage=["key_encipherment"])
    return Case(sign(base(), box), material=evidence())


@vector("INTACT", UNSURE, code="algorithm.weak")
def sha_1_today():
    """The digest is SHA-1 (and only that): weak, and not altered for it."""
    weak = issue("RSA", pki().ca, kind="rsa2048")
    return Case(sign(base(), weak, digest="sha1"), material=evidence())


@vector("INTACT", UNSURE, code="algorithm.weak")
def rsa_1024_today():
    """The key has 1024 bits (and only that)."""
    weak = issue("RSA-1024", pki().ca, kind="rsa1024")
    return Case(sign(base(), weak), material=evidence())


@vector("INTACT", PASSED, code="algorithm.legacy")
def rsa_2048_until_2029():
    """The key has 2048 bits (and only a dated note comes of it)."""
    usual = issue("RSA-2048", pki().ca, kind="rsa2048")
    return Case(sign(base(), usual), material=evidence())


@vector("INTACT", UNSURE, code="algorithm.weak")
def rsa_2048_in_2030():
    """The same key is validated after its end (and only the calendar has changed)."""
    at = NOW + 1500 * DAY
    p = pki()
    root = issue("Root 2", None, ca=True, valid=(NOW, at + 400 * DAY))
    late = issue("RSA-2048 late", root, kind="rsa2048", valid=(NOW, at + 100 * DAY))
    del p
    material = RevocationMaterial(crls=(crl(root, at=at - DAY),))
    return Case(sign(base(), late), trust=trusting(root.der), at=at, material=material)


@vector("INTACT", UNSURE, code="algorithm.weak")
def certificate_signed_with_sha_1():
    """The authority signed the certificate with SHA-1 (and only that)."""
    p = pki()
    ca = issue("RSA CA", p.root, ca=True, kind="rsa2048")
    leaf = resigned_with_sha1(issue("SHA-1 leaf", ca))
    material = RevocationMaterial(crls=(crl(ca), crl(p.root)))
    return Case(sign(base(), leaf), material=material)


@vector("INTACT", PASSED, code="timestamp.untrusted", level="PAdES-B-T")
def time_stamp_of_a_stranger():
    """The time-stamping authority is unknown (and only its time is then not proven)."""
    p = pki()
    root = issue("Other root", None, ca=True)
    tsa = issue(
        "Other TSA", root, kind="rsa2048",
        extended=[ExtendedKeyUsageOID.TIME_STAMPING], critical_extended=True,
    )  # fmt: skip
    return Case(sign(base(), p.leader, stamp=(tsa, NOW - HOUR)), material=evidence())


@vector("INTACT", PASSED, code="timestamp.invalid")
def time_stamp_whose_usage_is_not_critical():
    """The TSA's extended key usage is not critical (and only that)."""
    p = pki()
    tsa = issue("Lax TSA", p.root, kind="rsa2048", extended=[ExtendedKeyUsageOID.TIME_STAMPING])
    return Case(sign(base(), p.leader, stamp=(tsa, NOW - HOUR)), material=evidence())


@vector("INTACT", PASSED, code="timestamp.invalid")
def time_stamp_by_the_signer_itself():
    """The token is made with a signer's certificate (and only its usage is wrong)."""
    p = pki()
    tsa = issue("Signer as TSA", p.ca, kind="rsa2048")
    return Case(sign(base(), p.leader, stamp=(tsa, NOW - HOUR)), material=evidence())


@vector("INTACT", PASSED, code="timestamp.invalid")
def time_stamp_from_the_future():
    """The token's time lies after the validation (and only that)."""
    p = pki()
    return Case(sign(base(), p.leader, stamp=(p.tsa, NOW + DAY)), material=evidence())


@vector("INTACT", UNSURE, sub="OUT_OF_BOUNDS_NO_POE", code="timestamp.invalid")
def expired_tsa_proves_nothing_any_more():
    """The TSA has expired, and so has the signer (and only a renewal was forgotten)."""
    p = pki()
    tsa = issue(
        "Brief TSA", p.root, kind="rsa2048", valid=(NOW - 10 * DAY, NOW + DAY),
        extended=[ExtendedKeyUsageOID.TIME_STAMPING], critical_extended=True,
    )  # fmt: skip
    brief = issue("Brief 2", p.ca, valid=(NOW - 10 * DAY, NOW + DAY))
    pdf = sign(base(), brief, stamp=(tsa, NOW - HOUR), **store(signer=brief))
    return Case(pdf, at=NOW + 30 * DAY)


@vector("INTACT", UNSURE, code="renewal.needed")
def last_document_time_stamp_has_expired():
    """The document time-stamp's authority has expired (and only a newer one would help)."""
    p = pki()
    tsa = issue(
        "Brief TSA 2", p.root, kind="rsa2048", valid=(NOW - 10 * DAY, NOW + DAY),
        extended=[ExtendedKeyUsageOID.TIME_STAMPING], critical_extended=True,
    )  # fmt: skip
    pdf = sign(base(), p.leader, stamp=(p.tsa, NOW - HOUR / 2), **store())
    return Case(document_stamp(pdf, tsa, NOW - HOUR / 4), at=NOW + 30 * DAY)


@vector("INTACT", PASSED, after="LTA")
def renewed_before_the_first_stamp_expired():
    """A second document time-stamp was added in time (and only it is still valid)."""
    p = pki()
    tsa = issue(
        "Brief TSA 3", p.root, kind="rsa2048", valid=(NOW - 10 * DAY, NOW + DAY),
        extended=[ExtendedKeyUsageOID.TIME_STAMPING], critical_extended=True,
    )  # fmt: skip
    pdf = sign(base(), p.leader, stamp=(tsa, NOW - HOUR / 2), **store())
    pdf = document_stamp(pdf, tsa, NOW - HOUR / 4)
    pdf = document_stamp(
        pdf, p.tsa, NOW + HOUR,
        store=[e.der for e in tsa.chain + p.tsa.chain], crls=[crl(p.root, at=NOW)],
    )  # fmt: skip
    return Case(pdf, at=NOW + 30 * DAY)


@vector("INTACT", UNSURE, after="PERMITTED")
def second_signature_by_a_stranger():
    """A stranger signed after the leader (and only the document's verdict suffers)."""
    p = pki()
    return Case(sign(sign(base(), p.leader), p.stranger, name="Sig2"), material=evidence())


@vector("INTACT", PASSED, after="PERMITTED")
def leader_then_seal():
    """The agency sealed after its leader (and only that)."""
    p = pki()
    pdf = sign(base(), p.leader, certify=2, box=(72, 100, 200, 150))
    return Case(sign(pdf, p.seal, name="Seal", box=(60, 90, 120, 150)), material=evidence())
