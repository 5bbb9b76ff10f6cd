"""Finding records: what was typed, and a page of hits.

1. All words must occur, anywhere in the record. Words in `"quotes"` must stand one after another;
   so must the parts of a number like `345/QĐ-UBND`. `quyet*` is the beginning of a word.
2. Accents, case, NFC or NFD, old or new tone placement do not decide whether something is found;
   with accents in the query, hits that have the same ones in their metadata come first.
3. The order is total and explains itself: score, then issue date (or day of arrival), then order
   of arrival, newest first. It is the same on both databases, which a statistical rank is not,
   and it stands still while somebody turns pages.
4. A page begins after the last hit of the page before (keyset), so that page 500 costs what page
   1 costs and nothing is shown twice when new records arrive. The cursor is bound to its query.
5. The total is counted up to `_COUNTED`; beyond that nobody reads the number, and counting costs
   more than searching.
"""

import base64
import binascii
import hashlib
import json
import re
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Connection,
    Date,
    RowMapping,
    TextClause,
    bindparam,
    select,
    text,
)

from archive.catalogue.fold import bears_marks, fold, key
from archive.catalogue.searchindex import Clause, found_rows, marks_of
from archive.catalogue.snippets import snippet
from archive.catalogue.tables import UtcDateTime, pages
from archive.errors import CursorRejectedError, QueryRejectedError
from archive.model import (
    DocumentMetadata,
    RecordKind,
    SearchHit,
    SearchOrder,
    SearchPage,
    SearchQuery,
)

_COUNTED: Final = 10_000
_MOST: Final = 200
"""Hits on one page; each costs a look at its text for the snippet."""
_LONGEST_QUERY: Final = 500
_MOST_WORDS: Final = 32
"""Below `searchindex._OVERLAP`, so a phrase is found wherever it stands."""

_TERM: Final = re.compile(r'"(?P<phrase>[^"]*)"?(?P<star>\*?)|(?P<word>[^\s"]+)')
_COLUMNS: Final = (
    "r.record_id, r.kind, r.seq, r.received_at, r.sort_date, r.integrity, r.indication, r.sources,"
    " r.so_ky_hieu, r.ngay_ban_hanh, r.co_quan_ban_hanh, r.loai_van_ban, r.trich_yeu, r.nguoi_ky"
)


def parse(typed: str) -> tuple[Clause, ...]:
    """Return what `typed` asks for (rule 1).

    Raises:
        QueryRejectedError: too long.

    """
    clauses = []
    for match in _TERM.finditer(typed[:_LONGEST_QUERY]):
        run = match["phrase"] if match["phrase"] is not None else match["word"]
        prefix = bool(match["star"]) or (match["word"] is not None and run.endswith("*"))
        if words := tuple(fold(run)):
            clauses.append(Clause(words=words, prefix=prefix))
    if len(typed) > _LONGEST_QUERY or sum(len(c.words) for c in clauses) > _MOST_WORDS:
        raise QueryRejectedError(
            f"Câu tìm kiếm quá dài: tối đa {_MOST_WORDS} từ.",
            f"The search is too long: at most {_MOST_WORDS} words.",
        )
    return tuple(dict.fromkeys(clauses))


def search(connection: Connection, query: SearchQuery) -> SearchPage:
    """Return one page of hits.

    Raises:
        QueryRejectedError: a search that we do not run.
        CursorRejectedError: a cursor of another search.

    """
    clauses = parse(query.text)
    if query.text.strip() and not clauses:
        # Only punctuation: nothing can be found by it, and listing everything would mislead.
        return SearchPage(hits=(), total=0, total_exact=True, next=None)
    limit = max(1, min(query.limit, _MOST))
    source, tier, parameters = _source(connection.dialect.name, query, clauses)
    conditions, filters = _filters(query)
    parameters |= filters
    # A constant in the order would keep the database from reading its index on the date.
    ranked = query.order is SearchOrder.RELEVANCE and bool(clauses)
    place = [tier] * ranked + ["r.sort_date", "r.seq"]
    after = ""
    page_parameters: dict[str, Any] = {**parameters, "limit": limit + 1}
    if query.cursor is not None:
        last = dict(zip(("last_score", "last_date", "last_seq"), _read_cursor(query), strict=True))
        if not ranked:
            del last["last_score"]
        page_parameters |= last
        after = f"AND ({', '.join(place)}) < ({', '.join(f':{name}' for name in last)})"
    rows = (
        connection.execute(
            _prepared(
                f"SELECT {_COLUMNS}, {tier} AS score FROM {source} WHERE {conditions} {after}"  # noqa: S608 - constants of this module; every value is a parameter
                f" ORDER BY {', '.join(f'{column} DESC' for column in place)} LIMIT :limit",
                page_parameters,
            ).columns(received_at=UtcDateTime, sort_date=Date, ngay_ban_hanh=Date, sources=JSON),
            page_parameters,
        )
        .mappings()
        .all()
    )
    total = connection.execute(
        _prepared(
            f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {conditions}"  # noqa: S608 - as above
            f" LIMIT {_COUNTED + 1}) c",
            parameters,
        ),
        parameters,
    ).scalar_one()
    return SearchPage(
        hits=tuple(_hit(connection, row, clauses) for row in rows[:limit]),
        total=min(total, _COUNTED),
        total_exact=total <= _COUNTED,
        next=_write_cursor(query, rows[limit - 1]) if len(rows) > limit else None,
    )


