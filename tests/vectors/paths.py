"""Path validation (RFC 5280 clause 6), one defect each, in the spirit of NIST's PKITS.

Neither PKITS nor x509-limbo is to be had from a package registry with its data; these are ours.
Everything else is in order: evidence for the whole path is at hand, so that nothing but the defect
can decide. Those that are good stand between the bad ones, so that neither half can pass by itself.
"""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from certs.model import RevocationMaterial
from vectors.make import base, sign
from vectors.pki import DAY, NOW, Entity, crl, issue, name_of
from vectors.registry import Case, trusting
from vectors.trust import HOUR

POLICY_A = ObjectIdentifier("1.3.6.1.4.1.99999.1")
POLICY_B = ObjectIdentifier("1.3.6.1.4.1.99999.2")


@dataclass(frozen=True)
class PathCase:
    name: str
    good: bool
    make: Callable[[], Case]
    doc: str


PATHS: list[PathCase] = []


def path(*, good: bool):
    def register(make):
        assert "(and only" in make.__doc__

        def case() -> Case:
            leaf, authorities = make()
            root = authorities[0]
            crls = tuple(crl(a, at=NOW - HOUR) for a in authorities)
            material = RevocationMaterial(crls=crls)
            return Case(sign(base(), leaf), trust=trusting(root.der), material=material)

        PATHS.append(PathCase(make.__name__, good, case, make.__doc__))
        return make

    return register


def three(name: str, *, root: dict | None = None, ca: dict | None = None, leaf: dict | None = None):
    """A root, an authority, a signer; each with what makes it special."""
    r = issue(f"{name} root", None, ca=True, **(root or {}))
    c = issue(f"{name} CA", r, **({"ca": True} | (ca or {})))
    return issue(f"{name} signer", c, **(leaf or {})), [r, c]


def policies(*oids: ObjectIdentifier) -> tuple[x509.ExtensionType, bool]:
    return x509.CertificatePolicies([x509.PolicyInformation(o, None) for o in oids]), False


def names(*, permitted: Sequence[x509.GeneralName] = (), excluded: Sequence[x509.GeneralName] = ()):
    return x509.NameConstraints(list(permitted) or None, list(excluded) or None), True


@path(good=True)
def plain():
    """A root, an authority, a signer (and only that)."""
    return three("Plain")


@path(good=False)
def authority_without_basic_constraints():
    """The authority has no basic constraints (and only that)."""
    return three("No BC", ca={"constraints": False})


@path(good=False)
def authority_that_is_none():
    """The authority says CA:FALSE, with the key usages of one (and only that)."""
    return three("False", ca={"ca": False, "usage": ["key_cert_sign", "crl_sign"]})


@path(good=False)
def authority_without_cert_sign():
    """The authority's key usage lacks keyCertSign (and only that)."""
    r = issue("No sign root", None, ca=True)
    flags = dict.fromkeys(
        (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
            "key_agreement", "key_cert_sign", "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    usage = x509.KeyUsage(crl_sign=True, **flags)
    c = issue("No sign CA", r, ca=True, replace=[usage])
    return issue("No sign signer", c), [r, c]


@path(good=True)
def path_length_just_enough():
    """pathLenConstraint is 0 and the signer comes next (and only just)."""
    return three("Zero", ca={"path_length": 0})


@path(good=False)
def path_length_exceeded():
    """pathLenConstraint is 0 and another authority follows (and only that)."""
    leaf, (r, c) = three("Long", ca={"path_length": 0})
    below = issue("Long sub-CA", c, ca=True)
    del leaf
    return issue("Long signer 2", below), [r, c, below]


@path(good=True)
def path_length_of_two_levels():
    """pathLenConstraint is 1 and one authority follows (and only one)."""
    _, (r, c) = three("Two", ca={"path_length": 1})
    below = issue("Two sub-CA", c, ca=True)
    return issue("Two signer 2", below), [r, c, below]


@path(good=False)
def leaf_issues_leaf():
    """A signer's certificate has issued another (and only that)."""
    leaf, (r, c) = three("Leaf")
    return issue("Leaf of leaf", leaf), [r, c, leaf]


@path(good=False)
def expired_authority():
    """The authority has expired (and only that)."""
    return three("Old", ca={"valid": (NOW - 400 * DAY, NOW - DAY)})


@path(good=False)
def authority_of_tomorrow():
    """The authority is not yet valid (and only that)."""
    return three("New", ca={"valid": (NOW + DAY, NOW + 400 * DAY)})


@path(good=False)
def signature_of_another_key():
    """The signer's certificate is signed by a stranger (and only under the authority's name)."""
    thief = issue("Thief", None, ca=True)
    return three("Forged", leaf={"signed_by": thief})


@path(good=False)
def authority_signed_by_another_key():
    """The authority's certificate is signed by a stranger (and only under the root's name)."""
    thief = issue("Thief 2", None, ca=True)
    return three("Forged CA", ca={"signed_by": thief})


@path(good=False)
def unknown_critical_extension_in_the_signer():
    """The signer's certificate has a critical extension that nobody knows (and only that)."""
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.77"), b"\x05\x00")
    return three("Odd", leaf={"more": [(odd, True)]})


@path(good=True)
def unknown_extension_that_is_not_critical():
    """The signer's certificate has an extension that nobody knows (and only a harmless one)."""
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.77"), b"\x05\x00")
    return three("Odd but harmless", leaf={"more": [(odd, False)]})


@path(good=False)
def unknown_critical_extension_in_the_authority():
    """The authority's certificate has a critical extension that nobody knows (and only that)."""
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.78"), b"\x05\x00")
    return three("Odd CA", ca={"more": [(odd, True)]})


def _agency(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
        ]
    )


def _person(agency: str, cn: str) -> x509.Name:
    return x509.Name([*_agency(agency), x509.NameAttribute(NameOID.COMMON_NAME, cn)])


@path(good=True)
def name_within_what_is_permitted():
    """The authority may name people of one agency, and does (and only that one)."""
    within = names(permitted=[x509.DirectoryName(_agency("Bộ A"))])
    return three("Within", ca={"more": [within]}, leaf={"named": _person("Bộ A", "Within signer")})


@path(good=False)
def name_outside_what_is_permitted():
    """The authority may name people of one agency, and names another's (and only that)."""
    within = names(permitted=[x509.DirectoryName(_agency("Bộ A"))])
    return three(
        "Outside", ca={"more": [within]}, leaf={"named": _person("Bộ B", "Outside signer")}
    )


@path(good=False)
def name_that_is_excluded():
    """The authority may not name people of one agency, and does (and only that)."""
    without = names(excluded=[x509.DirectoryName(_agency("Bộ A"))])
    return three(
        "Excluded", ca={"more": [without]}, leaf={"named": _person("Bộ A", "Excluded signer")}
    )


@path(good=False)
def mail_address_outside_what_is_permitted():
    """The authority may certify addresses of one host, and certifies another's (and only that)."""
    within = names(permitted=[x509.RFC822Name("a.gov.vn")])
    address = x509.SubjectAlternativeName([x509.RFC822Name("x@b.gov.vn")])
    return three("Mail", ca={"more": [within]}, leaf={"more": [(address, False)]})


@path(good=False)
def host_that_is_excluded():
    """The authority may not certify a host's address, and does (and only that)."""
    net = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("10.1.2.3"))])
    return three("Host", ca={"more": [names(excluded=[net])]}, leaf={"more": [(address, False)]})


