"""Time-stamps and revocation answers that lie, embedded in documents that depend on them.

1. A document here is TOTAL-PASSED only if the one token or answer in question is believed: the
   signer of the time-stamped ones has expired since, the others carry no second answer.
2. `honest` is the same document with the truth, and passes: so the liars can be caught lying.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from asn1crypto import cms
from asn1crypto import ocsp as aocsp
from asn1crypto import x509 as ax509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from vectors.craft import (
    Parts,
    attribute,
    bound_to,
    signed_bytes,
    stamped,
    tlv,
    token,
    value_over,
    with_der,
    without,
)
from vectors.make import base, document_stamp, sign
from vectors.pki import DAY, NOW, Entity, crl, issue, ocsp_answer, pki
from vectors.registry import Case

HOUR = timedelta(hours=1)
STAMPING = {"kind": "rsa2048", "extended": [ExtendedKeyUsageOID.TIME_STAMPING]}
LATER = NOW + 30 * DAY
"""When the signer of a time-stamped document has expired."""


@dataclass(frozen=True)
class Liar:
    name: str
    kind: str
    """`time-stamp`, `document time-stamp`, `ocsp` or `crl`."""
    make: Callable[[], Case]
    honest: bool = False


LIARS: list[Liar] = []


# -- time-stamps -----------------------------------------------------------------------------------


@cache
def _brief() -> Entity:
    return issue("Brief signer", pki().ca, valid=(NOW - 10 * DAY, NOW + DAY))


@cache
def _unstamped() -> bytes:
    """A signature whose evidence is embedded; only its time is not proven."""
    p, by = pki(), _brief()
    return sign(
        base(), by,
        store=[e.der for e in by.chain + p.tsa.chain],
        crls=[crl(p.ca, at=NOW - 2 * HOUR), crl(p.root, at=NOW - 2 * HOUR)],
    )  # fmt: skip


def _tokens() -> dict[str, Callable[[bytes], cms.ContentInfo]]:
    """Name → what makes a token over what it should cover."""
    p, at = pki(), NOW - HOUR
    usual, tsa = {"at": at}, p.tsa

    def of(entity: Entity, **lie):
        return lambda over: token(over, entity, **(usual | lie))

    def another(cn: str, issuer: Entity | None = p.root, **how) -> Entity:
        return issue(cn, issuer, **(STAMPING | {"critical_extended": True} | how))

    two = [ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING]
    old = (NOW - 90 * DAY, NOW - 5 * DAY)
    young = (NOW - HOUR / 2, NOW + 300 * DAY)

    def altered(over: bytes) -> cms.ContentInfo:
        parts = Parts.of(token(b"something else", tsa, at).dump())
        parts.content = Parts.of(token(over, tsa, at).dump()).content
        return cms.ContentInfo.load(parts.dump())

    return {
        "imprint of something else": lambda _: token(b"something else", tsa, at),
        "imprint cut short": lambda o: token(o, tsa, at, imprint=hashlib.sha256(o).digest()[:16]),
        "imprint empty": of(tsa, imprint=b""),
        "imprint under the wrong name": lambda o: token(
            o, tsa, at, imprint=hashlib.sha256(o).digest(), algorithm="sha512"
        ),
        "imprint by MD5": of(tsa, algorithm="md5"),
        "imprint by SHA-1": of(tsa, algorithm="sha1"),
        "authority of a stranger": of(another("Strange TSA", issue("Strange root", None, ca=True))),
        "authority of its own": of(another("Own TSA", None)),
        "authority of the right name": of(another("TSA", None)),
        "a signer for an authority": of(issue("No TSA", p.ca, kind="rsa2048")),
        "usage not critical": of(another("Lax TSA 2", critical_extended=False)),
        "usage for more than stamping": of(another("Busy TSA", extended=two)),
        "usage for code": of(another("Code TSA", extended=[ExtendedKeyUsageOID.CODE_SIGNING])),
        "authority expired before": of(another("Late TSA", valid=old)),
        "authority of the day after": of(another("Young TSA", valid=young), at=NOW - 5 * DAY),
        "value spoiled": of(tsa, spoil=True),
        "value of another key": of(tsa, by=p.seal),
        "statement altered after signing": altered,
        "time after the validation": of(tsa, at=LATER + 2 * DAY),
        "time after the signer's end": of(tsa, at=NOW + 5 * DAY),
        "kind of content not a token": of(tsa, content_type="data"),
        "statement that is none": of(tsa, content=b"\x30\x00"),
        "two signers": of(tsa, signers=2),
        "no signer": of(tsa, signers=0),
        "certificate bound to another": of(
            tsa, attributes=lambda a: [*without("signing_certificate_v2")(a), bound_to(p.seal)]
        ),
        "digest of the statement missing": of(tsa, attributes=without("message_digest")),
        "kind of content missing": of(tsa, attributes=without("content_type")),
        "digest of the statement twice": of(
            tsa, attributes=lambda a: [*a, attribute("message_digest", bytes(32))]
        ),
    }


def _time_stamps() -> None:
    for name, make in _tokens().items():
        LIARS.append(
            Liar(name, "time-stamp", lambda m=make: Case(stamped(_unstamped(), m), at=LATER))
        )
        LIARS.append(
            Liar(name, "document time-stamp", lambda m=make: Case(_restamped(m), at=LATER))
        )
    honest = lambda over: token(over, pki().tsa, NOW - HOUR)  # noqa: E731 - like the liars
    LIARS.append(
        Liar("honest", "time-stamp", lambda: Case(stamped(_unstamped(), honest), at=LATER), True)
    )
    LIARS.append(
        Liar("honest", "document time-stamp", lambda: Case(_restamped(honest), at=LATER), True)
    )


@cache
def _document_stamped() -> bytes:
    return document_stamp(_unstamped(), pki().tsa, NOW - HOUR)


def _restamped(make: Callable[[bytes], cms.ContentInfo]) -> bytes:
    """Put another token into the document time-stamp's gap."""
    pdf = _document_stamped()
    return with_der(pdf, make(signed_bytes(pdf)).dump())


