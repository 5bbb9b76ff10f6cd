"""A validation report in plain words: one sentence, four answers, one line per signature.

Page, terminal and paper say the same because they say it from here.

1. The sentence follows the decision table (integrity, then indication) and nothing else: words must
   not be kinder or harsher than the report that they stand for.
2. Four tones, each with a shape of its own wherever it is drawn: good (disc), caution (triangle),
   bad (octagon), neutral (square; nothing to judge).
3. What is proven and what is merely claimed are two facts and never share a sentence.
4. Reasons and remedies are the report's own words; no wording of findings exists here. A field's
   name in them gives way to the name on the certificate.
5. A portal that publishes a document is never named as who signed it.
6. What a document says of itself (names, /Reason) is shown as one line of letters: control
   characters and marks that turn the direction of text are replaced, so that a certificate cannot
   draw a verdict of its own beside ours.
7. A mere note (`wording` rule 4) is no finding: it dims no verdict, and is told apart and last.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from signer.reports.additions import additions
from signer.reports.words import (
    AFTER,
    AFTER_ALTERED,
    BADGES,
    CHANGED,
    CHANGED_IN_PLACE,
    CLAIMED,
    INTACT,
    IS_INTACT,
    IS_TRUSTED,
    KINDS,
    NAMELESS,
    NAMES_UNVERIFIED,
    NAMES_VERIFIED,
    NOBODY_NAMED,
    NOBODY_SIGNED,
    ONLY_PUBLISHED,
    OUTCOMES,
    PASSED_WITH_WARNINGS,
    PROVEN,
    REMOVED,
    ROLES,
    TRUSTED,
    UNPROVEN,
    VERDICTS,
    WHAT_CHANGED,
    WHO_SIGNED,
    Given,
    Said,
    Tone,
    Verdict,
)
from signer.validation.report import (
    ChangesAfter,
    Indication,
    Integrity,
    Level,
    Reason,
    SignatureKind,
    SignatureReport,
    SignatureRole,
    ValidationReport,
)
from signer.validation.wording import WORDINGS

VIETNAM = timezone(timedelta(hours=7), "+07:00")
MOST_ADDITIONS = 6
"""Sentences on what was added, in one answer; more signers than that stand in the list alone."""
LONGEST = 300
"""Characters of a document's own text that are shown; real names have fewer than 100."""
REASON = 600
"""The same of a reason, which may list some ten changes with their field names."""
STAMP = 60
"""The same of a stamped number or date, or of the number that an annex belongs to."""
NAME = 100
NAMES = 8
"""Names in the answer to "who signed?"; the lines below it have them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One of the four questions, answered."""

    question: Said
    tone: Tone
    answer: Said
    detail: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFact:
    """One thing that is known about when a signature was made (rule 3)."""

    says: Said
    at: datetime | None
    """`None` where the fact is that nothing is known."""
    proven: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLine:
    """One signature."""

    order: int
    """From 1, in signing order."""
    field_name: str
    name: str | None
    """From the certificate; `None` where it names nobody."""
    organization: str | None
    """`None` also where it repeats the name."""
    kind: Said
    role: Said | None
    """What it is for in the document; `None` where that could not be told."""
    level: Level | None
    tone: Tone
    verdict: Said
    times: tuple[TimeFact, ...]
    """What is proven first, what is claimed after it; never empty."""
    changes: Said
    purpose: str | None
    """What the signature dictionary gives as its reason."""
    notes: tuple[Said, ...]
    """E.g. why the claimed hour looks wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A reason with its remedy."""

    code: str
    said: Said
    remedy: Said
    page_text: str | None = None
    """Where page and signature differ: what the page says."""
    signature_text: str | None = None
    """What the signature says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainWords:
    """Everything that is said about a document."""

    verdict: Verdict
    answers: tuple[Answer, ...]
    """Four, or none where there is no signature to ask about."""
    signatures: tuple[SignatureLine, ...]
    findings: tuple[Finding, ...]
    """Reasons of the verdict, and what a person should look at though the verdict is good."""
    notes: tuple[Finding, ...]
    """What only informs (rule 7), and is not told on the line of its signature already."""


def plain_words(report: ValidationReport) -> PlainWords:
    """Return what is said about `report`."""
    lines = tuple(_line(n, s, report.reasons) for n, s in enumerate(report.signatures, 1))
    # UNDECIDED without a signature is an encrypted file: nobody could look, and nothing is known.
    answered = bool(report.signatures)
    return PlainWords(
        verdict=verdict(report),
        answers=(_intact(report), _who(report, lines), _trusted(report), _changed(report))
        if answered
        else (),
        signatures=lines,
        findings=_findings([r for r in report.reasons if not _is_note(r)], lines),
        notes=_findings(
            [r for r in report.reasons if _is_note(r) and r.code not in _ON_LINES], lines
        ),
    )


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a document's own text made harmless for display (rule 6)."""
    kept = "".join(_shown(c) for c in unicodedata.normalize("NFC", text))
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def moment(at: datetime) -> str:
    """Return a moment by Vietnam's clock, unmistakable in both languages."""
    try:
        return f"{at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S} (+07:00)"
    except OverflowError:  # a document may claim the first or the last day of the calendar
        return at.isoformat(sep=" ")