@path(good=False)
def explicit_policy_required_and_none_given():
    """The authority requires an explicit policy at once, the signer has none (and only that)."""
    required = x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None)
    return three("Explicit", ca={"more": [policies(POLICY_A), (required, True)]})


@path(good=False)
def explicit_policy_required_and_another_given():
    """The authority requires its own policy, the signer has another (and only that)."""
    required = x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None)
    return three(
        "Another",
        ca={"more": [policies(POLICY_A), (required, True)]},
        leaf={"more": [policies(POLICY_B)]},
    )


@path(good=True)
def explicit_policy_required_and_given():
    """The authority requires an explicit policy, the signer has it (and only that one)."""
    required = x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None)
    return three(
        "Given",
        ca={"more": [policies(POLICY_A), (required, True)]},
        leaf={"more": [policies(POLICY_A)]},
    )


@path(good=False)
def any_policy_inhibited():
    """anyPolicy is inhibited and all that the signer has, under a required one (and only that)."""
    required = x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None)
    anything = ObjectIdentifier("2.5.29.32.0")
    return three(
        "Inhibited",
        ca={"more": [policies(POLICY_A), (required, True), (x509.InhibitAnyPolicy(0), True)]},
        leaf={"more": [policies(anything)]},
    )


@path(good=False)
def signature_algorithm_that_differs_inside():
    """The certificate names one algorithm inside and another outside (and only that)."""
    from asn1crypto import x509 as ax509

    leaf, authorities = three("Two algorithms")
    c = ax509.Certificate.load(leaf.der)
    inside = c["tbs_certificate"]["signature"].dump()
    outside = ax509.SignedDigestAlgorithm({"algorithm": "sha384_ecdsa"}).dump()
    forged = leaf.der[: len(leaf.der)]
    at = forged.rindex(inside)
    forged = forged[:at] + outside + forged[at + len(inside) :]
    assert len(forged) == len(leaf.der)
    return Entity(leaf.name, _Raw(forged, leaf.certificate), leaf.key, leaf.issuer), authorities


@path(good=False)
def authority_of_the_same_name():
    """An authority of the right name and another key is in the container (and only that one)."""
    leaf, (r, c) = three("Namesake")
    other = issue("Namesake other", r, ca=True, named=name_of("Namesake CA"))
    forged = issue("Namesake victim", other)
    del leaf
    return Entity("x", forged.certificate, forged.key, c), [r, c]


class _Raw:
    """A certificate that no library would make: only its bytes count."""

    def __init__(self, der: bytes, like: x509.Certificate) -> None:
        self._der = der
        self.serial_number = like.serial_number
        self.subject = like.subject

    def public_bytes(self, encoding: object) -> bytes:
        return self._der
