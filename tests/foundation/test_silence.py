"""A Redis that says nothing is found out once, for the whole process, and asked again by one caller at a time."""

from __future__ import annotations

import threading
import time

import pytest
import redis
from structlog.testing import capture_logs

from foundation import silence
from foundation.silence import Silent

HERE = "redis://here"


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "_silent_until", {})


def say_nothing() -> None:
    """Ask and get no answer."""
    with pytest.raises(Silent), silence.asking(HERE):
        raise redis.TimeoutError


def test_who_comes_after_a_silence_does_not_ask() -> None:
    say_nothing()
    asked = []
    with pytest.raises(Silent), silence.asking(HERE):
        asked.append("again")
    assert asked == []


def test_another_redis_is_asked() -> None:
    say_nothing()
    with silence.asking("redis://elsewhere"):
        pass


def test_after_a_rest_one_caller_tries_and_the_others_go_on_without() -> None:
    say_nothing()
    silence._silent_until[HERE] = time.monotonic()
    is_asking, may_end = threading.Event(), threading.Event()

    def try_it() -> None:
        with silence.asking(HERE):
            is_asking.set()
            may_end.wait(5)

    trying = threading.Thread(target=try_it)
    trying.start()
    assert is_asking.wait(5)
    with pytest.raises(Silent), silence.asking(HERE):
        pass
    may_end.set()
    trying.join(5)
    with silence.asking(HERE):
        pass


def test_the_log_tells_of_the_beginning_and_of_the_end_once() -> None:
    with capture_logs() as log:
        for _ in range(3):
            silence._silent_until.update(dict.fromkeys(silence._silent_until, 0.0))
            say_nothing()
        silence._silent_until[HERE] = 0.0
        for _ in range(3):
            with silence.asking(HERE):
                pass
    assert [line["event"] for line in log] == ["Redis does not answer: this process goes on without it", "Redis answers again"]


def test_an_error_that_is_not_about_redis_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="no such key"), silence.asking(HERE):
        raise ValueError("no such key")
    with silence.asking(HERE):
        pass
