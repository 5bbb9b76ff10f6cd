"""Phát hành: ký nháy → người có thẩm quyền → số, ngày → con dấu, as states that cannot be skipped.

Nghị định 30/2020, Điều 13-15, 32 and Phụ lục I:

1. A `Draft` is a finished PDF and the places for those who come after. They are made in the
   revision of the first signature, which certifies the document (DocMDP P=2); `initial` and
   `approve` are the only ways on.
2. Each step is made by whom it belongs to: initials by a drafter or a leader, the competent
   person's by a leader's identity, the last by a seal's. Every earlier signature is verified before
   and after (`signer.creation`) and stays as good as it was.
3. The agency's key is used on nothing but a document that the competent person signed (Điều 32).
   `Approved` says so of bytes that were verified; `issue` verifies them once more, on its own copy,
   before anything is reserved: the signature in the leader's field, by a certificate of a leader of
   this house, TOTAL-PASSED; number, date and seal still empty, and the seal's field locking them;
   nothing else signed.
4. The number takes two commits (design.md D9, `archive.register`):
   a. RESERVED: bound to the digest of the approved bytes, with the date of that day, before the
      seal's key is used.
   b. The seal: number and date come into its own revision. What was made is kept in the workshop
      until (c), under its final name only when it is whole.
   c. ISSUED: COMMIT POINT, in the transaction that archives the sealed document.
   d. The document is handed over, from the archive.
   Whoever calls `issue` again with the same bytes goes on where it stopped, with the same number
   and date: after (a) it is sealed, after (b) the seal that was made is used if it holds up, after
   (c) the archived document is handed over. Nothing is ever numbered twice.
5. A document whose page bears the year of another register is refused before (a).
"""

import errno
import fcntl
import hashlib
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from archive.fixity import VerifiedContent
from archive.model import DocumentMetadata, NumberState, OutgoingNumber, RecordKind
from archive.register import OUTGOING_BOOK, Register
from certs.model import IdentityPurpose, IdentityStore, TrustStore
from office.blanks import Blanks, blanks
from office.errors import FileUnusableError, NotIssuableError, StorageFullError
from office.flows.receive import Receiving
from office.flows.sign import Signing, ToSign
from office.flows.verify import Verifier
from signer.appearance import AppearanceKind
from signer.creation import SignRequest
from signer.errors import SelfCheckError
from signer.fields import (
    READ_FIELDS,
    TEXTS,
    FieldsRequest,
    FieldUse,
    FieldValue,
    FoundFields,
    NewField,
)
from signer.pagetext import READ_TEXT, DocumentText, TextRequest
from signer.sandbox import Sandbox
from signer.validation.report import (
    ChangesAfter,
    Indication,
    Integrity,
    Level,
    SignatureKind,
    ValidationReport,
)

NEEDED = (FieldUse.LEADER, FieldUse.NUMBER, FieldUse.SEAL)
"""Without these three a document cannot be issued here; what is printed of the date needs none."""
CERTIFIES = 2
CHUNK = 1 << 18
MONTH_WITH_ZERO = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who signs a step, and how."""

    identity_id: str
    pin: str | None
    actor: str
    """As the history shall name them."""
    level: Level = Level.B_LT
    image: bytes | None = None
    """PNG of the handwritten signature or of the seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A finished PDF that nobody has signed, and the fields it will have."""

    path: Path
    fields: tuple[NewField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialled:
    """With the initials of who drafted or checked it; the fields are made."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Signed by the competent person and verified; number, date and seal are still empty."""

    path: Path
    sha256: str
    report: ValidationReport
    fields: FoundFields


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """Numbered, dated, sealed, archived and handed over."""

    path: Path
    sha256: str
    number: OutgoingNumber
    record_id: str


class Opener(Protocol):
    """The archive as this flow needs it."""

    def open(self, record_id: str) -> AbstractContextManager[VerifiedContent]:
        """See `archive.archive.Archive.open`."""


