"""Log lines: fields, one line each, no secrets."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest
import structlog

from foundation import logs


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("refused sk-abcDEF0123456789 twice", "refused ••• twice"),
        ("kp_0123456789abcdef", "•••"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer •••"),
        ("redis://user:hunter2@host/0", "redis://•••@host/0"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "•••"),
        ("v1.0123abcd.AAAA-_==", "•••"),
        ("AIzaSyA1234567890abcdefghij", "•••"),
        ("task-list and risk-averse sk-ill", "task-list and risk-averse sk-ill"),
        ("http://host:8000/v1/models", "http://host:8000/v1/models"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert logs.mask(None, "info", {"event": text, "nested": {"list": [text]}}) == {"event": shown, "nested": {"list": [shown]}}


def test_fields_with_a_secrets_name_are_hidden() -> None:
    event = {"password": "x", "api_key": "y", "prompt": "hello", "headers": {"Cookie": "z"}, "key_id": 7, "prefix": "sk-abc1234"}
    assert logs.mask(None, "info", dict(event)) == event | {
        "password": "•••",
        "api_key": "•••",
        "prompt": "•••",
        "headers": {"Cookie": "•••"},
    }


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Configure logging into a string, and put everything back."""
    root, stream, before = logging.getLogger(), io.StringIO(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    config = logs.settings(level="INFO", as_json=True)
    config["handlers"]["line"]["stream"] = stream
    config["loggers"] = {}
    logging.config.dictConfig(config)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def test_ours_and_the_libraries_lines_are_json_alike(lines: io.StringIO) -> None:
    structlog.get_logger("ours").info("call done", price_micros=7)
    logging.getLogger("theirs").warning("gone %s", "away", extra={"error": "OSError"})
    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert {name: first[name] for name in ("event", "level", "logger", "price_micros")} == {
        "event": "call done",
        "level": "info",
        "logger": "ours",
        "price_micros": 7,
    }
    assert (second["event"], second["logger"], second["error"]) == ("gone away", "theirs", "OSError")


def test_a_traceback_is_one_line_without_its_secrets(lines: io.StringIO) -> None:
    try:
        raise ValueError("bad key sk-abcDEF0123456789")
    except ValueError:
        structlog.get_logger("ours").exception("failed")
    (line,) = lines.getvalue().splitlines()
    assert "ValueError: bad key •••" in json.loads(line)["exception"]


@pytest.mark.parametrize(("name", "number"), [("info", 20), ("WARNING", 30), ("loud", None)])
def test_levels_have_names(name: str, number: int | None) -> None:
    assert logs.level_number(name) == number
