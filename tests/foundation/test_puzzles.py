"""Riddles are solved by who does the work or reads the digits, once, in time."""

from __future__ import annotations

import base64
import json
import time

import altcha
import pytest

from foundation import puzzles, vault


def solved(riddle: str) -> str:
    challenge = altcha.Challenge.from_dict(json.loads(riddle))
    solution = altcha.solve_challenge(challenge, counter_start=puzzles.LEAST_WORK)
    assert solution is not None
    return str(altcha.Payload(challenge, solution).to_base64())


@pytest.fixture
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work of a few hashes: how hard it is belongs to the browser's test."""
    monkeypatch.setattr(puzzles, "MOST_WORK", puzzles.LEAST_WORK + 100)


def digits_of(token: str) -> str:
    return vault.unseal(token, context="puzzle").rpartition(":")[2]


@pytest.mark.usefixtures("easy")
def test_work_is_taken_once() -> None:
    payload = solved(puzzles.work())
    assert [puzzles.is_done(payload), puzzles.is_done(payload)] == [True, False]


@pytest.mark.usefixtures("easy")
def test_work_that_is_not_done_is_refused() -> None:
    payload = json.loads(base64.b64decode(solved(puzzles.work())))
    wrong = payload | {"solution": payload["solution"] | {"counter": payload["solution"]["counter"] + 1}}
    easier = payload | {"challenge": payload["challenge"] | {"parameters": payload["challenge"]["parameters"] | {"keyPrefix": "00"}}}
    for forged in (wrong, easier):
        assert not puzzles.is_done(base64.b64encode(json.dumps(forged).encode()).decode())
    for nothing in ("", "no base64 %", base64.b64encode(b"[]").decode(), base64.b64encode(b'{"challenge": 1, "solution": 2}').decode()):
        assert not puzzles.is_done(nothing)


@pytest.mark.usefixtures("easy")
def test_work_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puzzles, "LIFE_SECONDS", -1)
    assert not puzzles.is_done(solved(puzzles.work()))


def test_digits_are_drawn_and_spoken() -> None:
    token = puzzles.digits()
    assert puzzles.picture(token).startswith(b"\x89PNG")
    assert puzzles.sound(token)[:4] + puzzles.sound(token)[8:12] == b"RIFFWAVE"
    with pytest.raises(puzzles.Unreadable):
        puzzles.picture("v1.00000000.AAAA")


def test_digits_take_one_answer() -> None:
    token = puzzles.digits()
    right = digits_of(token)
    assert len(right) == 6
    assert [puzzles.is_read(token, f" {right[:3]} {right[3:]} "), puzzles.is_read(token, right)] == [True, False]
    other = puzzles.digits()
    assert not puzzles.is_read(other, "x")
    assert not puzzles.is_read(other, digits_of(other))


def test_digits_end(monkeypatch: pytest.MonkeyPatch) -> None:
    token = puzzles.digits()
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert not puzzles.is_read(token, "123456")
    with pytest.raises(puzzles.Unreadable):
        puzzles.sound(token)
