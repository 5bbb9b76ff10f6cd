"""Our verdicts beside those of EU DSS and pdfsig, on files that say what the verdict should be.

    .venv/bin/python bench/accuracy.py CORPUS_DIR… [--out docs/verification/accuracy.md]

The third corpus are our own vectors: `PYTHONPATH=.:tests .venv/bin/python -m vectors.write DIR
--hostile`, `DIR` being called `vectors`.

A corpus directory may bring `expected.csv` (columns file, expected_intact,
expected_modified_after_signing, expected_malformed) or `truth.csv` (file, signed), and a folder
`ca/` whose certificates are then trusted by DSS and by us alike.

1. What is stated: *bad* where a digest or signature does not hold or the file was changed against
   its rules; *good* where it holds and nothing, or only what is permitted, was changed; *unsigned*;
   else *open*.
2. Others' answers are read as `foreign_validators` says; ours is `integrity` of
   `./antin verify --json --offline`.
3. "We pass, DSS does not" (our INTACT against any other word of its, our TOTAL-PASSED against any
   other indication) and "we pass, pdfsig fails" must be explained, file by file, in
   `tests/foreign/explained.csv`; exit status 1 while a row has no explanation.
4. Seconds are per file: ours as the command reports them (reading left out), DSS within a machine
   that has first seen all files once, pdfsig with its process, which has nothing to warm.
"""

import argparse
import csv
import datetime as dt
import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import foreign_validators
from accuracy_tables import Case, by_group, differences, indications, matrix, speed, table
from foreign_validators import Integrity, Opinion, Token, dss, pdfsig, versions

ROOT = Path(__file__).resolve().parent.parent
EXPLAINED = ROOT / "tests" / "foreign" / "explained.csv"


def cases_of(corpus: Path) -> list[Case]:
    """Read a corpus by rule 1; files that no list names are *open*."""
    stated: dict[str, tuple[str, str]] = {}
    for listing, read in (("expected.csv", _expected), ("truth.csv", _truth)):
        if (corpus / listing).exists():
            with (corpus / listing).open(newline="", encoding="utf-8") as lines:
                stated |= {row["file"]: read(row) for row in csv.DictReader(lines)}
    cases = []
    for path in sorted(p for p in corpus.rglob("*") if p.suffix.lower() == ".pdf"):
        inside = path.relative_to(corpus).as_posix()
        group, what = stated.get(inside, ("open", ""))
        cases.append(
            Case(
                path=path,
                name=f"{corpus.name}/{inside}",
                group=group,
                stated=what,
                corpus=corpus.name,
            )
        )
    return cases


def _expected(row: dict[str, str]) -> tuple[str, str]:
    intact, changed = row["expected_intact"], row["expected_modified_after_signing"]
    detail = row.get("expected_detail", "")
    if intact == "no" or changed in {"yes", "suspicious"}:
        return "bad", detail or f"intact {intact}, modified {changed}"
    if intact == "yes" and changed in {"no", "permitted"} and row["expected_malformed"] != "yes":
        return "good", detail
    return ("unsigned" if intact == "na" else "open"), detail


def _truth(row: dict[str, str]) -> tuple[str, str]:
    return ("good", "") if row["signed"] == "yes" else ("unsigned", row.get("signature_state", ""))


