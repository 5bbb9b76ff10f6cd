"""The line that outside checks read: names, types, and what may stand beside what.

Held over every outside file there is: a promise about all lines is kept or broken by odd files.
"""

import json
import os
import pathlib
import re
import subprocess
from datetime import date, datetime

import pytest

ROOT = pathlib.Path(__file__).parents[2]
LAWFUL = {
    "INTACT": {"TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"},
    "ALTERED": {"TOTAL-FAILED"},
    "UNDECIDED": {"INDETERMINATE"},
    "UNSIGNED": {None},
    "UNREADABLE": {None},
}
INDICATIONS = {"TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"}
LEVELS = {None, "PAdES-B-B", "PAdES-B-T", "PAdES-B-LT", "PAdES-B-LTA"}
CHANGES = {"NONE", "LTA", "PERMITTED", "FORBIDDEN", "UNDECIDED"}
FIELDS = {
    "so_ky_hieu",
    "ngay_ban_hanh",
    "co_quan_ban_hanh",
    "loai_van_ban",
    "trich_yeu",
    "nguoi_ky",
}
KNOWN = set(
    re.findall(r"`([a-z_]+\.[a-z_.]+)`", (ROOT / "docs/reference/reasons.md").read_text("utf-8"))
)


def aware(value):
    return value is None or datetime.fromisoformat(value).utcoffset() is not None


DOCUMENT = {
    "integrity and indication go together": lambda d: d["indication"] in LAWFUL[d["integrity"]],
    "no signatures where there are none": lambda d: (
        d["integrity"] not in {"UNSIGNED", "UNREADABLE"} or not d["signatures"]
    ),
    "a reason, unless it is intact": lambda d: d["integrity"] == "INTACT" or d["reasons"],
    "the digest": lambda d: re.fullmatch(r"[0-9a-f]{64}", d["sha256"]),
    "the size": lambda d: d["bytes"] >= 0,
    "the six fields or none": lambda d: d["extracted"] is None or set(d["extracted"]) == FIELDS,
    "a date that is one": lambda d: (
        not (d["extracted"] or {}).get("ngay_ban_hanh")
        or date.fromisoformat(d["extracted"]["ngay_ban_hanh"])
    ),
}
REASON = {
    "words and a remedy": lambda r: all(r[k] for k in ("vi", "en", "remedy_vi", "remedy_en")),
    "a code that is listed": lambda r: r["code"] in KNOWN,
}
SIGNATURE = {
    "a sub-indication exactly where it did not pass": lambda s: (
        (s["indication"] == "TOTAL-PASSED") == (s["sub_indication"] is None)
    ),
    "an indication of the standard": lambda s: s["indication"] in INDICATIONS,
    "a level of the standard": lambda s: s["level"] in LEVELS,
    "an integrity of signatures": lambda s: s["integrity"] in {"INTACT", "ALTERED", "UNDECIDED"},
    "changes of a known kind": lambda s: s["changes_after"] in CHANGES,
    "a known kind": lambda s: s["kind"] in {"signature", "document-timestamp"},
    "times with their offsets": lambda s: (
        aware(s["claimed_signing_time"]) and aware(s["best_signature_time"])
    ),
    "a serial number in lower-case hex": lambda s: (
        s["signer"] is None or re.fullmatch(r"[0-9a-f]+", s["signer"]["serial"])
    ),
}


def broken_promises(line):
    """Name what the line gets wrong; nothing, when it keeps the contract."""
    asked = [(line, DOCUMENT)]
    asked += [(reason, REASON) for reason in line["reasons"]]
    asked += [(signature, SIGNATURE) for signature in line["signatures"]]
    return [name for value, rules in asked for name, holds in rules.items() if not holds(value)]


@pytest.mark.corpus
@pytest.mark.parametrize("folder", ["corpus", "vnpdf"])
def test_every_outside_file_gets_a_line_that_keeps_the_contract(folder):
    corpora = os.environ.get("ANTIN_CORPUS")
    if not corpora:
        pytest.skip("ANTIN_CORPUS names no folder of outside PDFs")
    run = subprocess.run(
        [ROOT / "antin", "verify", "--json", "--offline", "--jobs", "2", f"{corpora}/{folder}"],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    files = [f for f in pathlib.Path(corpora, folder).rglob("*") if f.suffix.lower() == ".pdf"]
    assert len(lines) == len(files)
    assert run.returncode in {0, 1, 2}
    assert "Traceback" not in run.stderr
    assert {x["file"]: broken_promises(x) for x in lines if broken_promises(x)} == {}
