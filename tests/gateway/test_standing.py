"""Retries are a fifth of the traffic and a small stock; failures are counted until they are written down."""

from __future__ import annotations

from collections import Counter

from gateway.limiter import Limiter
from gateway.routing import drawn
from gateway.standing import RetryBudget, Standing


def test_without_traffic_a_stock_of_tries_is_there_and_fills_up_slowly() -> None:
    budget = RetryBudget()
    assert [budget.take(1.0) for _ in range(51)] == [True] * 50 + [False]
    assert [budget.take(5.0) for _ in range(3)] == [True, True, False]


def test_five_calls_earn_one_more_try() -> None:
    budget = RetryBudget(left=0.0, per_second=0.0)
    taken = 0
    for _ in range(1000):
        budget.earn(1.0)
        taken += budget.take(1.0)
    assert taken in {199, 200}


def test_the_stock_has_an_end() -> None:
    budget = RetryBudget()
    for at in range(1, 10_000):
        budget.earn(float(at))
    assert budget.left == 50.0


def test_lots_meet_the_weights_after_few_calls() -> None:
    standing = Standing(draw=lambda: 0.3, limiter=Limiter())
    counts = Counter(drawn([1, 2, 7], standing.next_lot()) for _ in range(1000))
    assert {place: round(count / 1000, 2) for place, count in counts.items()} == {0: 0.1, 1: 0.2, 2: 0.7}


def test_failures_are_taken_once() -> None:
    standing = Standing(draw=lambda: 0.5, limiter=Limiter())
    standing.tally(1, "upstream")
    standing.tally(1, "upstream")
    assert standing.take_tallies() == {(1, "upstream"): 2}
    assert standing.take_tallies() == {}
    assert [standing.next_turn(), standing.next_turn()] == [1, 2]
