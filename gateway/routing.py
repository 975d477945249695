"""Choose who answers: the best priority tier first, by weight inside it, nobody twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from channels_app.contract import ChannelFacts, ChannelKey, Failure, FailureKind, Secret

# These tell on the credential, not on the channel: its other keys may still answer.
_ABOUT_THE_KEY = frozenset({FailureKind.BAD_KEY, FailureKind.NO_QUOTA, FailureKind.RATE_LIMITED})
_NO_KEY = ChannelKey(id=0, secret=Secret(""))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: a channel and one key of its pool."""

    channel: ChannelFacts
    key: ChannelKey


@dataclass(frozen=True, slots=True)
class Failed:
    """A try that did not succeed, and why."""

    attempt: Attempt
    failure: Failure


def choose(candidates: Sequence[ChannelFacts], *, failed: Sequence[Failed] = (), draw: Callable[[], float]) -> Attempt | None:
    """Return the next try, or None when nobody is left. `draw` returns a number in [0, 1)."""
    if failed:
        candidates = [channel for channel in candidates if _keys_left(channel, failed)]
    if not candidates:
        return None
    best = max(channel.priority for channel in candidates)
    tier = [channel for channel in candidates if channel.priority == best]
    channel = tier[0] if len(tier) == 1 else tier[_pick([one.weight for one in tier], draw())]
    keys = _keys_left(channel, failed)
    key = keys[0] if len(keys) == 1 else keys[_pick([one.weight for one in keys], draw())]
    return Attempt(channel=channel, key=key)


def _keys_left(channel: ChannelFacts, failed: Sequence[Failed]) -> Sequence[ChannelKey]:
    """Return the keys of a channel that may still be tried; none when the channel itself has failed."""
    keys: Sequence[ChannelKey] = channel.keys or (_NO_KEY,)
    here = [one for one in failed if one.attempt.channel.id == channel.id]
    if not here:
        return keys
    if any(one.failure.kind not in _ABOUT_THE_KEY for one in here):
        return ()
    used = {one.attempt.key.id for one in here}
    return [key for key in keys if key.id not in used]


def _pick(weights: Sequence[int], drawn: float) -> int:
    """Return an index with a chance in proportion to its weight; weights below 1 count as 1."""
    sizes = [max(1, weight) for weight in weights]
    point = drawn * sum(sizes)
    for index, size in enumerate(sizes):
        point -= size
        if point < 0:
            return index
    return len(sizes) - 1
