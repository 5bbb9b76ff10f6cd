"""The authorities' real certificates, where the outside corpora are."""

import os
from pathlib import Path

import pytest

CORPUS = Path(os.environ.get("ANTIN_CORPUS", "")) / "vnpdf"
needs_corpus = pytest.mark.skipif(
    "ANTIN_CORPUS" not in os.environ, reason="ANTIN_CORPUS names no folder"
)


def authority(prefix: str) -> bytes:
    """Return the certificate whose file name ends with this beginning of its fingerprint."""
    (found,) = (CORPUS / "ca").glob(f"*_{prefix}.cer")
    return found.read_bytes()
