"""Other people's validators, asked in one way: EU DSS, poppler's pdfsig, veraPDF.

How an answer is read, so that it can stand beside our `integrity` (bytes alone, never trust):

1. UNREADABLE: the validator gave up on the file. UNSIGNED: it found no signature and no document
   time-stamp.
2. DSS, ALTERED: a digest or signature value does not hold, a format constraint of its default
   policy fails (page count, /ByteRange, signature dictionary), or it finds changes that /DocMDP,
   /FieldMDP or /SigFieldLock forbid or that it cannot explain ("undefined"). Its default policy
   only warns of the latter; a reader who overlooks the warning is told TOTAL-PASSED.
3. DSS, UNDECIDED: the signing certificate is missing, or the only finding is that the pages look
   different now; filling a permitted field does that too. Overlapping annotations are a remark: it
   reports them on files that nobody touched.
4. pdfsig, ALTERED: digest mismatch or invalid signature. It never judges later revisions and does
   not verify time-stamps: both make UNDECIDED, not INTACT.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

_PROJECT = Path(__file__).resolve().parent.parent / "tests" / "foreign" / "dss"
_JAR = _PROJECT / "target" / "foreign-validators.jar"

_ALTERS = {
    "BBB_FC_ISVADMDPD": "changes that /DocMDP forbids",
    "BBB_FC_ISVAFMDPD": "changes that /FieldMDP forbids",
    "BBB_FC_ISVASFLD": "changes that /SigFieldLock forbids",
    "BBB_FC_DSCNUOM": "undefined object changes",
}
_FAILS = {
    "BBB_FC_DASTHVBR": "/ByteRange",
    "BBB_FC_IBRV": "/ByteRange",
    "BBB_FC_ISDC": "signature dictionary",
    "BBB_FC_DSFREAP": "page count",
}
_LOOKS_DIFFERENT = "BBB_FC_IVDBSFR"


class ForeignToolError(Exception):
    """The validator is not there, cannot be built, or died."""


class Integrity(StrEnum):
    """The words of our own reports, spoken for others."""

    INTACT = "INTACT"
    ALTERED = "ALTERED"
    UNDECIDED = "UNDECIDED"
    UNSIGNED = "UNSIGNED"
    UNREADABLE = "UNREADABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One signature or document time-stamp, in the validator's own words."""

    field: str | None
    intact: bool | None
    indication: str | None = None
    sub_indication: str | None = None
    level: str | None = None
    is_timestamp: bool = False
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One validator's answer on one file."""

    file: str
    integrity: Integrity
    tokens: tuple[Token, ...]
    seconds: float
    """Wall time: within the warm machine for DSS, with the process for pdfsig."""
    why: tuple[str, ...] = ()

    @property
    def indication(self) -> str | None:
        """The worst indication among signatures proper; `None` where none is given."""
        given = {t.indication for t in self.tokens if t.indication and not t.is_timestamp}
        order = ("TOTAL-FAILED", "INDETERMINATE", "TOTAL-PASSED")
        return next((i for i in order if i in given), None)


