"""Errors of the signing engine.

    SignerError
    ├── PdfRejectedError       the input is not a PDF that we are willing to work on
    ├── LimitExceededError     the document, or the work on it, went over a limit
    ├── SandboxError           the sandbox itself failed: our fault (retryable)
    ├── PlacementError         the box, page or field asked for does not fit the document
    ├── WouldBreakError        signing would break an earlier signature, or is forbidden by it
    ├── LevelNotReachedError   signed, but not at the PAdES level that was asked for; thrown away
    └── SelfCheckError         our own validator does not accept what we just signed; thrown away

A signature that does not hold up is never an error: it is a `ValidationReport`.
Every class carries a stable `code`, says whether trying again can help (`retryable`), and builds
one sentence that a clerk can read in each language (`vi`, `en`).
"""

from typing import ClassVar


class SignerError(Exception):
    """The signing engine could not do what was asked."""

    code: ClassVar[str] = "signer.error"
    retryable: ClassVar[bool] = False

    def __init__(self, vi: str, en: str) -> None:
        self.vi = vi
        self.en = en
        super().__init__(en)


class PdfRejectedError(SignerError):
    """The input is not a PDF that we are willing to work on.

    `reason` is one of the file reasons of contract.md: `file.not_pdf`, `file.damaged`,
    `file.encrypted`.
    """

    code: ClassVar[str] = "pdf.rejected"

    def __init__(self, reason: str, vi: str, en: str) -> None:
        self.reason = reason
        super().__init__(vi, en)


class LimitExceededError(SignerError):
    """The document, or the work on it, went over a limit of `signer.limits`."""

    code: ClassVar[str] = "file.limit"

    def __init__(self, limit: str, vi: str, en: str) -> None:
        self.limit = limit
        super().__init__(vi, en)


class SandboxError(SignerError):
    """The sandbox itself failed; the document is not to blame."""

    code: ClassVar[str] = "sandbox.failed"
    retryable: ClassVar[bool] = True


class PlacementError(SignerError):
    """The box, page or field asked for does not fit the document."""

    code: ClassVar[str] = "sign.placement"


class WouldBreakError(SignerError):
    """Signing would break an earlier signature, or an earlier signature forbids it."""

    code: ClassVar[str] = "sign.would_break"


class LevelNotReachedError(SignerError):
    """The level that was asked for could not be reached. The result was thrown away."""

    code: ClassVar[str] = "sign.level_not_reached"


class SelfCheckError(SignerError):
    """Our own validator does not accept what we just signed. The result was thrown away."""

    code: ClassVar[str] = "sign.self_check"
