"""Who is chosen: tiers, weights, health, cost, keys, and nobody twice."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from channels_app.contract import ChannelFacts, ChannelKey, Failure, FailureKind, Secret
from channels_app.policies import COST, WEIGHT
from channels_app.rules import Rules
from gateway.circuits import Board
from gateway.routing import Attempt, Failed, Wish, choose

NOW = 1000.0
GONE = Failure(FailureKind.UPSTREAM, "gone")


def channel(identifier: int, *, priority: int = 0, weight: int = 1, keys: int = 1, rules: Rules | None = None) -> ChannelFacts:
    pool = tuple(ChannelKey(identifier * 10 + number, Secret("s")) for number in range(keys))
    facts = ChannelFacts(
        id=identifier, name="c", tenant_id=1, provider="openai", base_url="", keys=pool, models={}, priority=priority, weight=weight
    )
    return replace(facts, rules=rules) if rules else facts


def failed(one: ChannelFacts, key: int, kind: FailureKind) -> Failed:
    return Failed(Attempt(one, one.keys[key]), Failure(kind, "no"))


def board() -> Board:
    return Board(lambda: 0.5)


def broken(one: ChannelFacts, known: Board, *, at: float = NOW) -> None:
    """Let a channel fail until its circuit opens."""
    for _ in range(5):
        known.failed(one, "m", one.keys[0], GONE, at)


def picked(
    *channels: ChannelFacts, tries: tuple[Failed, ...] = (), draw: float = 0.0, known: Board | None = None, now: float = NOW, **more: Any
) -> tuple[int, int] | None:
    wish = more.pop("wish", Wish("m"))
    attempt = choose(channels, wish=wish, known=known or board(), draw=lambda: draw, now=now, failed=tries, **more)
    return (attempt.channel.id, attempt.key.id) if attempt else None


def shares(*channels: ChannelFacts, known: Board, calls: int = 10_000, wish: Wish | None = None) -> dict[int, float]:
    """Return which part of many calls each channel gets."""
    draw = random.Random(7).random  # noqa: S311  # a repeatable lottery
    found = [choose(channels, wish=wish or Wish("m"), known=known, draw=draw, now=NOW) for _ in range(calls)]
    counts = Counter(one.channel.id for one in found if one)
    return {identifier: count / calls for identifier, count in counts.items()}


def test_the_highest_priority_answers_first() -> None:
    assert picked(channel(2, priority=5), channel(1), draw=0.99) == (2, 20)


def test_inside_a_tier_the_weights_decide_exactly() -> None:
    assert shares(channel(1, weight=1), channel(2, weight=3), channel(3, weight=6), known=board()) == {
        1: pytest.approx(0.1, abs=0.01),
        2: pytest.approx(0.3, abs=0.015),
        3: pytest.approx(0.6, abs=0.015),
    }


def measured(known: Board, one: ChannelFacts, seconds: float, *, is_stream: bool = False) -> None:
    for _ in range(10):
        known.succeeded(one, "m", one.keys[0], NOW, seconds=seconds, is_stream=is_stream)


def test_small_differences_of_speed_leave_the_weights_alone() -> None:
    known, one, two = board(), channel(1), channel(2)
    measured(known, one, 0.4)
    measured(known, two, 0.6)

    assert shares(one, two, known=known)[1] == pytest.approx(0.5, abs=0.02)


def test_a_slow_channel_gets_what_is_left() -> None:
    known, fast, slow = board(), channel(1), channel(2)
    measured(known, fast, 0.2)
    measured(known, slow, 5.0)

    assert shares(fast, slow, known=known) == {1: 1.0}
    assert picked(slow, known=known) == (2, 20)


def test_streams_and_whole_answers_are_measured_apart() -> None:
    known, one, two = board(), channel(1), channel(2)
    measured(known, one, 0.1)
    measured(known, two, 9.0)
    measured(known, one, 9.0, is_stream=True)
    measured(known, two, 0.1, is_stream=True)

    assert shares(one, two, known=known) == {1: 1.0}
    assert shares(one, two, known=known, wish=Wish("m", is_stream=True)) == {2: 1.0}


def test_a_flaky_channel_is_avoided_while_others_are_well() -> None:
    known, well, flaky = board(), channel(1), channel(2)
    for _ in range(10):
        known.succeeded(flaky, "m", flaky.keys[0], NOW, seconds=0.0, is_stream=False)
        known.succeeded(well, "m", well.keys[0], NOW, seconds=0.0, is_stream=False)
    for _ in range(4):
        known.failed(flaky, "m", flaky.keys[0], GONE, NOW)

    assert shares(well, flaky, known=known) == {1: 1.0}


def test_a_crowded_channel_lets_others_go_first() -> None:
    known, one, two = board(), channel(1), channel(2)
    for _ in range(5):
        known.begin(one, "m", one.keys[0], NOW)

    assert shares(one, two, known=known) == {2: 1.0}


def test_by_weight_alone_nothing_else_counts() -> None:
    known, fast, slow = board(), channel(1), channel(2)
    measured(known, slow, 50.0)

    assert shares(fast, slow, known=known, wish=Wish("m", mode=WEIGHT))[2] == pytest.approx(0.5, abs=0.02)


def test_the_cheapest_are_asked_first_where_that_is_wanted() -> None:
    dear, cheap, unknown = channel(1, weight=100), channel(2), channel(3)
    wish = Wish("m", mode=COST, costs={1: 50, 2: 40})

    assert shares(dear, cheap, unknown, known=board(), wish=wish) == {2: 1.0}
    assert picked(dear, cheap, unknown, wish=wish, tries=(failed(cheap, 0, FailureKind.UPSTREAM),)) == (1, 10)


def test_an_open_circuit_is_passed_by_and_a_lower_priority_answers() -> None:
    known, best, other = board(), channel(1, priority=1), channel(2)
    broken(best, known)

    assert picked(best, other, known=known) == (2, 20)
    assert picked(best, other, known=known, now=NOW + 60) == (1, 10)


def test_when_everything_is_open_the_one_that_may_be_tried_soonest_is_tried() -> None:
    known, one, two = board(), channel(1), channel(2)
    broken(two, known, at=NOW - 0.5)
    broken(one, known)

    assert picked(one, two, known=known) == (2, 20)
    assert picked(one, two, known=known, is_last_resort=False) is None


def test_a_channel_that_failed_is_not_tried_again_and_the_next_tier_follows() -> None:
    best, other = channel(1, priority=1, keys=2), channel(2)

    assert picked(best, other, tries=(failed(best, 0, FailureKind.UPSTREAM),)) == (2, 20)


@pytest.mark.parametrize("kind", [FailureKind.BAD_KEY, FailureKind.NO_QUOTA, FailureKind.RATE_LIMITED])
def test_a_refused_key_leaves_the_channels_other_keys(kind: FailureKind) -> None:
    one = channel(1, keys=2)

    assert picked(one, tries=(failed(one, 0, kind),)) == (1, 11)
    assert picked(one, tries=(failed(one, 0, kind), failed(one, 1, kind))) is None


def test_keys_share_by_weight_or_take_turns() -> None:
    weighted = replace(channel(1, keys=2), keys=(ChannelKey(10, Secret("a"), 3), ChannelKey(11, Secret("b"), 1)))
    draws = [number / 100 for number in range(100)]
    turning = channel(2, keys=3, rules=Rules(has_round_robin=True))

    assert Counter(picked(weighted, draw=drawn) for drawn in draws) == {(1, 10): 75, (1, 11): 25}
    assert [picked(turning, wish=Wish("m", turn=turn), draw=0.9) for turn in range(4)] == [(2, 20), (2, 21), (2, 22), (2, 20)]


def test_a_key_put_aside_leaves_the_turn_to_the_others() -> None:
    known, one = board(), channel(1, keys=3, rules=Rules(has_round_robin=True))
    known.failed(one, "m", one.keys[1], Failure(FailureKind.BAD_KEY, "no", status=401), NOW)

    assert [picked(one, known=known, wish=Wish("m", turn=turn)) for turn in range(3)] == [(1, 10), (1, 12), (1, 10)]


def test_a_conversation_keeps_to_its_channel_and_key_while_they_are_usable() -> None:
    known, best, holder = board(), channel(1, priority=9), channel(2, keys=2)
    wish = Wish("m", kept=(2, 21))

    assert picked(best, holder, known=known, wish=wish) == (2, 21)
    assert picked(best, holder, known=known, wish=wish, tries=(failed(holder, 1, FailureKind.UPSTREAM),)) == (1, 10)
    known.failed(holder, "m", holder.keys[1], Failure(FailureKind.RATE_LIMITED, "no"), NOW)
    assert picked(best, holder, known=known, wish=wish) == (1, 10)


def test_channels_without_a_place_are_not_asked_even_as_the_last_resort() -> None:
    assert picked(channel(1), channel(2), without={1}) == (2, 20)
    assert picked(channel(1), without={1}) is None


def test_nobody_is_left() -> None:
    assert picked() is None


def test_a_channel_without_keys_is_tried_without_one() -> None:
    one = channel(1, keys=0)

    assert picked(one) == (1, 0)
    assert picked(one, tries=(Failed(Attempt(one, ChannelKey(0, Secret(""))), Failure(FailureKind.BAD_KEY, "no")),)) is None
