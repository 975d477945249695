"""Counting calls."""

from __future__ import annotations

import pytest

from billing.limits import Rate
from gateway.limiter import Lane, Limiter, Refused

NOON = 1_800_000_000.0  # a whole minute


def enter(limiter: Limiter, rate: Rate, *, now: float) -> Lane:
    (lane,) = limiter.enter([rate], now=now)
    return lane


def refusal(limiter: Limiter, rate: Rate, *, now: float) -> tuple[str, int]:
    with pytest.raises(Refused) as caught:
        limiter.enter([rate], now=now)
    assert caught.value.rate is rate
    return caught.value.limit, caught.value.retry_after_seconds


def test_requests_are_counted_by_the_minute() -> None:
    limiter, limits = Limiter(), Rate("one", rpm=2)
    enter(limiter, limits, now=NOON)
    enter(limiter, limits, now=NOON + 10)

    assert refusal(limiter, limits, now=NOON + 20) == ("requests", 40)
    assert enter(limiter, limits, now=NOON + 60).requests == 1


def test_tokens_are_counted_when_a_call_ends() -> None:
    limiter, limits = Limiter(), Rate("one", tpm=100)
    lane = enter(limiter, limits, now=NOON)
    limiter.spend(lane, 100, now=NOON + 1)

    assert refusal(limiter, limits, now=NOON + 2) == ("tokens", 58)


def test_calls_at_once_include_those_of_other_processes() -> None:
    limiter, limits = Limiter(), Rate("one", concurrency=2)
    lane = enter(limiter, limits, now=NOON)
    limiter.learn("one", minute=0, requests=0, tokens=0, elsewhere=1)
    assert refusal(limiter, limits, now=NOON) == ("concurrency", 1)

    limiter.leave(lane)

    assert enter(limiter, limits, now=NOON).running == 1


def test_news_are_told_once_and_what_others_counted_is_added_to_what_is_new() -> None:
    limiter, limits = Limiter(), Rate("one", rpm=10)
    lane = enter(limiter, limits, now=NOON)
    assert limiter.take_news() == [("one", 1, 0, 1)]
    assert limiter.take_news() == []

    enter(limiter, limits, now=NOON)
    limiter.learn("one", minute=int(NOON) // 60, requests=7, tokens=3, elsewhere=0)

    assert (lane.requests, lane.tokens) == (8, 3)


def test_resting_lanes_are_forgotten_but_running_calls_are_not() -> None:
    limiter = Limiter()
    limiter.leave(enter(limiter, Rate("one"), now=NOON))
    enter(limiter, Rate("two"), now=NOON)
    limiter.take_news()

    limiter.forget(limiter.idle(now=NOON + 180))

    assert list(limiter.lanes) == ["two"]


def test_running_calls_are_repeated() -> None:
    limiter = Limiter()
    enter(limiter, Rate("one"), now=NOON)
    limiter.take_news()

    limiter.remind()

    assert limiter.take_news() == [("one", 0, 0, 1)]


def test_a_call_is_counted_in_every_lane_or_in_none() -> None:
    limiter = Limiter()
    wide, narrow = Rate("customer:1", rpm=5), Rate("key:1", rpm=1)
    limiter.enter([wide, narrow], now=NOON)

    with pytest.raises(Refused):
        limiter.enter([wide, narrow], now=NOON)

    assert {name: (lane.requests, lane.running) for name, lane in limiter.lanes.items()} == {"customer:1": (1, 1), "key:1": (1, 1)}


def test_a_process_alone_keeps_to_its_share() -> None:
    limiter, rate = Limiter(share=4), Rate("one", rpm=10, concurrency=100)
    assert [enter(limiter, rate, now=NOON).requests for _ in range(3)] == [1, 2, 3], "a quarter of ten, rounded up"
    assert refusal(limiter, rate, now=NOON) == ("requests", 60)
    limiter.share = 1
    assert enter(limiter, rate, now=NOON).requests == 4
