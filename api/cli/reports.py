"""The folder of `--report`: three files per document, named by its digest."""

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from api.cli import terms
from api.settings import Settings
from api.wiring import build
from certs.model import TrustStore
from office.flows.report import Form, ReportWriter
from office.model import Verification


class ReportFolder:
    """Where reports are written; what could not be is told once per form, and at the end."""

    def __init__(self, path: Path, settings: Settings, trust: TrustStore) -> None:
        public = settings.public_url.rstrip("/")
        self._closing = ExitStack()
        signing = None
        if settings.report_identity:
            # Only a signed report needs an installation: `verify` by itself makes no data folder.
            signing = self._closing.enter_context(build(settings)).report_signing
        self._writer = ReportWriter(
            path, page=f"{public}/verify" if public else None, signing=signing
        )
        self._trust = trust
        self._told: set[Form] = set()
        self.path = path

    def put(self, name: str, verification: Verification) -> None:
        """Write the report of one verified file; a form that fails never stops the run."""
        for failure in self._writer.write(name, verification, trust=self._trust).failures:
            if failure.form not in self._told:
                self._told.add(failure.form)
                terms.say(failure.vi, failure.en)

    def __enter__(self) -> Self:
        """Return the folder itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Let go of what signs."""
        self._closing.close()
