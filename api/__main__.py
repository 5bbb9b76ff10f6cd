"""`python -m api`, which is what `./antin` runs: the boundary of the command line.

Whatever a command raises ends here as an exit status and one sentence in each language; a
traceback goes to the log file only (see `api.logs` rule 2, `api.cli.terms` rule 1).
"""

import logging
import os
import sys
from pathlib import Path

from api import logs
from api.cli import terms
from api.cli.app import app


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        # A terminal in another locale must not turn a Vietnamese sentence into a crash.
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    kept = logs.for_terminal(
        os.environ.get("ANTIN_LOG_LEVEL", "WARNING").upper(), _log_file(arguments)
    )
    try:
        return _run(arguments, kept)
    finally:
        logging.shutdown()


def _run(arguments: list[str], kept: logs.LateFile) -> int:
    import typer

    try:
        code = app(arguments, prog_name="./antin", standalone_mode=False)
    except typer.TyperException as e:
        terms.say(f"Sai cách dùng: {e.format_message()}", f"Wrong usage: {e.format_message()}")
        return terms.USAGE
    except terms.UsageError as e:
        terms.say_error(e)
        return terms.USAGE
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except Exception as e:  # noqa: BLE001 - the boundary: see the module's docstring
        return _failed(e, kept, json="--json" in arguments)
    return int(code or 0)


def _failed(error: Exception, kept: logs.LateFile, *, json: bool) -> int:
    from pydantic import ValidationError

    from api.problems import known

    room = known(error)
    if room is not None:
        if json:
            terms.out({"error": terms.error_value(room)})
        terms.say_error(room)
        logging.getLogger(__name__).debug("%s", error, exc_info=error)
        return terms.WRONG
    if isinstance(error, ValidationError) and error.title == "Settings":
        for wrong in error.errors():
            name = "_".join(("ANTIN", *map(str, wrong["loc"]))).upper()
            terms.say(f"Thiết đặt {name} sai: {wrong['msg']}", f"Setting {name}: {wrong['msg']}")
        return terms.USAGE
    logging.getLogger(__name__).error("%s: %s", type(error).__name__, error, exc_info=error)
    terms.say(
        f"Lỗi của hệ thống. Chi tiết ở {kept.path}.", f"Our own fault. Details are in {kept.path}."
    )
    return terms.FAULT


def _log_file(arguments: list[str]) -> Path | None:
    """Return where tracebacks go: the data directory, if there is one, is not made for them."""
    if named := os.environ.get("ANTIN_LOG_FILE"):
        return Path(named)
    data = Path(os.environ.get("ANTIN_DATA", "data"))
    for at, argument in enumerate(arguments):
        if argument == "--data" and at + 1 < len(arguments):
            data = Path(arguments[at + 1])
        elif argument.startswith("--data="):
            data = Path(argument.removeprefix("--data="))
    return data / "antin.log" if os.access(data, os.W_OK) and data.is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