_time_stamps()


# -- revocation answers ----------------------------------------------------------------------------


def answered(*, ocsps: tuple[bytes, ...] = (), crls: tuple[bytes, ...] = ()) -> Case:
    """A document that carries these answers about its signer, and the root's about the authority."""
    p = pki()
    return Case(
        sign(
            base(), p.leader,
            store=[e.der for e in p.leader.chain],
            ocsps=ocsps, crls=[*crls, crl(p.root, at=NOW - HOUR)],
        )
    )  # fmt: skip


def liar(name: str, kind: str, *, honest: bool = False):
    def register(make):
        LIARS.append(Liar(name, kind, make, honest))
        return make

    return register


def _ocsp(name: str, **how) -> None:
    def make() -> Case:
        return answered(ocsps=(ocsp_answer(pki().leader, **({"at": NOW - HOUR} | how)),))

    LIARS.append(Liar(name, "ocsp", make, name == "honest"))


def _crl(name: str, **how) -> None:
    def make() -> Case:
        by = how.get("issuer") or pki().ca
        rest = {k: v for k, v in how.items() if k != "issuer"}
        return answered(crls=(crl(by, **({"at": NOW - HOUR} | rest)),))

    LIARS.append(Liar(name, "crl", make, name == "honest"))


def _responder(cn: str, issuer: Entity | None, **how) -> Entity:
    usual = {
        "extended": [ExtendedKeyUsageOID.OCSP_SIGNING], "usage": ["digital_signature"],
        "more": [(x509.OCSPNoCheck(), False)],
    }  # fmt: skip
    return issue(cn, issuer, **(usual | how))


