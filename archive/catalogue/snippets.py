"""The piece of a record that shows why it was found, with what was asked for marked.

It is cut from the original text, accents and all, never from the folded words. Where the text has
none of the words, the subject (trích yếu) is shown instead.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from archive.catalogue.fold import Word, words
from archive.catalogue.searchindex import Clause
from archive.model import DocumentMetadata, Segment

_PAGES: Final = 200
_CHARACTERS: Final = 400_000
"""How far a record is read for its snippet: some 150 pages, a few hundredths of a second."""
_BEFORE: Final = 8
_WORDS: Final = 36
_SPACE: Final = re.compile(r"\s+")
_DOTS: Final = re.compile(r"(?:[.…]\s*){3,}|…\s*…\s*")
"""Dotted lines to be filled in, and ellipses: one is enough, and ours may stand beside it."""


def snippet(
    metadata: DocumentMetadata, texts: Iterable[tuple[int, str]], clauses: Sequence[Clause]
) -> tuple[int | None, tuple[Segment, ...]]:
    """Return the page (from 1; `None`: the metadata) and the segments of its best passage."""
    best: tuple[int, int, str, list[Word], list[tuple[int, int]]] | None = None
    read = 0
    for page, text in texts:
        found = list(words(text))
        spans, kinds = _spans(found, clauses)
        if kinds and (best is None or kinds > best[0]):
            best = (kinds, page, text, found, spans)
        read += len(text)
        if (best and best[0] == len(clauses)) or page >= _PAGES or read > _CHARACTERS:
            break
    if best is not None:
        _, page, text, found, spans = best
        return page, _passage(text, found, spans)
    for value in (metadata.trich_yeu, metadata.so_ky_hieu, metadata.co_quan_ban_hanh):
        if value:
            found = list(words(value))
            return None, _passage(value, found, _spans(found, clauses)[0])
    return None, ()


def _spans(found: Sequence[Word], clauses: Sequence[Clause]) -> tuple[list[tuple[int, int]], int]:
    """Return where clauses stand (first and last word) and how many different ones do."""
    by_first: dict[str, list[int]] = {}
    prefixes = []
    for index, clause in enumerate(clauses):
        if clause.prefix and len(clause.words) == 1:
            prefixes.append(index)
        else:
            by_first.setdefault(clause.words[0], []).append(index)
    spans, kinds = [], set()
    for at, word in enumerate(found):
        candidates = by_first.get(word.folded, [])
        for index in [*candidates, *prefixes]:
            length = len(clauses[index].words)
            if _stands(found[at : at + length], clauses[index]):
                spans.append((at, at + length - 1))
                kinds.add(index)
    return spans, len(kinds)


def _stands(found: Sequence[Word], clause: Clause) -> bool:
    if len(found) < len(clause.words):
        return False
    *inner, last = (word.folded for word in found)
    if tuple(inner) != clause.words[:-1]:
        return False
    return last.startswith(clause.words[-1]) if clause.prefix else last == clause.words[-1]


def _passage(
    text: str, found: Sequence[Word], spans: Sequence[tuple[int, int]]
) -> tuple[Segment, ...]:
    """Cut some words around the densest group of spans."""
    if not found:
        return ()
    first = 0
    if spans:
        starts = [start for start, _ in spans]
        densest = max(
            starts, key=lambda s: (sum(s <= other < s + _WORDS - _BEFORE for other in starts), -s)
        )
        first = max(0, densest - _BEFORE)
    last = min(len(found), first + _WORDS) - 1
    segments: list[Segment] = []
    at = found[first].start if first else 0
    end = found[last].end if last + 1 < len(found) else len(text)
    if first:
        _append(segments, "… ", hit=False)
    for start, stop in _merged(spans, first, last):
        begin = max(found[start].start, at)
        _append(segments, text[at:begin], hit=False)
        _append(segments, text[begin : found[stop].end], hit=True)
        at = max(at, found[stop].end)
    _append(segments, text[at:end], hit=False)
    if last + 1 < len(found):
        _append(segments, " …", hit=False)
    return tuple(segments)


def _merged(spans: Sequence[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if start < first or stop > last:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _append(segments: list[Segment], text: str, *, hit: bool) -> None:
    """Add to the last segment where both are alike, so that dots of both become one ellipsis."""
    if segments and not hit and not segments[-1].hit:
        text = segments.pop().text + text
    text = _DOTS.sub("… ", _SPACE.sub(" ", text)) if not hit else _SPACE.sub(" ", text)
    if text:
        segments.append(Segment(text, hit=hit))
