"""The folder of `--report`: one file per document, named by its digest, whole or absent."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any


class ReportFolder:
    """Where reports are written."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path

    def put(self, line: dict[str, Any]) -> None:
        """Write the report of one verified file; one that was never read whole has no digest."""
        if not line["sha256"]:
            return
        handle, name = tempfile.mkstemp(dir=self.path, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                json.dump(line, file, ensure_ascii=False, indent=1)
                file.write("\n")
            Path(name).replace(self.path / f"{line['sha256']}.json")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