def _revocation() -> None:
    p = pki()
    status = ocsp.OCSPCertStatus
    _ocsp("honest")
    LIARS.append(
        Liar(
            "honest responder", "ocsp",
            lambda: answered(
                ocsps=(ocsp_answer(p.leader, at=NOW - HOUR, responder=_responder("Responder", p.ca)),)
            ),
            honest=True,
        )
    )  # fmt: skip
    _ocsp("signed by a stranger", responder=_responder("Strange responder", None))
    _ocsp("signed by the signer itself", responder=p.leader)
    _ocsp("signed by a colleague", responder=p.seal)
    _ocsp("responder without the usage", responder=_responder("Plain responder", p.ca, extended=[]))
    _ocsp("responder for servers", responder=_responder(
        "Server responder", p.ca, extended=[ExtendedKeyUsageOID.SERVER_AUTH]))  # fmt: skip
    _ocsp("responder of another authority", responder=_responder(
        "Foreign responder", issue("Foreign CA", None, ca=True)))  # fmt: skip
    _ocsp("responder of a sister authority", responder=_responder(
        "Sister responder", issue("Sister CA", p.root, ca=True)))  # fmt: skip
    _ocsp("responder that has expired", responder=_responder(
        "Old responder", p.ca, valid=(NOW - 90 * DAY, NOW - DAY)))  # fmt: skip
    _ocsp("responder of tomorrow", responder=_responder(
        "Young responder", p.ca, valid=(NOW + DAY, NOW + 90 * DAY)))  # fmt: skip
    _ocsp("stale", at=NOW - 30 * DAY)
    _ocsp("of the future", at=NOW + 5 * DAY)
    _ocsp("unknown", status=status.UNKNOWN)
    _ocsp("revoked", status=status.REVOKED, revoked_at=NOW - DAY)
    _crl("honest")
    _crl("signed by a stranger of the same name", issuer=issue(
        "Stranger CA", None, ca=True), named=p.ca)  # fmt: skip
    _crl("signed by a signer in the authority's name", issuer=p.seal, named=p.ca)
    _crl("of another authority", issuer=issue("Sister CA 2", p.root, ca=True))
    _crl("stale", at=NOW - 30 * DAY)
    _crl("of the future", at=NOW + 5 * DAY)
    _crl("names the signer", revoked=[(p.leader, NOW - DAY)])
    _crl("names the signer, long ago", revoked=[(p.leader, NOW - 300 * DAY)])
    _crl("delta alone", more=[(x509.DeltaCRLIndicator(1), True)])
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.79"), b"\x05\x00")
    _crl("unknown critical extension", more=[(odd, True)])
    for name, part in (
        ("for authorities only", {"only_contains_ca_certs": True}),
        ("for attributes only", {"only_contains_attribute_certs": True}),
        ("for another place", {"full_name": [x509.UniformResourceIdentifier("http://x.test/a")]}),
        ("for some reasons only", {"only_some_reasons": frozenset([x509.ReasonFlags.superseded])}),
    ):
        usual = {
            "full_name": None, "relative_name": None, "only_contains_user_certs": False,
            "only_contains_ca_certs": False, "only_some_reasons": None, "indirect_crl": False,
            "only_contains_attribute_certs": False,
        }  # fmt: skip
        _crl(name, more=[(x509.IssuingDistributionPoint(**(usual | part)), True)])


_revocation()


@liar("about another certificate", "ocsp")
def _about_another():
    return answered(ocsps=(ocsp_answer(pki().seal, at=NOW - HOUR),))


@liar("about the same number of another authority", "ocsp")
def _same_number():
    p = pki()
    sister = issue("Sister CA 3", p.root, ca=True)
    alias = Entity("x", p.leader.certificate, p.leader.key, sister)
    said = ocsp_answer(alias, at=NOW - HOUR, responder=p.ca)
    return answered(ocsps=(said,))


@liar("turned from revoked to good", "ocsp")
def _turned():
    p = pki()
    said = ocsp_answer(
        p.leader, at=NOW - HOUR, status=ocsp.OCSPCertStatus.REVOKED, revoked_at=NOW - DAY
    )
    basic = aocsp.OCSPResponse.load(said).basic_ocsp_response
    good = ocsp_answer(p.leader, at=NOW - HOUR)
    data = aocsp.OCSPResponse.load(good).basic_ocsp_response["tbs_response_data"].dump()
    return answered(ocsps=(_wrapped(data, basic["signature"].native, p.ca),))