def _shown(c: str) -> str:
    if c.isspace():
        return " "
    # Cc control, Cf format (bidirectional marks, zero-width), Cs surrogate, Co private, Cn unknown.
    return "\ufffd" if unicodedata.category(c).startswith("C") else c


# -- the sentence ----------------------------------------------------------------------------------


def verdict(report: ValidationReport) -> Verdict:
    """Return the one sentence on `report` (rule 1)."""
    found = VERDICTS[(report.integrity, report.indication)]
    if report.integrity is Integrity.UNSIGNED and any(
        r.code == "signature.removed" for r in report.reasons
    ):
        return REMOVED
    warned = any(not _is_note(r) for r in report.reasons)
    if report.indication is Indication.TOTAL_PASSED and warned:
        return Verdict(tone=found.tone, headline=found.headline, lead=PASSED_WITH_WARNINGS)
    return found


def _is_note(reason: Reason) -> bool:
    # A code that is not ours any more is told aloud.
    worded = WORDINGS.get(reason.code)
    return worded is not None and worded.severity == "note"


# -- the four answers ------------------------------------------------------------------------------


def _answer(question: Said, given: Given) -> Answer:
    tone, answer, detail = given
    return Answer(question=question, tone=tone, answer=answer, detail=detail)


def _intact(report: ValidationReport) -> Answer:
    return _answer(IS_INTACT, INTACT[report.integrity])


def _who(report: ValidationReport, lines: Sequence[SignatureLine]) -> Answer:
    question = WHO_SIGNED
    signed = [
        (line, s)
        for line, s in zip(lines, report.signatures, strict=True)
        if s.kind is SignatureKind.SIGNATURE
    ]
    people = [line for line, s in signed if s.role is not SignatureRole.PUBLISHER]
    if signed and not people:
        named = _names([line for line, _ in signed])
        return Answer(
            question=question,
            tone=Tone.CAUTION,
            answer=Said(
                ONLY_PUBLISHED.vi.format(names=named.vi), ONLY_PUBLISHED.en.format(names=named.en)
            ),
            detail=_names_verified(report),
        )
    if not people:
        return Answer(
            question=question,
            tone=Tone.CAUTION,
            answer=NOBODY_SIGNED,
            detail=NOBODY_NAMED,
        )
    named = _names(people)
    return Answer(
        question=question,
        tone=Tone.GOOD if report.indication is Indication.TOTAL_PASSED else Tone.CAUTION,
        answer=Said(f"{named.vi}.", f"{named.en}."),
        detail=_names_verified(report),
    )


def _names_verified(report: ValidationReport) -> Said:
    passed = report.indication is Indication.TOTAL_PASSED
    return NAMES_VERIFIED if passed else NAMES_UNVERIFIED


def _names(lines: Sequence[SignatureLine]) -> Said:
    named = list(dict.fromkeys(_named(line) for line in lines))
    if len(named) > NAMES:
        more = len(named) - NAMES + 1
        named[NAMES - 1 :] = [Said(f"và {more} người khác", f"and {more} others")]
    return Said("; ".join(n.vi for n in named), "; ".join(n.en for n in named))


def _named(line: SignatureLine) -> Said:
    whose = f", {one_line(line.organization, NAME)}" if line.organization else ""
    name = None if line.name is None else one_line(line.name, NAME)
    return Said((name or NAMELESS.vi) + whose, (name or NAMELESS.en) + whose)


def _trusted(report: ValidationReport) -> Answer:
    indication = report.indication or Indication.INDETERMINATE
    return _answer(IS_TRUSTED, TRUSTED[indication])


