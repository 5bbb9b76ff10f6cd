"""Print docs/verification/vectors.md: what is tried, and how often.

PYTHONPATH=.:tests .venv/bin/python -m vectors.page > docs/verification/vectors.md
"""

import sys
from collections import Counter

from vectors import attacks, subindications, trust
from vectors.hostile import FAMILIES, UNTRUSTED, shapes, variants
from vectors.liars import LIARS
from vectors.paths import PATHS
from vectors.registry import VECTORS

MODULES = (attacks, subindications, trust)


def page() -> str:
    lying = Counter(x.kind for x in LIARS if not x.honest)
    bad = len([p for p in PATHS if not p.good])
    broken = len([v for v in VECTORS if v.integrity in ("ALTERED", "UNREADABLE")])
    families = {name: len(variants(name)) for name in FAMILIES}
    total = sum(families.values()) + sum(lying.values()) + bad + broken
    lines = [
        "# The documents that validation is tried on",
        "",
        (
            "Made by `PYTHONPATH=.:tests .venv/bin/python -m vectors.page`; a test keeps it equal to the "
            "code. Every file is made at test time, with a key of its own; none is stored."
        ),
        "",
        (
            f"{len(VECTORS)} vectors, each wrong in one thing alone (or in none), with the verdict that it "
            f"must get. {total} hostile documents, of which none may be accepted:"
        ),
        "",
        "| attack | documents | must not be |",
        "|---|---|---|",
    ]
    for name, n in families.items():
        limit = "TOTAL-PASSED" if name in UNTRUSTED else "INTACT, TOTAL-PASSED"
        lines.append(f"| {name} | {n} | {limit} |")
    lines += [f"| lying {kind} in the document | {n} | TOTAL-PASSED |" for kind, n in lying.items()]
    lines += [
        f"| certificate path with a defect | {bad} | TOTAL-PASSED |",
        f"| vectors that are altered or unreadable | {broken} | INTACT, TOTAL-PASSED |",
        "",
        (
            f"Beside them stand the same documents untouched ({len(shapes())} shapes), with honest "
            f"time-stamps and answers ({len([x for x in LIARS if x.honest])}) and on good paths "
            f"({len(PATHS) - bad}): all of them pass, so that refusing everything would fail as well."
        ),
        "",
        (
            "NIST's PKITS and x509-limbo are not to be had from a package registry with their data. The "
            f"{len(PATHS)} certificate paths are made here, after the same clauses of RFC 5280."
        ),
        "",
        (
            "`PYTHONPATH=.:tests .venv/bin/python -m vectors.write DIR --hostile` writes all of them as "
            "files, with what is expected of each; [accuracy.md](accuracy.md) sets the answers of others "
            "beside ours."
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