@liar("value of another key", "ocsp")
def _another_key():
    p = pki()
    good = ocsp_answer(p.leader, at=NOW - HOUR)
    data = aocsp.OCSPResponse.load(good).basic_ocsp_response["tbs_response_data"].dump()
    return answered(ocsps=(_wrapped(data, value_over(data, p.seal), p.ca),))


@liar("weak digest", "ocsp")
def _weak():
    rsa = _responder("RSA responder", pki().ca, kind="rsa2048")
    good = ocsp_answer(pki().leader, at=NOW - HOUR, responder=rsa)
    data = aocsp.OCSPResponse.load(good).basic_ocsp_response["tbs_response_data"].dump()
    value = value_over(data, rsa, hashes.SHA1())  # noqa: S303 - the lie itself
    return answered(ocsps=(_wrapped(data, value, rsa, "sha1_rsa"),))


@liar("weak digest", "crl")
def _weak_list():
    p = pki()
    rsa = issue("RSA CA of lists", p.root, ca=True, kind="rsa2048")
    leaf = issue("Leaf of lists", rsa)
    tbs, _, _ = ax509_crl(crl(rsa, at=NOW - HOUR))
    algorithm = ax509.SignedDigestAlgorithm({"algorithm": "sha1_rsa"}).dump()
    inside = ax509.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}).dump()
    tbs = tbs.replace(inside, algorithm)
    value = value_over(tbs, rsa, hashes.SHA1())  # noqa: S303 - the lie itself
    listed = tlv(0x30, tbs, algorithm, tlv(0x03, b"\0" + value))
    return Case(
        sign(
            base(), leaf, store=[e.der for e in leaf.chain],
            crls=[listed, crl(p.root, at=NOW - HOUR)],
        )
    )  # fmt: skip


@liar("try later", "ocsp")
def _try_later():
    refused = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    return answered(ocsps=(refused.public_bytes(serialization.Encoding.DER),))


@liar("says good and try later at once", "ocsp")
def _both():
    good = ocsp_answer(pki().leader, at=NOW - HOUR)
    return answered(ocsps=(good.replace(b"\x0a\x01\x00", b"\x0a\x01\x03", 1),))


@liar("names nobody", "ocsp")
def _nobody():
    p = pki()
    good = aocsp.OCSPResponse.load(ocsp_answer(p.leader, at=NOW - HOUR))
    data = good.basic_ocsp_response["tbs_response_data"]
    empty = tlv(0x30, data["responder_id"].dump(), data["produced_at"].dump(), tlv(0x30))
    return answered(ocsps=(_wrapped(empty, value_over(empty, p.ca), p.ca),))


@liar("entry taken out after signing", "crl")
def _taken_out():
    p = pki()
    full = ax509_crl(crl(p.ca, [(p.leader, NOW - DAY)], at=NOW - HOUR))
    clean = ax509_crl(crl(p.ca, at=NOW - HOUR))
    return answered(crls=(tlv(0x30, clean[0], full[1], full[2]),))


@liar("algorithm inside is another", "crl")
def _two_algorithms():
    p = pki()
    tbs, _, value = ax509_crl(crl(p.ca, at=NOW - HOUR))
    other = ax509.SignedDigestAlgorithm({"algorithm": "sha384_ecdsa"}).dump()
    return answered(crls=(tlv(0x30, tbs, other, value),))


def ax509_crl(der: bytes) -> tuple[bytes, bytes, bytes]:
    from asn1crypto import crl as acrl

    c = acrl.CertificateList.load(der)
    return c["tbs_cert_list"].dump(), c["signature_algorithm"].dump(), c["signature"].dump()


def _wrapped(data: bytes, value: bytes, by: Entity, algorithm: str = "sha256_ecdsa") -> bytes:
    basic = tlv(
        0x30,
        data,
        ax509.SignedDigestAlgorithm({"algorithm": algorithm}).dump(),
        tlv(0x03, b"\0" + value),
        tlv(0xA0, tlv(0x30, by.der)),
    )
    kind = cms.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1").dump()
    return tlv(0x30, b"\x0a\x01\x00", tlv(0xA0, tlv(0x30, kind, tlv(0x04, basic))))
