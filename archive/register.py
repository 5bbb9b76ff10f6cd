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
5. A document that comes in is numbered when it is archived, in the book `den`. One that goes out
   is numbered when it is issued, which is not the archive's business.
"""

from datetime import datetime
from typing import Final

from archive.model import VIETNAM, RecordKind

INCOMING_BOOK: Final = "den"


def book_for(kind: RecordKind) -> str | None:
    """Return the book in which a document of this kind is numbered when archived (rule 5)."""
    return INCOMING_BOOK if kind is RecordKind.INCOMING else None


def register_year(moment: datetime) -> int:
    """Return the register's year at `moment` (rule 1)."""
    return moment.astimezone(VIETNAM).year
