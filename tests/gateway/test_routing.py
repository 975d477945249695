"""Who is chosen: tiers, weights, and nobody twice."""

from __future__ import annotations

from collections import Counter

from channels_app.contract import ChannelFacts, ChannelKey, Failure, FailureKind, Secret
from gateway.routing import Attempt, Failed, choose


def channel(identifier: int, *, priority: int = 0, weight: int = 1, keys: int = 1) -> ChannelFacts:
    pool = tuple(ChannelKey(identifier * 10 + number, Secret("s")) for number in range(keys))
    return ChannelFacts(
        id=identifier, name="c", tenant_id=1, provider="openai", base_url="", keys=pool, models={}, priority=priority, weight=weight
    )


def failed(one: ChannelFacts, key: int, kind: FailureKind) -> Failed:
    return Failed(Attempt(one, one.keys[key]), Failure(kind, "no"))


def picked(*channels: ChannelFacts, tries: tuple[Failed, ...] = (), draw: float = 0.0) -> tuple[int, int] | None:
    attempt = choose(channels, failed=tries, draw=lambda: draw)
    return (attempt.channel.id, attempt.key.id) if attempt else None


def test_the_highest_priority_answers_first() -> None:
    assert picked(channel(1), channel(2, priority=5), draw=0.99) == (2, 20)


def test_inside_a_tier_the_weights_decide() -> None:
    tier = (channel(1, weight=1), channel(2, weight=3))
    draws = [number / 100 for number in range(100)]

    counts = Counter(choose(tier, draw=lambda drawn=drawn: drawn).channel.id for drawn in draws)  # type: ignore[misc, union-attr]

    assert counts == {1: 25, 2: 75}


def test_a_channel_that_failed_is_not_tried_again_and_the_next_tier_follows() -> None:
    best, other = channel(1, priority=1, keys=2), channel(2)

    assert picked(best, other, tries=(failed(best, 0, FailureKind.UPSTREAM),)) == (2, 20)


def test_a_refused_key_leaves_the_channels_other_keys() -> None:
    one = channel(1, keys=2)

    assert picked(one, tries=(failed(one, 0, FailureKind.BAD_KEY),)) == (1, 11)
    assert picked(one, tries=(failed(one, 0, FailureKind.BAD_KEY), failed(one, 1, FailureKind.NO_QUOTA))) is None


def test_nobody_is_left() -> None:
    assert picked() is None


def test_a_channel_without_keys_is_tried_without_one() -> None:
    one = channel(1, keys=0)

    assert picked(one) == (1, 0)
    assert picked(one, tries=(Failed(Attempt(one, ChannelKey(0, Secret(""))), Failure(FailureKind.BAD_KEY, "no")),)) is None
