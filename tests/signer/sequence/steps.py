"""The three hands, one after the other, as signatures alone."""

import re
import subprocess

from certs.model import RevocationMaterial
from signer.appearance import AppearanceKind
from signer.fields import FieldUse, FieldValue
from signer.validation.job import VALIDATE, ValidationRequest
from signer.validation.report import Level

VALUES = tuple(
    FieldValue(use=use, value=value)
    for use, value in ((FieldUse.NUMBER, "126"), (FieldUse.DAY, "09"), (FieldUse.MONTH, "10"))
)
_SIGNED = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


def identity(house, purpose):
    return next(i.id for i in house.identities.list() if i.purpose == purpose)


def three_hands(house, paper, fields, folder, *, level=Level.B_LT, initials=True, values=VALUES):
    """Return the paths after each signature."""
    made = [paper]

    def step(who, use, **more):
        target = folder / f"{len(made)}.pdf"
        made.append(house.sign(made[-1], target, who, level=level, field_name=use, **more).path)

    first = {"fields": fields}
    if initials:
        step(identity(house, "drafter"), FieldUse.INITIALS.value, **first)
        first = {}
    step("lanh-dao-1", FieldUse.LEADER.value, **first)
    step(
        identity(house, "seal"),
        FieldUse.SEAL.value,
        appearance=AppearanceKind.SEAL,
        values=values,
    )
    return made[1:]


def judge(house, pdf):
    request = ValidationRequest(
        trust=house.trust, at=house.clock.now(), material=RevocationMaterial(), offline=True
    )
    return house.sandbox.run(VALIDATE, request, pdf=pdf)


def pdfsig(path):
    return subprocess.run(
        ["pdfsig", "-nocert", str(path)], check=True, capture_output=True, text=True
    ).stdout


def vgca_rule(data):
    """At most one %%EOF between consecutive signed revisions, and the last covers the file."""
    ends = sorted(int(m[2]) + int(m[3]) for m in _SIGNED.finditer(data))
    between = [data[a:b].count(b"%%EOF") for a, b in zip([0, *ends], ends, strict=False)]
    return all(n <= 1 for n in between[1:]) and ends[-1] == len(data), between
