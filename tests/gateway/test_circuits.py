"""Circuits: who suffers from which failure, when they open, how they are tried again, what others hear."""

from __future__ import annotations

import pytest

from channels_app.contract import Failure, FailureKind
from gateway.circuits import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, PROBE_SECONDS, Board, News, is_evident
from tests.gateway.test_routing import GONE, channel

NOW = 1000.0
ONE = channel(1, keys=2)
KEY, OTHER = ONE.keys
REFUSED = Failure(FailureKind.BAD_KEY, "no", status=401)
BUSY = Failure(FailureKind.RATE_LIMITED, "busy", status=429)


@pytest.fixture
def board() -> Board:
    return Board(lambda: 0.5)


def fail(board: Board, failure: Failure = GONE, *, times: int = 1, at: float = NOW, model: str = "m") -> None:
    for _ in range(times):
        board.failed(ONE, model, KEY, failure, at)


def answer(board: Board, *, times: int = 1, at: float = NOW) -> None:
    for _ in range(times):
        board.succeeded(ONE, "m", KEY, at, seconds=0.1, is_stream=False)


def usable(board: Board, *, at: float = NOW, model: str = "m") -> bool:
    return board.is_usable(ONE, model, KEY, at)


def test_five_failures_in_a_row_open_the_model_with_that_key_and_nothing_else(board: Board) -> None:
    fail(board, times=4)
    assert usable(board)
    fail(board)
    assert not usable(board)
    assert usable(board, model="another")
    assert board.is_usable(ONE, "m", OTHER, NOW)


def test_an_answer_in_between_starts_the_row_anew(board: Board) -> None:
    fail(board, times=4)
    answer(board)
    fail(board, times=4)
    assert usable(board)


def test_half_of_many_calls_failing_opens_it_too(board: Board) -> None:
    for _ in range(4):
        fail(board)
        answer(board)
    assert usable(board)
    fail(board, times=2)
    assert not usable(board)


def test_what_lies_back_fades(board: Board) -> None:
    fail(board, times=4)
    answer(board, at=NOW)
    for at in range(4):
        fail(board, at=NOW + 300 + at)
    assert usable(board, at=NOW + 304)


@pytest.mark.parametrize("kind", [FailureKind.BAD_REQUEST, FailureKind.CONTENT_FILTER])
def test_a_clients_fault_never_counts(board: Board, kind: FailureKind) -> None:
    fail(board, Failure(kind, "yours", status=400), times=100)
    assert (usable(board), board.circuits) == (True, {})


def test_a_refused_key_is_put_aside_for_all_models_and_looked_at(board: Board) -> None:
    fail(board, REFUSED)
    assert not usable(board, model="another")
    assert not usable(board, at=NOW + 44)
    assert usable(board, at=NOW + 90)
    assert board.is_usable(ONE, "m", OTHER, NOW)
    assert board.suspects == {ONE.id}


def test_an_empty_account_waits_for_minutes(board: Board) -> None:
    fail(board, Failure(FailureKind.NO_QUOTA, "empty", status=429))
    assert not usable(board, at=NOW + 44)


def test_a_bare_403_is_held_against_the_model_only(board: Board) -> None:
    fail(board, Failure(FailureKind.BAD_KEY, "no", status=403))
    assert (usable(board), usable(board, model="another")) == (False, True)


def test_words_in_an_echo_put_no_key_aside(board: Board) -> None:
    echo = Failure(FailureKind.NO_QUOTA, "you wrote: my credit balance is too low", status=400)
    assert not is_evident(echo)
    fail(board, echo, times=4)
    assert (usable(board), board.suspects) == (True, set())


def test_a_busy_vendor_is_left_alone_for_as_long_as_it_asks(board: Board) -> None:
    fail(board, Failure(FailureKind.RATE_LIMITED, "busy", retry_after_seconds=40))
    assert not usable(board, at=NOW + 39.9)
    assert usable(board, at=NOW + 50)


def test_an_answer_to_an_older_call_does_not_end_the_cooling(board: Board) -> None:
    fail(board, BUSY)
    answer(board)
    assert not usable(board)


def test_an_absurd_wish_to_be_left_alone_has_an_end(board: Board) -> None:
    fail(board, Failure(FailureKind.RATE_LIMITED, "busy", retry_after_seconds=1e9))
    assert usable(board, at=NOW + 400)


def test_it_is_tried_by_one_call_at_a_time(board: Board) -> None:
    fail(board, times=5)
    later = NOW + FIRST_PAUSE_SECONDS
    assert usable(board, at=later)
    board.begin(ONE, "m", KEY, later)
    assert not usable(board, at=later)
    assert usable(board, at=later + PROBE_SECONDS)
    board.end(ONE, "m", KEY)
    assert usable(board, at=later)


def test_an_answered_try_closes_it_and_a_failed_one_waits_longer(board: Board) -> None:
    fail(board, times=5)
    at, pauses = NOW, []
    for _ in range(8):
        pauses.append(board.opens_at(ONE, "m", KEY) - at)
        at = board.opens_at(ONE, "m", KEY)
        fail(board, at=at)
    assert pauses == [1, 2, 4, 8, 16, 20, 20, 20]
    assert pauses[-1] * 1.25 < 30
    answer(board, at=board.opens_at(ONE, "m", KEY))
    assert (usable(board), board.tripped) == (True, {})


@pytest.mark.parametrize(("drawn", "pause"), [(0.0, 15.0), (1.0, 25.0)])
def test_pauses_are_jittered(drawn: float, pause: float) -> None:
    board = Board(lambda: drawn)
    board.hear(News((1, "m", KEY.id), 0.001), NOW)
    board.circuits[1, "m", KEY.id].trips = 10
    fail(board, at=NOW + 1)
    assert board.opens_at(ONE, "m", KEY) - (NOW + 1) == pause
    assert LONGEST_PAUSE_SECONDS == 20


def test_others_hear_of_what_opens_and_closes_once(board: Board) -> None:
    fail(board, times=5)
    assert board.take_news() == [News((1, "m", KEY.id), 1.0, "upstream")]
    answer(board, at=NOW + 1)
    assert board.take_news() == [News((1, "m", KEY.id), 0.0)]
    assert board.take_news() == []


def test_what_others_say_counts_here_and_is_not_told_again() -> None:
    first, second = Board(lambda: 0.5), Board(lambda: 0.5)
    fail(first, times=5)
    for news in first.take_news():
        second.hear(news, NOW)
    assert not usable(second)
    assert second.take_news() == []
    answer(first, at=NOW + 1)
    for news in first.take_news():
        second.hear(news, NOW + 1)
    assert usable(second)


def test_who_comes_later_is_reminded(board: Board) -> None:
    fail(board, times=5)
    assert list(board.remind(NOW + 0.25)) == [News((1, "m", KEY.id), 0.75, "upstream")]
    assert list(board.remind(NOW + 2)) == []


def test_a_check_that_was_answered_forgives_the_key(board: Board) -> None:
    fail(board, REFUSED)
    fail(board, times=5)
    board.close_key(ONE.id, OTHER.id)
    assert not usable(board)
    board.close_key(ONE.id, KEY.id)
    assert usable(board)


def test_channels_that_are_gone_are_forgotten(board: Board) -> None:
    fail(board, times=5)
    board.forget(frozenset({2}))
    assert (board.circuits, board.tripped) == ({}, {})
