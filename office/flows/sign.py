"""Ký số: the intent first, then the key, then the outcome.

1. For every file an intent is committed before its key is touched (design.md D12), and its outcome
   after. The commit point of the signature itself is the rename inside `PdfSigner.sign`.
2. The key is opened once for a batch, after the first intent, and closed with it. When it does not
   open, it is not tried again for the other files: tokens lock after a few wrong PINs.
3. One file's failure never stops the others; each has its own outcome. A fault of ours in one file
   is logged and worded as such.
4. When the outcome cannot be recorded, the signature stands and the intent stays open; the sweeper
   closes it as `interrupted`, and the history shows that there may be a signature.
5. The level that was asked for is the level that is made, or nothing is.
6. Each file has a signer of its own, made with the trust of the moment and its own budget of
   requests.
"""

import errno
import hashlib
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from archive.errors import ArchiveError
from certs.errors import CertsError
from certs.model import IdentityStore, KeyHandle
from office.errors import (
    FileUnusableError,
    OfficeError,
    StorageFullError,
    UploadEmptyError,
    UploadTooLargeError,
)
from office.tables.work import Intent, SigningIntents
from signer.creation import PdfSigner, SignRequest
from signer.errors import SandboxError, SignerError
from signer.validation.report import Level

Failure = CertsError | SignerError | ArchiveError | OfficeError
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSign:
    """One file to be signed."""

    source: Path
    target: Path
    name: str
    """What people call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOutcome:
    """What came of one file. `error` is `None` exactly when it was signed."""

    item: ToSign
    seconds: float
    sha256: str | None = None
    """Of the signed file."""
    level: Level | None = None
    error: Failure | None = None


class Signing:
    """Signs files with identities. Thread-safe."""

    def __init__(
        self,
        *,
        signer: Callable[[], PdfSigner],
        identities: IdentityStore,
        intents: SigningIntents,
        size_limit: int,
    ) -> None:
        self._signer = signer
        self._identities = identities
        self._intents = intents
        self._size_limit = size_limit

    def sign(
        self,
        items: Sequence[ToSign],
        request: SignRequest,
        *,
        identity_id: str,
        pin: str | None,
        actor: str,
    ) -> Iterator[SignOutcome]:
        """Sign `items` one after the other; yield each outcome as soon as it is known."""
        with ExitStack() as held:
            key: KeyHandle | None = None
            locked: Failure | None = None
            for item in items:
                started = time.monotonic()
                try:
                    if locked is not None:
                        raise locked
                    digest = self._look(item)
                    intent = self._intents.begin(
                        Intent(
                            actor=actor,
                            identity_id=identity_id,
                            document_name=item.name,
                            document_sha256=digest,
                            level=request.level.value,
                        )
                    )
                    try:
                        if key is None:
                            key = held.enter_context(
                                closing(self._identities.open(identity_id, pin))
                            )
                    except CertsError as e:
                        locked = e
                        self._record_failure(intent, e.code)
                        raise
                    outcome = self._one(item, request, key, intent, started)
                except (CertsError, SignerError, ArchiveError, OfficeError) as e:
                    outcome = SignOutcome(item=item, seconds=time.monotonic() - started, error=e)
                yield outcome

    def _one(
        self, item: ToSign, request: SignRequest, key: KeyHandle, intent: str, started: float
    ) -> SignOutcome:
        try:
            signed = self._signer().sign(item.source, item.target, key, request)
        except SandboxError as e:
            # The child writes the file, and a full disk shows there as a failure of the box.
            failure = StorageFullError() if _is_full(item) else e
            self._record_failure(intent, failure.code)
            raise failure from e
        except (CertsError, SignerError) as e:
            self._record_failure(intent, e.code)
            raise
        except OSError as e:
            worded = _worded(e, item)
            self._record_failure(intent, worded.code)
            raise worded from e
        except BaseException:
            self._record_failure(intent, "internal")
            raise
        try:
            self._intents.signed(intent, signed.sha256)
        except ArchiveError:
            _log.exception("signed, but its outcome could not be recorded: intent %s", intent)
        return SignOutcome(
            item=item,
            seconds=time.monotonic() - started,
            sha256=signed.sha256,
            level=request.level,
        )

    def _record_failure(self, intent: str, code: str) -> None:
        try:
            self._intents.failed(intent, code)
        except ArchiveError:
            _log.exception("not signed, and that could not be recorded: intent %s", intent)

    def _look(self, item: ToSign) -> str:
        try:
            size = item.source.stat().st_size
            if not size:
                raise UploadEmptyError
            if size > self._size_limit:
                raise UploadTooLargeError(self._size_limit)
            with item.source.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as e:
            raise _worded(e, item) from e


def _is_full(item: ToSign) -> bool:
    return shutil.disk_usage(item.target.parent).free < item.source.stat().st_size


def _worded(error: OSError, item: ToSign) -> OfficeError:
    if error.errno in FULL:
        return StorageFullError()
    return FileUnusableError(item.name, error.strerror or type(error).__name__)