class Issuing:
    """Takes a document from finished to issued. Thread-safe, and across processes.

    `workshop` is a folder of its own, kept over restarts.
    """

    def __init__(  # noqa: PLR0913 - what a flow composes
        self,
        *,
        signing: Signing,
        verifier: Verifier,
        receiving: Receiving,
        archive: Opener,
        register: Register,
        identities: IdentityStore,
        sandbox: Sandbox,
        trust: Callable[[], TrustStore],
        workshop: Path,
    ) -> None:
        self._signing = signing
        self._verifier = verifier
        self._receiving = receiving
        self._archive = archive
        self._register = register
        self._identities = identities
        self._sandbox = sandbox
        self._trust = trust
        self._workshop = workshop

    # -- finished → prepared

    def propose(self, path: Path) -> Blanks:
        """Return the places that the document leaves free, for somebody to look at.

        Raises:
            SignerError: it cannot be read.

        """
        units = self._sandbox.run(READ_FIELDS, FieldsRequest(), pdf=path).units
        return blanks(self._text(path), units)

    def draft(self, path: Path, fields: tuple[NewField, ...] | None = None) -> Draft:
        """Return a draft with `fields`, or with the proposed ones.

        Raises:
            NotIssuableError: one that is needed is missing.

        """
        chosen = self.propose(path).fields if fields is None else fields
        missing = [use for use in NEEDED if use not in {f.use for f in chosen}]
        if missing:
            names = ", ".join(missing)
            raise NotIssuableError(
                f"Chưa có vị trí cho: {names}. Hãy chỉ rõ trên trang.",
                f"There is no place for: {names}. Say where on the page.",
            )
        return Draft(path=path, fields=chosen)

    # -- prepared → initialled → approved

    def initial(self, draft: Draft, target: Path, hand: Hand) -> Initialled:
        """Put initials on a draft.

        Raises:
            NotIssuableError: not whose turn it is, or no place for initials.
            CertsError, SignerError, OfficeError: as `office.flows.sign` has them.

        """
        self._admit(hand, IdentityPurpose.DRAFTER, IdentityPurpose.LEADER)
        if FieldUse.INITIALS not in {f.use for f in draft.fields}:
            raise NotIssuableError(
                "Văn bản không có vị trí ký nháy.", "The document has no place for initials."
            )
        sha256 = self._sign(
            draft.path, target, FieldUse.INITIALS, AppearanceKind.LEADER, hand, draft.fields
        )
        return Initialled(path=target, sha256=sha256)

    def approve(self, document: Draft | Initialled, target: Path, hand: Hand) -> Approved:
        """Have the competent person sign.

        Raises:
            NotIssuableError: not whose turn it is, or what came out cannot be issued.
            CertsError, SignerError, OfficeError: as `office.flows.sign` has them.

        """
        self._admit(hand, IdentityPurpose.LEADER)
        fields = document.fields if isinstance(document, Draft) else ()
        self._sign(document.path, target, FieldUse.LEADER, AppearanceKind.LEADER, hand, fields)
        return self.recognise(target)

    def recognise(self, path: Path) -> Approved:
        """Return a document as approved, having verified that it is (rule 3).

        Raises:
            NotIssuableError: it is not, and why.
            SignerError: it cannot be read.

        """
        sha256 = _digest(path)
        report = self._verifier.verify(path, trust=self._trust(), read=False).report
        if report.integrity is not Integrity.INTACT or report.indication is None:
            told_vi = " ".join(r.vi for r in report.reasons[:2])
            told_en = " ".join(r.en for r in report.reasons[:2])
            raise NotIssuableError(
                f"Văn bản không còn nguyên vẹn hoặc chưa ký. {told_vi}",
                f"The document is not intact, or not signed. {told_en}",
            )
        fields = self._sandbox.run(READ_FIELDS, FieldsRequest(), pdf=path)
        self._require_signatures(report)
        self._require_blanks(fields)
        if _digest(path) != sha256:
            raise NotIssuableError(
                "Tệp đã bị thay đổi trong khi kiểm tra. Hãy thử lại.",
                "The file changed while it was verified. Try again.",
            )
        return Approved(path=path, sha256=sha256, report=report, fields=fields)

    # -- approved → issued

    def issue(
        self,
        approved: Approved,
        target: Path,
        hand: Hand,
        *,
        book: str = OUTGOING_BOOK,
        name: str | None = None,
        given: DocumentMetadata | None = None,
    ) -> Issued:
        """Bring the document out: number, date, seal, archive (rule 4). Call it again on failure.

        Raises:
            NotIssuableError: the condition that is not met; no number was reserved.
            SelfCheckError: the sealed document does not hold up; the number stays reserved.
            CertsError, SignerError, ArchiveError, OfficeError: what failed; where a number was
                reserved, it stays reserved for this document.

        """
        self._admit(hand, IdentityPurpose.SEAL)
        try:
            with _alone(self._workshop, approved.sha256) as work:
                return self._issue(
                    approved, target, hand, work, book, name or approved.path.name, given
                )
        except OSError as e:
            if e.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFullError from e
            raise FileUnusableError(target.name, e.strerror or type(e).__name__) from e

    def _issue(
        self,
        approved: Approved,
        target: Path,
        hand: Hand,
        work: Path,
        book: str,
        name: str,
        given: DocumentMetadata | None,
    ) -> Issued:
        source = work / "approved.pdf"
        if not source.exists() or _digest(source) != approved.sha256:
            with approved.path.open("rb") as original:
                _place(original, source)
        again = self.recognise(source)
        if again.sha256 != approved.sha256:
            raise NotIssuableError(
                "Tệp đã bị thay đổi sau khi được kiểm tra. Hãy kiểm tra lại.",
                "The file was changed after it was verified. Verify it again.",
            )
        self._require_year(source, again.fields)
        number = self._register.reserve(approved.sha256, book=book)
        if number.record_id is None:
            number = self._seal_and_archive(again, number, hand, name, given)
        return self._hand_over(number, target, work)

    def _seal_and_archive(
        self,
        approved: Approved,
        number: OutgoingNumber,
        hand: Hand,
        name: str,
        given: DocumentMetadata | None,
    ) -> OutgoingNumber:
        entry = number.entry
        sealed = approved.path.parent / f"sealed-{entry.year}-{entry.number}.pdf"
        if sealed.exists() and not self._holds(sealed, approved, number, hand):
            sealed.unlink()
        if not sealed.exists():
            self._sign(
                approved.path,
                sealed,
                FieldUse.SEAL,
                AppearanceKind.SEAL,
                hand,
                values=_values(number, approved.fields),
            )
            self._require_sealed(sealed, approved, number, hand)
        received = self._receiving.receive(
            sealed,
            original_name=name,
            kind=RecordKind.OUTGOING,
            given=given,
            actor=hand.actor,
            number=entry,
        )
        if received.receipt.register != entry:
            raise NotIssuableError(
                f"Văn bản này đã có trong kho lưu trữ ({received.receipt.record_id}) mà không mang "
                f"số {entry.number}/{entry.year}.",
                f"This document is in the archive already ({received.receipt.record_id}) without "
                f"number {entry.number}/{entry.year}.",
            )
        return self._register.number(entry)

    def _hand_over(self, number: OutgoingNumber, target: Path, work: Path) -> Issued:
        if number.state is not NumberState.ISSUED or number.record_id is None:
            raise NotIssuableError(
                f"Số {number.entry.number} chưa được phát hành.",
                f"Number {number.entry.number} is not issued.",
            )
        with self._archive.open(number.record_id) as content:
            _place(content.stream, target)
            sha256 = content.sha256
        shutil.rmtree(work, ignore_errors=True)
        return Issued(path=target, sha256=sha256, number=number, record_id=number.record_id)

    # -- conditions

    def _admit(self, hand: Hand, *purposes: IdentityPurpose) -> None:
        identity = self._identities.get(hand.identity_id)
        if identity.purpose not in purposes:
            raise NotIssuableError(
                f"Danh tính «{identity.common_name}» không dùng cho bước này.",
                f"Identity “{identity.common_name}” is not for this step.",
            )

    def _require_signatures(self, report: ValidationReport) -> None:
        signed = [s for s in report.signatures if s.kind is SignatureKind.SIGNATURE]
        leader = next((s for s in signed if s.field_name == FieldUse.LEADER), None)
        competent = {
            identity.certificate
            for identity in self._identities.list()
            if identity.purpose is IdentityPurpose.LEADER
        }
        if leader is None or leader.signer is None or leader.signer.certificate not in competent:
            raise NotIssuableError(
                "Người có thẩm quyền chưa ký; không được đóng dấu, cấp số (Điều 32 Nghị định 30).",
                "The competent person has not signed; no number and no seal (Decree 30, Art. 32).",
            )
        weak = [s.field_name for s in signed if s.indication is not Indication.TOTAL_PASSED]
        if weak:
            raise NotIssuableError(
                f"Chữ ký chưa kiểm tra được đầy đủ: {', '.join(weak)}.",
                f"Signatures that do not pass verification: {', '.join(weak)}.",
            )
        others = [
            s.field_name for s in signed if s.field_name not in (FieldUse.INITIALS, FieldUse.LEADER)
        ]
        if others or signed[0].docmdp != CERTIFIES:
            raise NotIssuableError(
                f"Thứ tự ký không đúng quy trình ({', '.join(others) or 'chữ ký đầu'}).",
                f"It was not signed in the order of this procedure ({', '.join(others) or '1st'}).",
            )

    def _require_blanks(self, fields: FoundFields) -> None:
        seal = fields.get(FieldUse.SEAL)
        blank = {f.use for f in fields.fields if not f.filled}
        texts = [f.use for f in fields.fields if f.use in TEXTS]
        if (
            seal is None
            or FieldUse.SEAL not in blank
            or FieldUse.NUMBER not in blank
            or not blank.issuperset(texts)
            or not set(seal.locks).issuperset(texts)
        ):
            raise NotIssuableError(
                "Văn bản không có đủ ô trống cho số, ngày và con dấu, hoặc đã được cấp số.",
                "The document lacks empty fields for number, date and seal, or is numbered.",
            )

    def _require_year(self, path: Path, fields: FoundFields) -> None:
        """Rule 5."""
        if fields.get(FieldUse.YEAR) is not None:
            return
        printed = blanks(self._text(path, last=1)).printed_year
        year = self._register.today().year
        if printed is not None and printed != year:
            raise NotIssuableError(
                f"Trang giấy ghi năm {printed}, sổ đăng ký là năm {year}.",
                f"The page bears the year {printed}, the register is that of {year}.",
            )

    def _holds(self, sealed: Path, approved: Approved, number: OutgoingNumber, hand: Hand) -> bool:
        try:
            self._require_sealed(sealed, approved, number, hand)
        except SelfCheckError as e:
            _log.warning("a seal left by a crash is thrown away: %s", e)
            return False
        return True

    def _require_sealed(
        self, sealed: Path, approved: Approved, number: OutgoingNumber, hand: Hand
    ) -> None:
        """Accept what is about to be archived; also what a crash left behind.

        Raises:
            SelfCheckError: it is not what it should be.

        """
        report = self._verifier.verify(sealed, trust=self._trust(), read=False).report
        last = next((s for s in report.signatures if s.field_name == FieldUse.SEAL), None)
        seal = self._identities.get(hand.identity_id).certificate
        fields = self._sandbox.run(READ_FIELDS, FieldsRequest(), pdf=sealed)
        said = {f.use: f.value for f in fields.fields if f.use in TEXTS}
        sound = (
            report.integrity is Integrity.INTACT
            and last is not None
            and last.signer is not None
            and last.signer.certificate == seal
            and last.changes_after in (ChangesAfter.NONE, ChangesAfter.LTA)
            and said == {v.use: v.value for v in _values(number, approved.fields)}
            and _begins_with(sealed, approved.path)
        )
        if not sound:
            told = report.reasons[:2]
            raise SelfCheckError(
                "Văn bản đã đóng dấu không qua được bước tự kiểm tra; chưa phát hành. "
                + " ".join(r.vi for r in told),
                "The sealed document does not pass our own check; it was not issued. "
                + " ".join(r.en for r in told),
            )

    # -- tools

    def _sign(
        self,
        source: Path,
        target: Path,
        use: FieldUse,
        appearance: AppearanceKind,
        hand: Hand,
        fields: tuple[NewField, ...] = (),
        *,
        values: tuple[FieldValue, ...] = (),
    ) -> str:
        request = SignRequest(
            level=hand.level,
            field_name=use.value,
            appearance=appearance,
            image=hand.image,
            fields=fields,
            values=values,
        )
        [outcome] = self._signing.sign(
            [ToSign(source=source, target=target, name=target.name)],
            request,
            identity_id=hand.identity_id,
            pin=hand.pin,
            actor=hand.actor,
        )
        if outcome.error is not None:
            raise outcome.error
        return outcome.sha256 or _digest(target)

    def _text(self, path: Path, last: int | None = None) -> DocumentText:
        return self._sandbox.run(READ_TEXT, TextRequest(last=last), pdf=path)


