"""What all commands share: options, output, exit status.

1. Exit status: 0 done · 1 something is wrong and named · 2 of `verify` alone: not everything
   passed · 64 wrong usage · 70 our own fault. Typer's own 2 for wrong usage becomes 64.
2. With `--json`, standard output is JSON Lines and nothing else, in UTF-8 whatever the terminal's
   locale; what is said to people goes to standard error.
3. Sentences come in Vietnamese first, English on the next line.
"""

import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from api.problems import RoomError

OK, WRONG, NOT_PASSED, USAGE, FAULT = 0, 1, 2, 64, 70
VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Thư mục dữ liệu (mặc định ./data, hoặc ANTIN_DATA). / Data directory.",
        file_okay=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="In ra JSON Lines. / Print JSON Lines.", show_default=False)
]


class UsageError(Exception):
    """Asked for in a way that means nothing: exit status 64."""

    def __init__(self, vi: str, en: str) -> None:
        self.vi = vi
        self.en = en
        super().__init__(en)


def chosen_data(ctx: typer.Context, data: Path | None) -> Path | None:
    """Return the `--data` of the command, else the one before the command's name."""
    return data if data is not None else (ctx.obj or {}).get("data")


def done(code: int = OK) -> NoReturn:
    """End the command."""
    raise typer.Exit(code)


def out(line: dict[str, Any]) -> None:
    """Print one JSON line (rule 2)."""
    try:
        raw = json.dumps(line, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # A file name that is not UTF-8: its bytes survive as \udcXX escapes.
        raw = json.dumps(line).encode()
    sys.stdout.flush()
    sys.stdout.buffer.write(raw + b"\n")
    sys.stdout.buffer.flush()


def say(vi: str, en: str) -> None:
    """Tell people something on standard error (rule 3)."""
    sys.stderr.write(f"{printable(vi)}\n{printable(en)}\n")


def say_error(error: RoomError | UsageError) -> None:
    """Tell people what went wrong."""
    say(f"Lỗi: {error.vi}", f"Error: {error.en}")


def error_value(error: RoomError) -> dict[str, Any]:
    """Return an error as the `error` of a line."""
    return {
        "code": error.code,
        "vi": error.vi,
        "en": error.en,
        "retryable": error.retryable,
    }


def printable(text: str) -> str:
    """Return `text` without control characters: a document's name must not drive the terminal."""
    cleaned = "".join(
        c if c.isprintable() or c in "\t\n" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
    return cleaned.encode("utf-8", "replace").decode("utf-8")


def moment(text: str) -> datetime:
    """Return an ISO 8601 time; without an offset it is Việt Nam's."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as e:
        raise UsageError(
            f"«{text}» không phải thời điểm ISO 8601, ví dụ 2026-03-31T09:30:00+07:00.",
            f"“{text}” is not an ISO 8601 time such as 2026-03-31T09:30:00+07:00.",
        ) from e
    return found if found.tzinfo else found.replace(tzinfo=VIETNAM)


def existing_files(names: list[Path]) -> None:
    """Refuse a command whose files are not all there, before any work."""
    for name in names:
        if not name.is_file():
            raise UsageError(f"Không có tệp «{name}».", f"There is no file “{name}”.")


def read_pin(pin_file: Path | None) -> str | None:
    """Return the PIN from its file. There is no option that takes it in clear: `ps` shows those."""
    if pin_file is None:
        return None
    try:
        return pin_file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(
            f"Không đọc được tệp mã PIN «{pin_file}».", f"The PIN file “{pin_file}” cannot be read."
        ) from e