def _changed(report: ValidationReport) -> Answer:
    found = {s.changes_after for s in report.signatures}
    given = next((g for c, g in CHANGED.items() if c in found), CHANGED[ChangesAfter.UNDECIDED])
    if report.integrity is Integrity.ALTERED and given[0] is Tone.GOOD:
        # The bytes of a signature, or bytes outside every revision, were touched: there is no
        # revision to name, and "nothing changed" beside a red verdict would mislead.
        given = CHANGED_IN_PLACE
    tone, answer, detail = given
    added = additions(report, one_line) if given is CHANGED[ChangesAfter.PERMITTED] else ()
    if 0 < len(added) <= MOST_ADDITIONS:
        detail = Said(" ".join(a.vi for a in added), " ".join(a.en for a in added))
    return _answer(WHAT_CHANGED, (tone, answer, detail))


# -- one signature ---------------------------------------------------------------------------------


_STAMPED = (
    SignatureRole.NUMBER,
    SignatureRole.DAY,
    SignatureRole.MONTH,
    SignatureRole.DATE,
)
_ON_LINES = frozenset({"time.local_as_utc"})
"""Reasons that explain a line rather than judge it."""


def _line(order: int, s: SignatureReport, reasons: Sequence[Reason]) -> SignatureLine:
    tone, outcome = OUTCOMES[s.indication]
    name = one_line(s.signer.common_name) if s.signer and s.signer.common_name else None
    agency = one_line(s.signer.organization) if s.signer and s.signer.organization else None
    return SignatureLine(
        order=order,
        field_name=s.field_name,
        name=name or None,
        organization=agency if agency and agency != name else None,
        kind=KINDS[s.kind],
        role=_role(s),
        level=s.level,
        tone=tone,
        verdict=outcome,
        times=_times(s),
        changes=AFTER_ALTERED if s.integrity is Integrity.ALTERED else AFTER[s.changes_after],
        purpose=one_line(s.reason_text) if s.reason_text else None,
        notes=tuple(
            _by_name(r, name or None)
            for r in reasons
            if r.field_name == s.field_name and r.code in _ON_LINES
        ),
    )


def _role(s: SignatureReport) -> Said | None:
    said = ROLES.get(s.role)
    if said is None:
        return None
    shown = s.shown_text if s.role in _STAMPED else s.parent_number
    if s.role not in (*_STAMPED, SignatureRole.ANNEX) or not shown:
        return said
    value = one_line(shown, STAMP)
    return Said(f"{said.vi}: «{value}»", f"{said.en}: “{value}”")


def _times(s: SignatureReport) -> tuple[TimeFact, ...]:
    proven = s.best_signature_time
    facts = [
        TimeFact(says=UNPROVEN[s.kind], at=None)
        if proven is None
        else TimeFact(says=PROVEN[s.kind], at=proven, proven=True)
    ]
    # A time-stamp proves or it does not; what its dictionary claims is nothing to anybody.
    if s.claimed_signing_time is not None and s.kind is SignatureKind.SIGNATURE:
        facts.append(TimeFact(says=CLAIMED, at=s.claimed_signing_time))
    return tuple(facts)


# -- the reasons -----------------------------------------------------------------------------------


def _findings(reasons: Sequence[Reason], lines: Sequence[SignatureLine]) -> tuple[Finding, ...]:
    names = {line.field_name: line.name for line in lines}
    found = (
        Finding(
            code=r.code,
            said=_by_name(r, names.get(r.field_name or "")),
            remedy=Said(r.remedy_vi, r.remedy_en),
            page_text=None if r.page_text is None else one_line(r.page_text),
            signature_text=None if r.signature_text is None else one_line(r.signature_text),
        )
        for r in reasons
    )
    # The same person may have signed twice: nobody needs to read it twice.
    return tuple(dict.fromkeys(found))


def _by_name(reason: Reason, name: str | None) -> Said:
    """Return the sentence with the field's name, which no reader has ever seen, as the signer's."""
    field, vi, en = reason.field_name, reason.vi, reason.en
    if field and name:
        vi, en = vi.replace(f"«{field}»", f"«{name}»"), en.replace(f"“{field}”", f"“{name}”")
    return Said(one_line(vi, REASON), one_line(en, REASON))


# -- in two or three words -------------------------------------------------------------------------


def badge(integrity: Integrity, indication: Indication | None) -> tuple[Tone, Said]:
    """Return a verdict in two or three words, for lists.

    Raises:
        KeyError: a pair that the decision table does not have.

    """
    return VERDICTS[(integrity, indication)].tone, BADGES[(integrity, indication)]
