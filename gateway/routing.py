"""Choose who answers: a pure function of the candidates, what is known of them, a clock and a source of randomness.

The best priority that has a usable way answers. Inside it one candidate is drawn by weight and a second one by weight
among the others; the second is taken where the first is more than twice as slow, failing or crowded as it ("power of
two choices"). Healthy candidates therefore share calls exactly by their weights. Who has failed in this call is not
asked again, except by another key where only the key was at fault. If every way is open, the one that may be tried
soonest is tried all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from channels_app.contract import ChannelFacts, ChannelKey, Failure, FailureKind, Secret
from channels_app.policies import COST, HEALTH
from foundation.values import value

# These tell on the credential, not on the channel: its other keys may still answer.
_ABOUT_THE_KEY = frozenset({FailureKind.BAD_KEY, FailureKind.NO_QUOTA, FailureKind.RATE_LIMITED})
NO_KEY = ChannelKey(id=0, secret=Secret(""))
# Differences smaller than this factor are noise: the weights decide.
WORSE = 2.0


@value
class Attempt:
    """One try: a channel, one key of its pool, and the public model that is asked for (empty: the call's own)."""

    channel: ChannelFacts
    key: ChannelKey
    model: str = ""


@value
class Failed:
    """A try that did not succeed, and why."""

    attempt: Attempt
    failure: Failure


class Knowledge(Protocol):
    """What is known of the ways to an answer; see `circuits.Board`."""

    def is_usable(self, channel: ChannelFacts, model: str, key: ChannelKey, now: float) -> bool: ...
    def opens_at(self, channel: ChannelFacts, model: str, key: ChannelKey) -> float: ...
    def score(self, channel: ChannelFacts, model: str, key: ChannelKey, now: float, *, is_stream: bool) -> float: ...


@value
class Wish:
    """What one call asks of the choice.

    `mode` is health, cost or weight; `costs` what a call of ordinary size costs at a channel (a mode of its own needs it);
    `kept` is the (channel, key) whose prompt cache holds this conversation; `turn` counts calls, for keys in rotation;
    `lot` decides by weight in place of a draw.
    """

    model: str
    is_stream: bool = False
    mode: str = HEALTH
    costs: Mapping[int, int] = field(default_factory=dict)
    kept: tuple[int, int] | None = None
    turn: int = 0
    lot: float | None = None


def choose(
    candidates: Sequence[ChannelFacts],
    *,
    wish: Wish,
    known: Knowledge,
    draw: Callable[[], float],
    now: float,
    failed: Sequence[Failed] = (),
    without: Collection[int] = (),
    is_last_resort: bool = True,
) -> Attempt | None:
    """Return the next try, or None when nobody is left.

    `candidates` are ordered by priority, the highest first; channels in `without` are not asked. `draw` returns a number
    in [0, 1), `now` is the clock of `known`. Open ways are tried only as a last resort.
    """
    ways = [(one, keys) for one in candidates if one.id not in without and (keys := _keys_left(one, failed))]
    if wish.kept is not None and (kept := _kept(ways, wish, known, now)) is not None:
        return kept
    if usable := _best_tier(ways, wish.model, known, now):
        return _pick(usable, wish, known, draw, now)
    return _least_bad(ways, wish, known) if is_last_resort else None


Way = tuple[ChannelFacts, Sequence[ChannelKey]]


def _best_tier(ways: Sequence[Way], model: str, known: Knowledge, now: float) -> list[Way]:
    """Return the usable ways of the highest priority that has any, with their usable keys."""
    found: list[Way] = []
    for channel, keys in ways:
        if found and channel.priority != found[0][0].priority:
            break
        if usable := [key for key in keys if known.is_usable(channel, model, key, now)]:
            found.append((channel, usable))
    return found


def _pick(ways: Sequence[Way], wish: Wish, known: Knowledge, draw: Callable[[], float], now: float) -> Attempt:
    if wish.mode == COST and wish.costs:
        ways = _cheapest(ways, wish.costs)
    if len(ways) == 1:
        return _with_key(ways[0], wish, draw)
    place = drawn([channel.weight for channel, _ in ways], draw() if wish.lot is None else wish.lot)
    first = _with_key(ways[place], wish, draw)
    if wish.mode not in {HEALTH, COST}:
        return first
    others = [way for index, way in enumerate(ways) if index != place]
    second = _with_key(others[drawn([channel.weight for channel, _ in others], draw())], wish, draw)
    worst = known.score(first.channel, wish.model, first.key, now, is_stream=wish.is_stream)
    best = known.score(second.channel, wish.model, second.key, now, is_stream=wish.is_stream)
    return second if worst > WORSE * best else first


def _with_key(way: Way, wish: Wish, draw: Callable[[], float]) -> Attempt:
    channel, keys = way
    if len(keys) == 1:
        return Attempt(channel, keys[0], wish.model)
    place = wish.turn % len(keys) if channel.rules.has_round_robin else drawn([key.weight for key in keys], draw())
    return Attempt(channel, keys[place], wish.model)


def _kept(ways: Sequence[Way], wish: Wish, known: Knowledge, now: float) -> Attempt | None:
    """Return the way on which the conversation's prompt is cached, while it is usable."""
    for channel, keys in ways:
        for key in keys:
            if (channel.id, key.id) == wish.kept and known.is_usable(channel, wish.model, key, now):
                return Attempt(channel, key, wish.model)
    return None


def _cheapest(ways: Sequence[Way], costs: Mapping[int, int]) -> Sequence[Way]:
    """Return those that cost the least; whose cost nobody knows is taken to cost the most."""
    known = [cost for channel, _ in ways if (cost := costs.get(channel.id)) is not None]
    if not known:
        return ways
    least = min(known)
    return [way for way in ways if costs.get(way[0].id) == least]


def _least_bad(ways: Sequence[Way], wish: Wish, known: Knowledge) -> Attempt | None:
    """Return the way that may be tried soonest, of the highest priority among equals."""
    every = [(channel, key) for channel, keys in ways for key in keys]
    if not every:
        return None
    channel, key = min(every, key=lambda way: known.opens_at(way[0], wish.model, way[1]))
    return Attempt(channel, key, wish.model)


def _keys_left(channel: ChannelFacts, failed: Sequence[Failed]) -> Sequence[ChannelKey]:
    """Return the keys of a channel that may still be tried; none when the channel itself has failed."""
    keys: Sequence[ChannelKey] = channel.keys or (NO_KEY,)
    here = [one for one in failed if one.attempt.channel.id == channel.id] if failed else ()
    if not here:
        return keys
    if any(one.failure.kind not in _ABOUT_THE_KEY for one in here):
        return ()
    used = {one.attempt.key.id for one in here}
    return [key for key in keys if key.id not in used]


def drawn(weights: Sequence[int], number: float) -> int:
    """Return an index with a chance in proportion to its weight; weights below 1 count as 1."""
    sizes = [max(1, weight) for weight in weights]
    point = number * sum(sizes)
    for index, size in enumerate(sizes):
        point -= size
        if point < 0:
            return index
    return len(sizes) - 1