def metadata_of(row: RowMapping) -> DocumentMetadata:
    """Return the six fields of a row of `records`."""
    return DocumentMetadata(
        so_ky_hieu=row["so_ky_hieu"],
        ngay_ban_hanh=row["ngay_ban_hanh"],
        co_quan_ban_hanh=row["co_quan_ban_hanh"],
        loai_van_ban=row["loai_van_ban"],
        trich_yeu=row["trich_yeu"],
        nguoi_ky=row["nguoi_ky"],
        sources=row["sources"],
    )


def _prepared(statement: str, parameters: dict[str, Any]) -> TextClause:
    """Return `statement` with its dates declared: SQLite has no type of its own for them."""
    dates = [bindparam(name, type_=Date) for name, v in parameters.items() if isinstance(v, date)]
    return text(statement).bindparams(*dates)


def _source(
    dialect: str, query: SearchQuery, clauses: tuple[Clause, ...]
) -> tuple[str, str, dict[str, Any]]:
    """Return where rows come from, the score of one, and the parameters of both."""
    if not clauses:
        return "records r", "0", {}
    rows, parameters = found_rows(dialect, clauses, marks_of(query.text))
    return (
        f"records r JOIN ({rows}) m ON m.seq = r.seq",
        "CASE WHEN r.number_key = :number THEN 4 ELSE m.score END",
        {**parameters, "number": key(query.text)},
    )


def _filters(query: SearchQuery) -> tuple[str, dict[str, Any]]:
    conditions, parameters = ["1 = 1"], dict[str, Any]()
    if query.from_date is not None:
        conditions.append("r.ngay_ban_hanh >= :from_date")
        parameters["from_date"] = query.from_date
    if query.to_date is not None:
        conditions.append("r.ngay_ban_hanh <= :to_date")
        parameters["to_date"] = query.to_date
    if query.agency:
        # Folded words hold neither % nor _, so nothing in the pattern needs an escape.
        conditions.append("r.agency_key LIKE :agency")
        parameters["agency"] = f"%{key(query.agency) or '?'}%"
    if query.type:
        conditions.append("r.type_key = :type")
        parameters["type"] = key(query.type)
    if query.kind is not None:
        conditions.append("r.kind = :kind")
        parameters["kind"] = query.kind.value
    return " AND ".join(conditions), parameters


def _hit(connection: Connection, row: RowMapping, clauses: tuple[Clause, ...]) -> SearchHit:
    metadata = metadata_of(row)
    texts = connection.execute(
        select(pages.c.page, pages.c.text)
        .where(pages.c.record_seq == row["seq"])
        .order_by(pages.c.page)
        .execution_options(yield_per=16)
    )
    page, segments = snippet(metadata, ((p, t) for p, t in texts), clauses)
    texts.close()
    return SearchHit(
        record_id=row["record_id"],
        kind=RecordKind(row["kind"]),
        metadata=metadata,
        received=row["received_at"],
        integrity=row["integrity"],
        indication=row["indication"],
        page=page,
        snippet=segments,
        score=row["score"],
    )


def _fingerprint(query: SearchQuery) -> str:
    asked = [
        [[*c.words, c.prefix] for c in parse(query.text)],
        bears_marks(query.text),
        str(query.from_date),
        str(query.to_date),
        key(query.agency),
        key(query.type),
        query.kind,
        query.order,
    ]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


def _write_cursor(query: SearchQuery, last: RowMapping) -> str:
    place = [last["score"], last["sort_date"].isoformat(), last["seq"], _fingerprint(query)]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(query: SearchQuery) -> tuple[int, date, int]:
    written = query.cursor or ""
    try:
        padded = written + "=" * (-len(written) % 4)
        score, day, seq, fingerprint = json.loads(base64.urlsafe_b64decode(padded))
        place = int(score), date.fromisoformat(day), int(seq)
    except (binascii.Error, ValueError, TypeError) as exc:
        raise CursorRejectedError from exc
    if fingerprint != _fingerprint(query) or place[2] >> 63:
        raise CursorRejectedError
    return place
