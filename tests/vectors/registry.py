"""What a vector is: a function that makes one PDF, and the verdict that it must get."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from certs.model import RevocationMaterial, TrustAnchor, TrustPurpose, TrustStore
from vectors.pki import NOW, pki


def trusting(
    *ders: bytes, purposes: frozenset[TrustPurpose] = frozenset(TrustPurpose)
) -> TrustStore:
    return TrustStore(
        anchors=tuple(TrustAnchor(certificate=d, purposes=purposes, origin="vectors") for d in ders)
    )


@dataclass
class Case:
    """A PDF with what it is validated against."""

    pdf: bytes
    trust: TrustStore = field(default_factory=lambda: trusting(pki().root.der))
    at: datetime = NOW
    material: RevocationMaterial = field(default_factory=RevocationMaterial)


@dataclass(frozen=True)
class Vector:
    """A case and its verdict. `None` means: not looked at."""

    name: str
    make: Callable[[], Case]
    integrity: str
    indication: str | None
    sub: str | None = None
    """Sub-indication of the first signature."""
    after: str | None = None
    """changes_after of the first signature."""
    code: str | None = None
    """A reason that must be given."""
    level: str | None = None
    doc: str | None = None
    """What alone is wrong."""


VECTORS: list[Vector] = []


def vector(integrity: str, indication: str | None, **more: str | None):
    """Register a function that returns a `Case`, or a PDF validated with the usual trust."""

    def register(make):
        def case() -> Case:
            made = make()
            return made if isinstance(made, Case) else Case(made)

        assert "(and only" in (make.__doc__ or ""), (
            f"{make.__name__} does not say what alone is wrong"
        )
        VECTORS.append(Vector(make.__name__, case, integrity, indication, doc=make.__doc__, **more))
        return make

    return register