def ask_us(cases: Sequence[Case], trust: Path | None, keep: Path | None) -> str | None:
    """Fill in our answers; return why there are none, if there are none."""
    raw = []
    for start in range(0, len(cases), 100):
        part = cases[start : start + 100]
        done = subprocess.run(
            [
                str(ROOT / "antin"),
                *("verify", "--json", "--offline", "--no-read"),
                *(["--trust", str(trust)] if trust else []),
                *(str(case.path) for case in part),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in {0, 1, 2} or not done.stdout:
            print(done.stderr[-2000:], file=sys.stderr)
            return f"exit status {done.returncode}"
        lines = {one["file"]: one for one in map(json.loads, done.stdout.splitlines())}
        for case in part:
            if (one := lines.get(str(case.path))) is None:
                return f"no line for {case.name}"
            raw.append(one | {"file": case.name})
            case.answers["ours"] = Opinion(
                file=case.name,
                integrity=Integrity(one["integrity"]),
                tokens=tuple(
                    Token(
                        field=s["field"],
                        intact=s["integrity"] == "INTACT",
                        indication=s["indication"],
                        sub_indication=s["sub_indication"],
                        level=s["level"],
                        is_timestamp=s["kind"] != "signature",
                    )
                    for s in one["signatures"]
                ),
                seconds=one["seconds"],
                why=tuple(dict.fromkeys(reason["code"] for reason in one["reasons"])),
            )
    _keep(keep, f"ours_{cases[0].corpus}.jsonl", raw)
    return None


def _keep(folder: Path | None, name: str, lines: Sequence[dict[str, Any]]) -> None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines)
        (folder / name).write_text(text, encoding="utf-8")


def ask_others(cases: Sequence[Case], trust: Path | None, keep: Path | None) -> None:
    paths = [case.path for case in cases]
    raw = []
    for case, (opinion, answer) in zip(
        cases, dss(paths, trust=[trust] if trust else [], warm_up=len(paths)), strict=True
    ):
        case.answers["DSS"] = opinion
        raw.append(answer | {"file": case.name})
    for case, opinion in zip(cases, pdfsig(paths), strict=True):
        case.answers["pdfsig"] = opinion
    _keep(keep, f"dss_{cases[0].corpus}.jsonl", raw)


def explanations() -> dict[tuple[str, str], str]:
    if not EXPLAINED.exists():
        return {}
    with EXPLAINED.open(newline="", encoding="utf-8") as lines:
        return {(r["file"], r["validator"]): r["reason"] for r in csv.DictReader(lines)}


def report(cases: Sequence[Case], missing: str | None) -> tuple[str, int]:
    """Return the document, and the number of rows that are not explained."""
    who = ["DSS", "pdfsig"] if missing else ["ours", "DSS", "pdfsig"]
    v = versions()
    intact, altered = Integrity.INTACT, Integrity.ALTERED
    made = (
        f"Made by `bench/accuracy.py`; do not edit. {dt.datetime.now(dt.UTC):%Y-%m-%d}; Ấn Tín "
        f"{_our_version()}, EU DSS {v['dss']} (default policy, offline), pdfsig of poppler "
        f"{v['pdfsig']} (`-nocert -no-ocsp`), Java {v['java']}."
    )
    out = [
        "# Verdicts side by side",
        "",
        made,
        "",
        *([] if missing else in_short(cases)),
        *(line for line in (__doc__ or "").split("\n\n", 4)[4].strip().splitlines()),
        "",
        "How others' answers are read:",
        "",
        *(line for line in _reading()),
        "",
    ]
    if missing:
        out += [f"Our own verdicts are missing from this run: {missing}.", ""]
    unexplained = 0
    for corpus in dict.fromkeys(c.corpus for c in cases):
        here = [c for c in cases if c.corpus == corpus]
        out += [f"## {corpus}: {len(here)} files", "", *by_group(here, who)]
        out += ["Seconds per file:", "", *speed(here, who)]
        for other in () if missing else ("DSS", "pdfsig"):
            out += matrix(here, "ours", other)
        if not missing:
            out += indications(here)
            explained = explanations()
            for title, which, other, must in _LISTS:
                rows, open_rows = differences(
                    here, which, ["ours", other], explained if must else None, other
                )
                out += [f"### {title}", "", *rows]
                unexplained += open_rows
        else:
            out += matrix(here, "DSS", "pdfsig")
        for other in who:
            out += [f"### Stated bad, called INTACT by {other}", ""]
            out += differences(here, _called(other, "bad", intact), [other])[0]
            out += [f"### Stated good, called ALTERED by {other}", ""]
            out += differences(here, _called(other, "good", altered), [other])[0]
    return "\n".join(out).rstrip() + "\n", unexplained


def in_short(cases: Sequence[Case]) -> list[str]:
    """One line per corpus: how often we say the same as DSS, and what stands open."""
    rows = []
    for corpus in dict.fromkeys(c.corpus for c in cases):
        here = [c for c in cases if c.corpus == corpus]
        same = sum(c.said("ours") is c.said("DSS") for c in here)
        passed = [c for c in here if _we_pass_dss_does_not(c)]
        unexplained = sum((c.name, "DSS") not in explanations() for c in passed)
        refused = sum(map(_dss_passes_we_do_not, here))
        share = f"{same} ({same / len(here):.1%})"
        rows.append([corpus, len(here), share, len(passed), unexplained, refused])
    head = ["corpus", "files", "same word as DSS", "we pass, DSS does not", "… unexplained"]
    return table([*head, "DSS passes, we do not"], rows)


def _our_version() -> str:
    with (ROOT / "pyproject.toml").open("rb") as project:
        return str(tomllib.load(project)["project"]["version"])


def _called(who: str, group: str, word: Integrity) -> Callable[[Case], bool]:
    return lambda c: c.group == group and c.said(who) is word


def _we_pass_dss_does_not(case: Case) -> bool:
    theirs = case.said("DSS")
    passed = case.answers["ours"].indication == "TOTAL-PASSED"
    refused = passed and case.answers["DSS"].indication != "TOTAL-PASSED"
    return case.said("ours") is Integrity.INTACT and (theirs is not Integrity.INTACT or refused)


def _dss_passes_we_do_not(case: Case) -> bool:
    return case.said("DSS") is Integrity.INTACT and case.said("ours") is not Integrity.INTACT


def _we_pass_pdfsig_fails(case: Case) -> bool:
    return case.said("ours") is Integrity.INTACT and case.said("pdfsig") is Integrity.ALTERED


_LISTS = (
    ("We pass, DSS does not", _we_pass_dss_does_not, "DSS", True),
    ("DSS passes, we do not", _dss_passes_we_do_not, "DSS", False),
    ("We pass, pdfsig fails", _we_pass_pdfsig_fails, "pdfsig", True),
)


def _different(cases: Sequence[Case]) -> set[tuple[str, str]]:
    """The rows that need an explanation, and those of corpora that this run left out."""
    here = {c.corpus for c in cases}
    left_out = {key for key in explanations() if key[0].split("/", 1)[0] not in here}
    return left_out | {
        (c.name, other)
        for c in cases
        if "ours" in c.answers
        for _, which, other, must in _LISTS
        if must and which(c)
    }


def _reading() -> list[str]:
    """The numbered rules of `foreign_validators`, so that they stand in one place."""
    return (foreign_validators.__doc__ or "").split("\n\n", 2)[2].strip().splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("corpora", metavar="CORPUS_DIR", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "verification" / "accuracy.md")
    parser.add_argument("--keep", type=Path, help="folder for raw answers, JSON Lines")
    options = parser.parse_args()
    cases: list[Case] = []
    missing: str | None = None
    for corpus in map(Path.resolve, options.corpora):
        here = cases_of(corpus)
        if not here:
            parser.error(f"no PDF in {corpus}")
        trust = corpus / "ca" if (corpus / "ca").is_dir() else None
        missing = missing or ask_us(here, trust, options.keep)
        ask_others(here, trust, options.keep)
        cases += here
        print(f"{corpus.name}: {len(here)} files", file=sys.stderr)
    text, unexplained = report(cases, missing)
    for name, validator in sorted(explanations().keys() - _different(cases)):
        print(f"explained but no longer different: {name} ({validator})", file=sys.stderr)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text, encoding="utf-8")
    print(f"{len(cases)} files; {unexplained} unexplained; our answers: {missing or 'all'}")
    return 1 if unexplained or missing else 0


if __name__ == "__main__":
    sys.exit(main())
