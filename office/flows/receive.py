"""Tiếp nhận: a document comes into the archive with what was found out about it.

1. The bytes are hashed and kept as they came; nothing here changes one of them (design.md D1).
2. Verdict and page text are made first, in the sandbox, and archived with the document in one
   ingest, whose commit point is the archive's (D8). A document that fails verification is archived
   all the same: the archive keeps what came in and says what it is.
3. Metadata stated by a person override what was read from the page, field by field; where each
   value came from is kept beside it.
4. The same bytes twice are one record; the second caller is told which.
5. A file that is not a document at all (empty, above the limit) is refused before anything is kept.
"""

import errno
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from archive.model import (
    FIELDS,
    DocumentMetadata,
    Receipt,
    RecordKind,
    RegisterEntry,
    Sip,
)
from certs.model import TrustStore
from office.errors import (
    FileUnusableError,
    MetadataInvalidError,
    StorageFullError,
    UploadEmptyError,
    UploadTooLargeError,
)
from office.extract.fields import Extracted
from office.flows.verdict import verdict_line
from office.flows.verify import Verifier
from office.model import Verification
from signer.errors import SignerError
from signer.pagetext import READ_TEXT, TextRequest
from signer.reports.record import record_of, with_anchors
from signer.sandbox import Sandbox
from signer.validation.report import Integrity

PAGE_SOURCE, GIVEN_SOURCE = "page", "given"
LONGEST = 2_000
"""Characters of one field; the longest trích yếu that we met has 600."""

_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """The archive as this flow needs it."""

    def ingest(self, sip: Sip) -> Receipt:
        """See `archive.archive.Archive.ingest`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What whoever handed it in is told."""

    receipt: Receipt
    verification: Verification

    @property
    def integrity(self) -> str:
        """Of the verdict."""
        return self.verification.report.integrity.value

    @property
    def indication(self) -> str | None:
        """Of the verdict."""
        indication = self.verification.report.indication
        return None if indication is None else indication.value


class Receiving:
    """Takes documents in. Thread-safe."""

    def __init__(
        self,
        *,
        archive: Keeper,
        verifier: Verifier,
        sandbox: Sandbox,
        trust: Callable[[], TrustStore],
        size_limit: int,
    ) -> None:
        self._archive = archive
        self._verifier = verifier
        self._sandbox = sandbox
        self._trust = trust
        self._size_limit = size_limit

    def receive(
        self,
        content: Path,
        *,
        original_name: str,
        kind: RecordKind,
        given: DocumentMetadata | None = None,
        actor: str | None = None,
        offline: bool = False,
        number: RegisterEntry | None = None,
    ) -> Received:
        """Verify, read and archive the document at `content`.

        `number` is the one reserved for an outgoing document: archiving it issues the number.

        Raises:
            UploadEmptyError, UploadTooLargeError: rule 5.
            ArchiveError: it could not be archived; see there whether to try again.

        """
        self._admit(content, original_name)
        trust = self._trust()
        verification = self._verifier.verify(content, trust=trust, offline=offline)
        report = verification.report
        # The line for whoever reads our contract, and the whole report as it reads back.
        line = verdict_line(original_name, verification) | {
            "record": record_of(with_anchors(report, trust))
        }
        receipt = self._archive.ingest(
            Sip(
                content=content,
                original_name=original_name,
                kind=kind,
                metadata=merged(verification.extracted, given),
                page_texts=self._texts(content, verification),
                verdict_json=json.dumps(line, ensure_ascii=False).encode("utf-8", "replace"),
                integrity=report.integrity.value,
                indication=report.indication.value if report.indication else None,
                actor=actor,
                number=number,
            )
        )
        return Received(receipt=receipt, verification=verification)

    def _admit(self, content: Path, name: str) -> None:
        try:
            size = content.stat().st_size
            with content.open("rb"):
                pass
        except OSError as e:
            if e.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFullError from e
            raise FileUnusableError(name, e.strerror or type(e).__name__) from e
        if not size:
            raise UploadEmptyError
        if size > self._size_limit:
            raise UploadTooLargeError(self._size_limit)

    def _texts(self, content: Path, verification: Verification) -> tuple[str, ...]:
        if verification.report.integrity is Integrity.UNREADABLE:
            return ()
        texts = list(verification.page_texts)
        if len(texts) == verification.page_count:
            return tuple(texts)  # most documents are read whole for their fields
        try:
            while True:
                request = TextRequest(first=len(texts) + 1, words=False)
                part = self._sandbox.run(READ_TEXT, request, pdf=content)
                texts += [page.text for page in part.pages]
                if not part.truncated or not part.pages:
                    return tuple(texts)
        except SignerError as e:
            # Found by its metadata only; the bytes and the verdict do not depend on it.
            _log.warning("the text of pages after %d could not be read: %s", len(texts), e)
            return tuple(texts)


def merged(extracted: Extracted | None, given: DocumentMetadata | None) -> DocumentMetadata:
    """Return the six fields and where each came from (rule 3)."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name in FIELDS:
        stated = getattr(given, name) if given is not None else None
        field = getattr(extracted, name) if extracted is not None else None
        if stated is not None:
            values[name], sources[name] = stated, GIVEN_SOURCE
        elif field is not None:
            values[name], sources[name] = field.value, PAGE_SOURCE
    return DocumentMetadata(**values, sources=sources)


def metadata_from_json(data: bytes) -> DocumentMetadata:
    """Return the fields that a metadata file states.

    Raises:
        MetadataInvalidError: not an object of those fields.

    """
    try:
        stated = json.loads(data)
    except (ValueError, RecursionError) as e:
        raise MetadataInvalidError("không phải JSON", "not JSON") from e
    if not isinstance(stated, dict):
        raise MetadataInvalidError("không phải một đối tượng JSON", "not a JSON object")
    return metadata_from_fields(stated)


def metadata_from_fields(stated: dict[str, Any]) -> DocumentMetadata:
    """Return the six fields of `stated`; `None` and empty mean "not stated".

    Raises:
        MetadataInvalidError: a field that we do not have, or a value that it cannot hold.

    """
    unknown = sorted(set(stated) - set(FIELDS))
    if unknown:
        raise MetadataInvalidError(
            f"không có trường {', '.join(unknown)}", f"no such field: {', '.join(unknown)}"
        )
    values: dict[str, Any] = {}
    for name, value in stated.items():
        if value is None or value == "":
            continue
        if not isinstance(value, str) or len(value) > LONGEST:
            raise MetadataInvalidError(
                f"trường {name} phải là chữ, tối đa {LONGEST} ký tự",
                f"{name} must be text of at most {LONGEST} characters",
            )
        values[name] = value
    if "ngay_ban_hanh" in values:
        try:
            values["ngay_ban_hanh"] = date.fromisoformat(values["ngay_ban_hanh"])
        except ValueError as e:
            raise MetadataInvalidError(
                "ngay_ban_hanh phải có dạng NĂM-THÁNG-NGÀY", "ngay_ban_hanh must be YYYY-MM-DD"
            ) from e
    return DocumentMetadata(**values)
