"""Numbers of documents: once each, without a gap (Nghị định 30/2020, Điều 15 and 22).

1. A number belongs to one agency, one book (sổ đăng ký) and one year, and each year begins with 1.
   The year is that of the calendar in Việt Nam: it turns at 17:00 UTC.
2. The number is the next of a counter row, taken in the very transaction that registers the
   document. If that transaction fails, the number was never taken. A database sequence would not
   do: what it has given out is not given back, and leaves a gap.
3. The counter row makes everybody who numbers in the same book wait for the transaction before;
   other books go on.
4. Each number leaves a row in the ledger, with the document that bears it. A number can be voided
   with a reason; it is never deleted and never given out again.
5. A document that comes in is numbered when it is archived, in the book `den`.
6. A document that goes out gets its number in two commits. RESERVED: counter, ledger row and the
   digest of the signed document, in one transaction, before the seal's key is used. Whoever asks
   again for the same document gets the same number and the same date, in whatever book and year
   they ask: that is how a crash in between is resumed.
7. ISSUED: in the very transaction in which the archive records the finished document. The same
   number is issued once; whoever comes second gets the record of the first.
8. VOID, with a reason: only what is reserved. An issued document is in people's hands; it is
   withdrawn by another document, and its number stands.
"""

from datetime import date, datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from archive.catalogue import numbers
from archive.catalogue.database import reading, writing
from archive.errors import NumberStateError
from archive.model import VIETNAM, Clock, OutgoingNumber, RecordKind, RegisterEntry

INCOMING_BOOK: Final = "den"
OUTGOING_BOOK: Final = "di"


def book_for(kind: RecordKind) -> str | None:
    """Return the book in which a document of this kind is numbered when archived (rule 5)."""
    return INCOMING_BOOK if kind is RecordKind.INCOMING else None


def register_year(moment: datetime) -> int:
    """Return the register's year at `moment` (rule 1)."""
    return moment.astimezone(VIETNAM).year


class Register:
    """The numbers of outgoing documents (rules 6 to 8). Thread-safe, and across processes."""

    def __init__(self, engine: Engine, clock: Clock, *, agency: str) -> None:
        self._engine = engine
        self._clock = clock
        self.agency = agency

    def today(self) -> date:
        """Return the day that a document reserved now would bear."""
        return self._clock.now().astimezone(VIETNAM).date()

    def reserve(self, document_sha256: str, *, book: str = OUTGOING_BOOK) -> OutgoingNumber:
        """Return the document's number: the one that it has, or a new one. COMMIT POINT.

        Raises:
            CatalogueUnavailableError: nobody knows; asking again makes it sure.

        """
        try:
            return self._reserve(document_sha256, book)
        except IntegrityError:
            # Somebody reserved for the same document since we looked (PostgreSQL lets both look).
            # That transaction is over, and ours gave its number back.
            return self._reserve(document_sha256, book)

    def _reserve(self, document_sha256: str, book: str) -> OutgoingNumber:
        now = self._clock.now()
        with writing(self._engine) as connection:
            return numbers.reserve_number(
                connection,
                agency=self.agency,
                book=book,
                year=register_year(now),
                document_sha256=document_sha256,
                issue_date=now.astimezone(VIETNAM).date(),
                now=now,
            )

    def void(self, entry: RegisterEntry, reason: str) -> OutgoingNumber:
        """Void a reserved number.

        Raises:
            NumberStateError: it is not reserved, or there is no reason.

        """
        if not reason.strip():
            raise NumberStateError(
                f"{entry.number}/{entry.year}",
                "chỉ được hủy khi có lý do",
                "can be voided only with a reason",
            )
        with writing(self._engine) as connection:
            numbers.void_number(connection, entry, reason.strip(), self._clock.now())
        return self.number(entry)

    def number(self, entry: RegisterEntry) -> OutgoingNumber:
        """Return what the ledger says of a number.

        Raises:
            NumberStateError: no document goes out with it.

        """
        with reading(self._engine) as connection:
            found = numbers.outgoing(connection, entry)
        if found is None:
            raise NumberStateError(
                f"{entry.number}/{entry.year}", "không có trong sổ", "is not in the register"
            )
        return found

    def reserved(self) -> list[OutgoingNumber]:
        """Return the numbers whose documents are not issued yet, oldest first."""
        with reading(self._engine) as connection:
            return numbers.reserved_numbers(connection, self.agency)
