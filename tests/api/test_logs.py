import io
import json
import logging

import pytest
import structlog

from api import logs


@pytest.fixture
def restored_logging():
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.raiseExceptions)
    yield
    root.setLevel(before[0])
    for handler in root.handlers:
        if handler not in before[1]:
            handler.close()
    root.handlers[:] = before[1]
    logging.raiseExceptions = before[2]
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize(
    "text",
    [
        "pin=24681357",
        "PIN: 24681357",
        'password="24681357"',
        "Authorization: Bearer 24681357",
        "postgresql://antin:24681357@db/antin failed",
        "?token=24681357&x=1",
    ],
)
def test_a_secret_inside_a_message_is_starred(text):
    assert "24681357" not in logs.redact_text(text)


def test_ordinary_words_stay():
    assert logs.redact_text("ký số 3 văn bản, trang 2: xong") == "ký số 3 văn bản, trang 2: xong"


def test_secrets_are_starred_all_the_way_down():
    value = {"who": "an", "form": {"pin": "2468", "list": [{"api_key": "k"}]}, "password": "x"}
    assert logs.redact(value) == {
        "who": "an",
        "form": {"pin": "***", "list": [{"api_key": "***"}]},
        "password": "***",
    }


def test_a_service_line_is_json_with_its_request_id_and_without_secrets(restored_logging):
    out = io.StringIO()
    logs.for_service("INFO", out)
    structlog.contextvars.bind_contextvars(request_id="r-1")
    structlog.get_logger("api").info("signed", pin="canary", record="r")
    logging.getLogger("signer").warning("child said password=canary")
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert first["request_id"] == second["request_id"] == "r-1"
    assert first["record"] == "r"
    assert "canary" not in out.getvalue()


def test_a_name_cannot_forge_a_second_line(restored_logging):
    out = io.StringIO()
    logs.for_service("INFO", out)
    logging.getLogger("api").warning("file %s", 'a\n{"level": "info"}')
    assert len(out.getvalue().splitlines()) == 1
    assert "\n" not in logs.one_line("a\nb\r\x1b[2J")


def test_the_terminal_gets_a_sentence_and_the_file_the_traceback(
    restored_logging, tmp_path, capsys
):
    kept = logs.for_terminal("INFO", tmp_path / "antin.log")
    assert kept.path is None
    assert not (tmp_path / "antin.log").exists()
    try:
        int("pin=canary")
    except ValueError:
        logging.getLogger("x").exception("the work failed")
    logging.getLogger("x").error("a child failed:\n%s", "Traceback (most recent call last):\n x")
    err = capsys.readouterr().err
    assert "the work failed" in err
    assert "a child failed" in err
    assert "Traceback" not in err
    text = (tmp_path / "antin.log").read_text()
    assert "Traceback" in text
    assert "canary" not in text