def build(*, quiet: bool = True) -> Path:
    """Return the jar, built when it is missing or older than its sources.

    Raises `ForeignToolError` where Maven is missing or fails.
    """
    sources = [_PROJECT / "pom.xml", *(_PROJECT / "src").rglob("*.java")]
    if _JAR.exists() and _JAR.stat().st_mtime >= max(s.stat().st_mtime for s in sources):
        return _JAR
    maven = shutil.which("mvn")
    if maven is None:
        raise ForeignToolError("mvn is not installed")
    done = subprocess.run(
        [maven, "--batch-mode", "--no-transfer-progress", *(["--quiet"] * quiet), "package"],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ForeignToolError(f"mvn package: {done.stdout[-2000:]}{done.stderr[-500:]}")
    return _JAR


class Java:
    """The program of tests/foreign/dss, kept warm; a context manager. One question at a time."""

    def __init__(self, *options: str, memory: str = "2g") -> None:
        java = shutil.which("java")
        if java is None:
            raise ForeignToolError("java is not installed")
        self._process = subprocess.Popen(
            [java, f"-Xmx{memory}", "-jar", str(build()), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)

    def ask(self, file: Path) -> dict[str, Any]:
        """Return the answer on one file; see `Main.java` for its fields."""
        assert self._process.stdin
        assert self._process.stdout
        print(file.absolute(), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise ForeignToolError(f"the Java process ended at {file} ({self._process.poll()})")
        answer: dict[str, Any] = json.loads(line)
        return answer


def dss(
    files: Sequence[Path],
    *,
    trust: Sequence[Path] = (),
    revocation_lists: Sequence[Path] = (),
    reports: Path | None = None,
    warm_up: int = 0,
) -> Iterator[tuple[Opinion, dict[str, Any]]]:
    """Yield DSS's opinion on each file, with its raw answer, after `warm_up` unmeasured files.

    `revocation_lists` (DER) stand for what it would have fetched. Its own ETSI TS 119 102-2
    reports go to `reports`, as `<file name>.xml`.
    """
    options = [word for path in trust for word in ("--trust", str(path.absolute()))]
    options += [word for path in revocation_lists for word in ("--crl", str(path.absolute()))]
    if reports:
        options += ["--reports", str(reports.absolute())]
    with Java(*options) as machine:
        for file in files[:warm_up]:
            machine.ask(file)
        for file in files:
            answer = machine.ask(file)
            yield read_dss(answer), answer


def read_dss(answer: dict[str, Any]) -> Opinion:
    """Read one answer by rules 1-3."""
    seconds = answer["milliseconds"] / 1000
    if "error" in answer:
        return Opinion(
            file=answer["file"],
            integrity=Integrity.UNREADABLE,
            tokens=(),
            seconds=seconds,
            why=(str(answer["error"])[:160],),
        )
    raw = [*answer["signatures"], *(t for t in answer["timestamps"] if t["document_timestamp"])]
    altered: list[str] = []
    undecided: list[str] = []
    for token in raw:
        name = token["field"] or token["id"][:12]
        if not token["intact"]:
            unknowable = token["sub_indication"] == "NO_SIGNING_CERTIFICATE_FOUND"
            what = "digest" if token["signature_intact"] else "signature value"
            (undecided if unknowable else altered).append(
                f"{name}: no signing certificate" if unknowable else f"{name}: {what}"
            )
        for key in token["complaints"]:
            if key in _ALTERS or key in _FAILS:
                altered.append(f"{name}: {(_ALTERS | _FAILS)[key]}")
            elif key == _LOOKS_DIFFERENT:
                undecided.append(f"{name}: pages look different")
    if not raw:
        integrity = Integrity.UNSIGNED
    elif altered:
        integrity = Integrity.ALTERED
    else:
        integrity = Integrity.UNDECIDED if undecided else Integrity.INTACT
    return Opinion(
        file=answer["file"],
        integrity=integrity,
        tokens=tuple(
            Token(
                field=t["field"],
                intact=t["intact"],
                # DSS writes TOTAL_PASSED for the standard's TOTAL-PASSED, PASSED for time-stamps.
                indication=(t["indication"] or "").replace("TOTAL_", "TOTAL-") or None,
                sub_indication=t["sub_indication"],
                level=t.get("level"),
                is_timestamp="document_timestamp" in t,
                remarks=tuple(t["complaints"]),
            )
            for t in raw
        ),
        seconds=seconds,
        why=tuple(altered or undecided),
    )


def pdfsig(files: Iterable[Path]) -> Iterator[Opinion]:
    """Yield pdfsig's opinion on each file: no certificates judged, no network."""
    tool = shutil.which("pdfsig")
    if tool is None:
        raise ForeignToolError("pdfsig is not installed (poppler-utils)")
    for file in files:
        start = time.perf_counter()
        try:
            done = subprocess.run(
                [tool, "-nocert", "-no-ocsp", str(file)],
                capture_output=True,
                timeout=60,
                check=False,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
            out, code = done.stdout.decode("utf-8", "replace"), done.returncode
        except subprocess.TimeoutExpired:
            out, code = "", -1
        yield read_pdfsig(str(file), out, code, time.perf_counter() - start)


def read_pdfsig(file: str, out: str, code: int, seconds: float) -> Opinion:
    """Read what pdfsig printed by rules 1 and 4."""
    tokens, altered, undecided, whole = [], [], [], False
    for part in out.split("\nSignature #")[1:]:
        lines = (line.strip(" -").partition(":") for line in part.splitlines()[1:])
        fields = {key: value.strip() for key, _, value in lines}
        name, said = fields.get("Signature Field Name"), fields.get("Signature Validation", "")
        whole = whole or "- Total document signed" in part
        intact: bool | None = None
        if said == "Signature is Valid.":
            intact = True
        elif said in {"Digest Mismatch.", "Signature is Invalid."}:
            intact = False
            altered.append(f"{name}: {said}")
        else:
            undecided.append(f"{name}: {said}")
        tokens.append(Token(field=name, intact=intact, remarks=(said,)))
    if tokens and not whole:
        undecided.append("not total document signed")
    if not tokens:
        # Its exit status 2 means "no signature"; anything else that it could not open the file.
        integrity = Integrity.UNSIGNED if code in {0, 2} else Integrity.UNREADABLE
    elif altered:
        integrity = Integrity.ALTERED
    else:
        integrity = Integrity.UNDECIDED if undecided else Integrity.INTACT
    return Opinion(
        file=file,
        integrity=integrity,
        tokens=tuple(tokens),
        seconds=seconds,
        why=tuple(altered or undecided),
    )


def check_reports(files: Iterable[Path]) -> Iterator[tuple[Path, list[str]]]:
    """Yield, per XML file, what the schema of ETSI TS 119 102-2 has against it."""
    with Java("--check-report") as machine:
        for file in files:
            answer = machine.ask(file)
            yield file, [answer["error"]] if "error" in answer else answer["errors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pdfa:
    """What veraPDF says of one file."""

    flavour: str | None
    """As claimed by its metadata, `None` where nothing is claimed."""
    compliant: bool
    failed_rules: tuple[str, ...]
    """Clause and test number."""


def pdfa(files: Iterable[Path]) -> Iterator[tuple[Path, Pdfa]]:
    """Yield veraPDF's verdict on each file. Raises `ForeignToolError` on one it cannot read."""
    with Java("--pdfa") as machine:
        for file in files:
            answer = machine.ask(file)
            if "error" in answer:
                raise ForeignToolError(f"{file}: {answer['error']}")
            yield (
                file,
                Pdfa(
                    flavour=answer["flavour"],
                    compliant=answer["compliant"],
                    failed_rules=tuple(answer["failed_rules"]),
                ),
            )


def versions() -> dict[str, str]:
    """Return the releases that answer: dss, verapdf, java, pdfsig."""
    java = shutil.which("java") or "java"
    said = subprocess.run(
        [java, "-jar", str(build()), "--version"], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(said.stdout)
    poppler = subprocess.run(
        [shutil.which("pdfsig") or "pdfsig", "-v"], capture_output=True, text=True, check=False
    )
    return found | {"pdfsig": (poppler.stdout + poppler.stderr).split("\n", 1)[0].split()[-1]}