def _values(number: OutgoingNumber, fields: FoundFields) -> tuple[FieldValue, ...]:
    """Return what the text fields say: a number or a day below 10, a month below 3 with a zero.

    Nghị định 30/2020, Phụ lục I, mục II.3 and II.4.
    """
    day, month = number.issue_date.day, number.issue_date.month
    said = {
        FieldUse.NUMBER: f"{number.entry.number:02d}",
        FieldUse.DAY: f"{day:02d}",
        FieldUse.MONTH: f"{month:02d}" if month < MONTH_WITH_ZERO else str(month),
        FieldUse.YEAR: str(number.issue_date.year),
    }
    return tuple(
        FieldValue(use=use, value=value)
        for use, value in said.items()
        if fields.get(use) is not None
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _begins_with(whole: Path, beginning: Path) -> bool:
    with whole.open("rb") as longer, beginning.open("rb") as shorter:
        while wanted := shorter.read(CHUNK):
            if longer.read(len(wanted)) != wanted:
                return False
    return True


@contextmanager
def _alone(workshop: Path, sha256: str) -> Iterator[Path]:
    """Give the folder of a document to one at a time on this machine.

    Two who issue the same document at once would take each other's files away. Across machines
    the register decides: the second is handed what the first archived.
    """
    work = workshop / sha256
    work.mkdir(parents=True, exist_ok=True)
    # A few locks for all documents: a lock of its own could never be removed safely.
    with (workshop / f"lock-{sha256[:2]}").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        work.mkdir(exist_ok=True)
        yield work


def _place(content: IO[bytes], target: Path) -> None:
    """Write `content` to `target`, whole or not at all."""
    with _part(target) as (path, part):
        shutil.copyfileobj(content, part, CHUNK)
        part.flush()
        os.fsync(part.fileno())
        path.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _part(target: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    path = target.parent / f".{target.name}.{secrets.token_hex(6)}.part"
    try:
        with path.open("xb") as part:
            yield path, part
    finally:
        with suppress(FileNotFoundError):
            path.unlink()
