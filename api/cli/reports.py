"""The folder of `--report`: one file per document, named by its digest, whole or absent."""

import json
from pathlib import Path
from typing import Any

from api.writing import whole_file


class ReportFolder:
    """Where reports are written."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path

    def put(self, line: dict[str, Any]) -> None:
        """Write the report of one verified file; one that was never read whole has no digest."""
        if not line["sha256"]:
            return
        with whole_file(self.path / f"{line['sha256']}.json") as file:
            # A file name that is not UTF-8 survives as an escape only.
            file.write(json.dumps(line, ensure_ascii=False, indent=1).encode("utf-8", "replace"))
