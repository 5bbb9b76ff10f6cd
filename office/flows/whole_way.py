"""Phát hành in one go: from a finished PDF to an issued document, by who is named for each step.

Nghị định 30/2020, Điều 13-15, 32; `office.flows.issue` has the states and their rules. Added here:

1. Whose turn comes later is asked for first: the seal's key is opened before anybody signs, so
   that a wrong PIN or an unknown identity neither signs nor numbers anything.
2. A leader's signature is other bytes each time it is made, and a number is bound to those bytes.
   So what the leader signed is kept, by the digest of the finished PDF, before a number can be
   reserved. Whoever comes again with the same PDF gets that signature, and with it the same
   number, whether the first attempt died or was done: one document is never numbered twice.
3. What is kept is not signed anew by somebody else: another leader, or other initials, is refused.
   A document to be signed anew is a new one.
4. What is signed is a copy that was hashed as it was made; the file may change meanwhile.
"""

import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from archive.register import OUTGOING_BOOK
from certs.model import IdentityStore
from office.errors import FileUnusableError, NotIssuableError, StorageFullError
from office.flows.issue import Approved, Draft, Hand, Initialled, Issued, Issuing
from signer.fields import FieldUse

DRAFT, INITIALLED, APPROVED = "du-thao.pdf", "nhay.pdf", "da-ky.pdf"
CHUNK = 1 << 18


class WholeWay:
    """Issues finished documents. Thread-safe, and across processes on one machine.

    `folder` is one of its own, kept over restarts, and as safe as the archive (rule 2).
    """

    def __init__(self, *, issuing: Issuing, identities: IdentityStore, folder: Path) -> None:
        self._issuing = issuing
        self._identities = identities
        self._folder = folder

    def issue(
        self,
        source: Path,
        target: Path,
        *,
        leader: Hand,
        seal: Hand,
        initials: Hand | None = None,
        book: str = OUTGOING_BOOK,
    ) -> Issued:
        """Bring `source` out as `target`. Call it again on failure; the number stays.

        Raises:
            NotIssuableError: the condition that is not met.
            CertsError, SignerError, ArchiveError, OfficeError: as `office.flows.issue` has them.

        """
        with closing(self._identities.open(seal.identity_id, seal.pin)):
            pass  # rule 1
        for hand in (leader, initials):
            if hand is not None:
                self._identities.get(hand.identity_id)
        try:
            with self._copied(source) as (copy, sha256), self._alone(sha256) as work:
                approved = self._kept(work, leader, initials)
                if approved is None:
                    approved = self._sign(copy, work, leader, initials)
                return self._issuing.issue(approved, target, seal, book=book, name=source.name)
        except OSError as e:
            if e.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFullError from e
            raise FileUnusableError(source.name, e.strerror or type(e).__name__) from e

    def _sign(self, copy: Path, work: Path, leader: Hand, initials: Hand | None) -> Approved:
        # Fixed names: what a crash leaves is overwritten by whoever comes again.
        finished, initialled = copy.replace(work / DRAFT), work / INITIALLED
        try:
            document: Draft | Initialled
            document = draft = self._issuing.draft(finished)
            if initials is not None:
                document = self._issuing.initial(draft, initialled, initials)
            return self._issuing.approve(document, work / APPROVED, leader)
        finally:
            finished.unlink()
            initialled.unlink(missing_ok=True)

    def _kept(self, work: Path, leader: Hand, initials: Hand | None) -> Approved | None:
        """Return what was signed before (rules 2 and 3)."""
        path = work / APPROVED
        if not path.exists():
            return None
        approved = self._issuing.recognise(path)
        asked = {FieldUse.LEADER: leader}
        if initials is not None:
            asked[FieldUse.INITIALS] = initials
        wanted = {
            use.value: self._identities.get(hand.identity_id).certificate
            for use, hand in asked.items()
        }
        signers = {s.field_name: s.signer for s in approved.report.signatures if s.signer}
        signed = {name: signer.certificate for name, signer in signers.items() if name}
        if signed != wanted:
            raise NotIssuableError(
                "Văn bản này đã được người khác ký để phát hành; không ký lại. "
                "Muốn ký lại, hãy lập văn bản mới.",
                "This document was signed by others to be issued; it is not signed anew. "
                "To have it signed anew, make a new document.",
            )
        return approved

    @contextmanager
    def _copied(self, source: Path) -> Iterator[tuple[Path, str]]:
        """Copy and hash what is to be signed (rule 4)."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f".{secrets.token_hex(6)}.part"
        digest = hashlib.sha256()
        try:
            with source.open("rb") as original, path.open("xb") as copy:
                while data := original.read(CHUNK):
                    digest.update(data)
                    copy.write(data)
            yield path, digest.hexdigest()
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def _alone(self, sha256: str) -> Iterator[Path]:
        """Give a document's folder to one at a time: two would sign it twice."""
        work = self._folder / sha256
        # A few locks for all documents: a lock of its own could never be removed safely.
        with (self._folder / f"lock-{sha256[:2]}").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            work.mkdir(exist_ok=True)
            # The signer makes its file durable in `work`; the way there must be as durable.
            for folder in (self._folder.parent, self._folder):
                _make_durable(folder)
            yield work


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
