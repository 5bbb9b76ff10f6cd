"""Files of other people's software: the gate turns no good one bad."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from promissory import look

from certs.model import TrustStore
from signer.picture import PictureVerdict, questions
from signer.validation.document import validate
from signer.validation.job import ValidationRequest

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif("ANTIN_CORPUS" not in os.environ, reason="ANTIN_CORPUS names no folder"),
]
ROOT = Path(os.environ.get("ANTIN_CORPUS", "."))


@pytest.mark.parametrize("where", ["vnpdf", "corpus/itext-java", "corpus/pyhanko"])
def test_what_the_difference_analysis_permits_looks_right(where):
    request = ValidationRequest(trust=TrustStore(), at=datetime.now(UTC), offline=True)
    compared = 0
    for file in sorted((ROOT / where).glob("*.pdf")):
        pdf = file.read_bytes()
        asked = questions(validate(pdf, request))
        for found in look(pdf, *asked.signatures) if asked else ():
            compared += 1
            assert found.verdict in (PictureVerdict.SAME, PictureVerdict.EXPLAINED), file.name
    assert compared
