"""Write every vector as a file, for validators that are not ours.

    PYTHONPATH=.:tests .venv/bin/python -m vectors.write DIR [--hostile]

`DIR` gets the PDFs by kind, `expected.csv` and `expected.json` that say what the verdict must be,
and `ca/` with the roots that are trusted. A vector about trust may need more than its file, such as
revocation lists at hand or another day; `expected.json` says so (`alone`), and gives the day.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

from certs.model import RevocationMaterial
from vectors import attacks, subindications, trust
from vectors.hostile import FAMILIES, UNTRUSTED, shapes, variants
from vectors.liars import LIARS
from vectors.paths import PATHS
from vectors.pki import NOW, pki
from vectors.registry import VECTORS, Case

MODULES = (attacks, subindications, trust)
COLUMNS = (
    "file", "expected_intact", "expected_modified_after_signing", "expected_malformed",
    "expected_detail",
)  # fmt: skip


def slug(words: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in words).strip("_")[:80]


class Folder:
    """Where the vectors go, and what is said of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows: list[dict[str, str]] = []
        self.more: list[dict[str, object]] = []

    def add(self, name: str, case: Case, integrity: str, indication: str | None, doc: str) -> None:
        while f"{name}.pdf" in {row["file"] for row in self.rows}:
            name += "_"
        file = self.root / f"{name}.pdf"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(case.pdf)
        intact = {"INTACT": "yes", "ALTERED": "no", "not INTACT": "no", "UNSIGNED": "na"}.get(
            integrity, "unknown"
        )
        changed = {"yes": "no", "no": "yes"}.get(intact, "unknown")
        values = (f"{name}.pdf", intact, changed, "no", doc)
        self.rows.append(dict(zip(COLUMNS, values, strict=True)))
        self.more.append(
            {
                "file": f"{name}.pdf", "integrity": integrity, "indication": indication,
                "at": case.at.isoformat(), "says": doc,
                "alone": case.material == RevocationMaterial() and case.at == NOW,
            }
        )  # fmt: skip

    def close(self) -> None:
        with (self.root / "expected.csv").open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)
        text = json.dumps(self.more, ensure_ascii=False, indent=1)
        (self.root / "expected.json").write_text(text + "\n", encoding="utf-8")
        anchors = self.root / "ca"
        anchors.mkdir(exist_ok=True)
        (anchors / "root.crt").write_bytes(pki().root.der)


def write(root: Path, *, hostile: bool) -> int:
    folder = Folder(root)
    for v in VECTORS:
        doc = (v.doc or "").strip()
        folder.add(f"vectors/{v.name}", v.make(), v.integrity, v.indication, doc)
    for p in PATHS:
        said = "TOTAL-PASSED" if p.good else "INDETERMINATE"
        folder.add(f"paths/{slug(p.name)}", p.make(), "INTACT", said, p.doc)
    for x in LIARS:
        said = "TOTAL-PASSED" if x.honest else "not TOTAL-PASSED"
        whole = "INTACT" if x.honest or x.kind != "document time-stamp" else "any"
        folder.add(
            f"liars/{slug(x.kind)}/{slug(x.name)}", x.make(), whole, said, f"{x.kind}: {x.name}"
        )
    for name in FAMILIES if hostile else ():
        whole = "any" if name in UNTRUSTED else "not INTACT"
        for what, pdf in variants(name):
            folder.add(
                f"hostile/{slug(name)}/{slug(what)}",
                Case(pdf),
                whole,
                "not TOTAL-PASSED",
                f"{name}: {what}",
            )
    for name, pdf in shapes().items() if hostile else ():
        folder.add(f"hostile/untouched/{slug(name)}", Case(pdf), "INTACT", None, name)
    folder.close()
    return len(folder.rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("dir", type=Path)
    parser.add_argument("--hostile", action="store_true", help="the generated variants as well")
    options = parser.parse_args()
    print(f"{write(options.dir, hostile=options.hostile)} files")  # noqa: T201 - a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
