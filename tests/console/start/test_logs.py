"""Lines of several processes on one terminal."""

from __future__ import annotations

import io

import pytest

from console.start.logs import Log


class Gone(io.StringIO):
    """A pipe whose reader went away."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_each_line_begins_with_its_process() -> None:
    out = io.StringIO()
    Log(out).line("relay", "ready")
    assert out.getvalue() == "relay     | ready\n"


def test_processes_have_colours_of_their_own_when_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = io.StringIO()
    log = Log(out)
    for name in ("relay", "pages", "relay"):
        log.line(name, "x")
    first, second, third = out.getvalue().splitlines()
    assert first == third == "\033[36mrelay     |\033[0m x"
    assert second == "\033[33mpages     |\033[0m x"


def test_reader_that_went_away_does_not_stop_the_work() -> None:
    log = Log(Gone())
    log.line("relay", "one")
    log.line("relay", "two")
