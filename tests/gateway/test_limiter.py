"""Counting a key's calls."""

from __future__ import annotations

import pytest

from gateway.limiter import Limiter, Limits, Refused

NOON = 1_800_000_000.0  # a whole minute


def refusal(limiter: Limiter, limits: Limits, *, now: float) -> tuple[str, int]:
    with pytest.raises(Refused) as caught:
        limiter.enter(1, limits, now=now)
    return caught.value.limit, caught.value.retry_after_seconds


def test_requests_are_counted_by_the_minute() -> None:
    limiter, limits = Limiter(), Limits(rpm=2)
    limiter.enter(1, limits, now=NOON)
    limiter.enter(1, limits, now=NOON + 10)

    assert refusal(limiter, limits, now=NOON + 20) == ("requests", 40)
    assert limiter.enter(1, limits, now=NOON + 60).requests == 1


def test_tokens_are_counted_when_a_call_ends() -> None:
    limiter, limits = Limiter(), Limits(tpm=100)
    lane = limiter.enter(1, limits, now=NOON)
    limiter.spend(lane, 100, now=NOON + 1)

    assert refusal(limiter, limits, now=NOON + 2) == ("tokens", 58)


def test_calls_at_once_include_those_of_other_processes() -> None:
    limiter, limits = Limiter(), Limits(concurrency=2)
    lane = limiter.enter(1, limits, now=NOON)
    limiter.learn(1, minute=0, requests=0, tokens=0, elsewhere=1)
    assert refusal(limiter, limits, now=NOON) == ("concurrency", 1)

    limiter.leave(lane)

    assert limiter.enter(1, limits, now=NOON).running == 1


def test_news_are_told_once_and_what_others_counted_is_added_to_what_is_new() -> None:
    limiter, limits = Limiter(), Limits(rpm=10)
    lane = limiter.enter(1, limits, now=NOON)
    assert limiter.take_news() == [(1, 1, 0, 1)]
    assert limiter.take_news() == []

    limiter.enter(1, limits, now=NOON)
    limiter.learn(1, minute=int(NOON) // 60, requests=7, tokens=3, elsewhere=0)

    assert (lane.requests, lane.tokens) == (8, 3)


def test_resting_keys_are_forgotten_but_running_calls_are_not() -> None:
    limiter = Limiter()
    limiter.leave(limiter.enter(1, Limits(), now=NOON))
    limiter.enter(2, Limits(), now=NOON)
    limiter.take_news()

    limiter.forget(limiter.idle(now=NOON + 180))

    assert list(limiter.lanes) == [2]


def test_running_calls_are_repeated() -> None:
    limiter = Limiter()
    limiter.enter(1, Limits(), now=NOON)
    limiter.take_news()

    limiter.remind()

    assert limiter.take_news() == [(1, 0, 0, 1)]
