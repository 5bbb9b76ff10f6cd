"""A verdict as a person reads it in a terminal, and as a shell reads it: the exit status."""

from collections.abc import Iterator
from functools import cache

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from api.cli.terms import NOT_PASSED, OK, WRONG, printable
from archive.model import FIELDS
from office.model import Verification
from signer.reports.sentence import Answer, SignatureLine, moment, plain_words
from signer.reports.words import NAMELESS, Said, Tone
from signer.validation.report import Indication, Integrity, ValidationReport

STYLES = {Tone.GOOD: "green", Tone.CAUTION: "yellow", Tone.BAD: "red", Tone.NEUTRAL: "cyan"}
SHAPES = {Tone.GOOD: "●", Tone.CAUTION: "▲", Tone.BAD: "✖", Tone.NEUTRAL: "■"}
"""A shape beside each colour: pipes and some eyes see no colour."""

NAMES = {
    "so_ky_hieu": "Số, ký hiệu",
    "ngay_ban_hanh": "Ngày ban hành",
    "co_quan_ban_hanh": "Cơ quan ban hành",
    "loai_van_ban": "Loại văn bản",
    "trich_yeu": "Trích yếu",
    "nguoi_ky": "Người ký",
}


def exit_status(worst: int, report: ValidationReport) -> int:
    """Return the exit status after one more report; the contract's order: 1, then 2, then 0."""
    if (
        report.indication is Indication.TOTAL_FAILED
        or report.integrity in (Integrity.ALTERED, Integrity.UNREADABLE)
        or worst == WRONG
    ):
        return WRONG
    if report.indication is not Indication.TOTAL_PASSED or worst == NOT_PASSED:
        return NOT_PASSED
    return OK


@cache
def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False)


def show(name: str, verification: Verification) -> None:
    """Print one verdict for people, in the words that page and paper use."""
    console = _console()
    words = plain_words(verification.report)
    tone = words.verdict.tone
    style = STYLES[tone]
    console.print(Text(printable(name), style="bold"))
    _say(
        console,
        2,
        words.verdict.headline,
        before=f"{SHAPES[tone]} ",
        style=f"bold {style}",
        also=style,
    )
    _say(console, 4, words.verdict.lead)
    if words.answers:
        console.print(Padding(_answers(words.answers), (0, 0, 0, 4), expand=False))
    for finding in words.findings:
        _say(console, 4, finding.said, before="• ")
        _say(console, 6, finding.remedy, before="→ ")
    if words.signatures:
        console.print(Padding(_signatures(words.signatures), (0, 0, 0, 4), expand=False))
    for note in words.notes:
        _say(console, 4, note.said, before="· ", style="dim")
    if verification.extracted is not None:
        table = Table.grid(padding=(0, 2))
        for field in FIELDS:
            value = getattr(verification.extracted, field)
            if value is not None:
                table.add_row(NAMES[field], printable(str(value.value)))
        if table.row_count:
            console.print(Padding(table, (0, 0, 0, 4), expand=False))
    console.print()


def _say(
    console: Console,
    indent: int,
    said: Said,
    *,
    before: str = "",
    style: str = "",
    also: str = "dim",
) -> None:
    """Print a sentence in Vietnamese, and under it in English."""
    for text, shown in ((said.vi, style), (said.en, also)):
        line = Text(f"{before}{printable(text)}", style=shown)
        console.print(Padding(line, (0, 0, 0, indent), expand=False))


def _answers(answers: tuple[Answer, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    for a in answers:
        # Names are the same in both languages.
        said = dict.fromkeys(map(printable, (a.answer.vi, a.answer.en)))
        table.add_row(
            Text(f"{a.question.vi}\n{a.question.en}"),
            Text(f"{SHAPES[a.tone]} " + "\n  ".join(said), style=STYLES[a.tone]),
        )
    return table


def _signatures(lines: tuple[SignatureLine, ...]) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    for heading in (
        "#",
        "Người ký / Signer",
        "Kết quả / Result",
        "Thời điểm / Time",
        "Sau chữ ký này / Afterwards",
    ):
        table.add_column(heading, overflow="fold")
    for s in lines:
        role = s.role or s.kind
        who = [s.name or _both(NAMELESS), s.organization, _both(role), s.level]
        table.add_row(
            str(s.order),
            Text("\n".join(printable(part) for part in who if part)),
            Text(f"{SHAPES[s.tone]} {_both(s.verdict)}", style=STYLES[s.tone]),
            Text("\n".join(_times(s))),
            Text("\n".join((s.changes.vi, s.changes.en, *(printable(n.vi) for n in s.notes)))),
        )
    return table


def _times(line: SignatureLine) -> Iterator[str]:
    for fact in line.times:
        yield _both(fact.says) if fact.at is None else f"{_both(fact.says)}: {moment(fact.at)}"


def _both(said: Said) -> str:
    return f"{said.vi} / {said.en}"
