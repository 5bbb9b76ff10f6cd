"""A batch as a table: one line per file, what came out of it, and how far it is."""

from collections import Counter
from dataclasses import dataclass

from api.web.batches import Batch, Row
from api.web.i18n import Texts
from api.web.views.verdict import Badge, badge
from signer.reports.sentence import plain_words
from signer.reports.words import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One file."""

    order: int
    name: str
    state: str
    """waiting, running or done."""
    badge: Badge
    detail: str
    """Who signed; where nobody did, why."""
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """The page."""

    id: str
    rows: tuple[BatchRow, ...]
    done: int
    finished: bool
    tally: tuple[tuple[Tone, int], ...]
    """How many of each tone, worst first."""

    @property
    def total(self) -> int:
        """How many files there are."""
        return len(self.rows)


_ORDER = (Tone.BAD, Tone.CAUTION, Tone.NEUTRAL, Tone.GOOD)
_SIGNED = 1
"""Which of the four questions asks who signed."""


def batch_view(batch: Batch, texts: Texts) -> BatchView:
    """Return what is shown of `batch` now."""
    rows = tuple(_row(order, row, texts) for order, row in enumerate(batch.rows, 1))
    tones = Counter(row.badge.tone for row in rows if row.state == "done")
    return BatchView(
        id=batch.id,
        rows=rows,
        done=batch.done,
        finished=batch.finished,
        tally=tuple((tone, tones[tone]) for tone in _ORDER if tones[tone]),
    )


def _row(order: int, row: Row, texts: Texts) -> BatchRow:
    _ = texts.gettext
    if row.verification is None:
        state = "running" if row.running else "waiting"
        words = _("Đang kiểm tra…") if row.running else _("Đang chờ")
        shown, detail = Badge(tone=Tone.NEUTRAL, words=words), ""
    else:
        report = row.verification.report
        said = plain_words(report)
        state, shown = "done", badge(report.integrity, report.indication, texts)
        # A removed signature is graver than none, and the sentence knows.
        shown = Badge(tone=said.verdict.tone, words=shown.words)
        if said.answers:
            detail = texts.of(said.answers[_SIGNED].answer)
        else:
            detail = next((texts.of(f.said) for f in said.findings), "")
    return BatchRow(
        order=order,
        name=row.name,
        state=state,
        badge=shown,
        detail=detail,
        url=f"/verify/{row.kept_id}" if row.kept_id else None,
    )
