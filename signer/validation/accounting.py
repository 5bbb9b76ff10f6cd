"""The account of every byte that came after the first signature.

1. In a revision after the first signature every byte belongs to an object that its table lists, to
   the table, the trailer, or is white space or a comment without an object in it. A reconstructing
   reader (most viewers are) finds objects by scanning: whatever the table does not list may still
   be shown (incremental saving attack with an empty table).
2. After the last revision nothing follows but an end-of-line and at most two more blanks.
3. An entry of a signed revision points into that revision or before it (structure.py rule 3).
"""

import re
from collections.abc import Iterator

from signer.validation.lexer import WHITE
from signer.validation.structure import Document

_FILLER = re.compile(rb"(?:[\x00\t\n\x0c\r ]|%[^\r\n]*[\r\n])*")


def unaccounted(doc: Document, since: int) -> Iterator[tuple[int, int]]:
    """Yield the spans, from revision `since` on and after the last, that rules 1 and 2 forbid."""
    for r in doc.revisions[since:]:
        spans = list(r.spans)
        for i, (_, where) in r.entries.items():
            if isinstance(where, int) and r.start <= where < r.end:
                p = doc.parsed(i, r.index)
                if p is not None and p.end > 0:
                    spans.append((p.start, p.end))
        at = r.start
        for a, b in sorted(spans):
            yield from _gap(doc.data, at, a)
            at = max(at, b)
        yield from _gap(doc.data, at, r.mark)
    yield from _trailing(doc)


def _trailing(doc: Document) -> Iterator[tuple[int, int]]:
    """Yield what follows the last revision: rule 2."""
    end = doc.revisions[-1].end
    rest = doc.data[end : end + 3]
    if len(rest) > 2 or rest.strip(WHITE):  # noqa: PLR2004 rule 2
        yield end, len(doc.data)


def _gap(data: bytes, a: int, b: int) -> Iterator[tuple[int, int]]:
    if a >= b:
        return
    m = _FILLER.match(data, a, b)
    at = m.end() if m else a
    if at < b or b" obj" in data[a:b]:
        yield at, b


def beyond(doc: Document, upto: int) -> Iterator[int]:
    """Yield ids whose entry, in a revision up to `upto`, points past that revision: rule 3."""
    for r in doc.revisions[: upto + 1]:
        for i, (_, where) in r.entries.items():
            if isinstance(where, int) and r.end <= where < len(doc.data):
                yield i
