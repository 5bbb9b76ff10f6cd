"""The tables of `accuracy.py`: cases counted, crossed and listed, in Markdown."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foreign_validators import Integrity, Opinion

GROUPS = ("good", "bad", "unsigned", "open")
WORDS = tuple(Integrity)


@dataclass(slots=True, kw_only=True)
class Case:
    """One file, what is stated of it, and what each validator answered."""

    path: Path
    name: str
    """Relative to the folder that holds the corpus: names no machine."""
    group: str
    stated: str
    corpus: str
    answers: dict[str, Opinion] = field(default_factory=dict)

    def said(self, who: str) -> Integrity | None:
        return self.answers[who].integrity if who in self.answers else None


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    cells = [[str(c).replace("|", "\\|").replace("\n", " ") for c in row] for row in rows]
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(row) + " |" for row in cells),
        "",
    ]


def by_group(cases: Sequence[Case], who: Sequence[str]) -> list[str]:
    rows = []
    for group in GROUPS:
        here = [c for c in cases if c.group == group]
        for name in who if here else ():
            counts = Counter(c.said(name) for c in here)
            rows.append([group, len(here), name, *(counts[word] or "" for word in WORDS)])
    return table(["stated", "files", "who", *WORDS], rows)


def matrix(cases: Sequence[Case], left: str, top: str) -> list[str]:
    counts = Counter((c.said(left), c.said(top)) for c in cases)
    agree = sum(counts[word, word] for word in WORDS)
    rows = [[f"**{a}**", *(counts[a, b] or "" for b in WORDS)] for a in WORDS]
    return [
        f"{left} (rows) × {top} (columns): the same word on {agree} of {len(cases)}.",
        "",
        *table(["", *WORDS], rows),
    ]


def indications(cases: Sequence[Case]) -> list[str]:
    """The document's worst indication, where both sides give one for it."""
    counts = Counter((c.answers["ours"].indication, c.answers["DSS"].indication) for c in cases)
    words = ("TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED", None)
    rows = [[f"**{a or 'none'}**", *(counts[a, b] or "" for b in words)] for a in words]
    return [
        "ours (rows) × DSS (columns), worst of the signatures:",
        "",
        *table(["", *(w or "none" for w in words)], rows),
    ]


def _cell(case: Case, who: str) -> str:
    opinion = case.answers[who]
    subs = sorted({t.sub_indication for t in opinion.tokens if t.sub_indication})
    return f"{opinion.integrity}: {', '.join(opinion.why[:4]) or '–'} ({', '.join(subs) or '–'})"


def differences(
    cases: Sequence[Case],
    which: Callable[[Case], bool],
    who: Sequence[str],
    explained: dict[tuple[str, str], str] | None = None,
    theirs: str = "",
) -> tuple[list[str], int]:
    """Rows of the cases that `which` picks, and how many of them have no explanation."""
    found = [c for c in cases if which(c)]
    if not found:
        return ["None.", ""], 0
    reasons = [(explained or {}).get((c.name, theirs), "") for c in found]
    rows = [
        [f"`{c.name}`", c.group, c.stated[:90], *(_cell(c, w) for w in who)]
        + ([reason or "**not explained**"] if explained is not None else [])
        for c, reason in zip(found, reasons, strict=True)
    ]
    head = ["file", "stated", "in detail", *who, *(["why"] if explained is not None else [])]
    return table(head, rows), sum(not r for r in reasons) if explained is not None else 0


def speed(cases: Sequence[Case], who: Sequence[str]) -> list[str]:
    rows = []
    for name in who:
        seconds = sorted(c.answers[name].seconds for c in cases)
        ranked = statistics.quantiles(seconds, n=20) if len(seconds) > 1 else seconds * 19
        rows.append(
            [
                name,
                f"{statistics.median(seconds):.3f}",
                f"{ranked[18]:.3f}",
                f"{seconds[-1]:.2f}",
                f"{sum(seconds):.1f}",
            ]
        )
    return table(["who", "median s", "p95 s", "longest s", "sum s"], rows)
