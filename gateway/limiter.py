"""Count requests, tokens and calls at once: pure counters of one process, told now and then what the others counted.

A `Lane` holds one counter (of a sub-key, a customer or a shop, in all or for some models) in the current minute: what the
whole cluster is known to have counted plus what this process has counted since. Overshoot is bounded by what arrives between
two exchanges (about 50 ms) and, for tokens, by the calls in flight: their size is only known when they end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from billing.limits import Rate

WINDOW_SECONDS = 60


@dataclass(slots=True)
class Lane:
    """The counts of one counter. `new_*` have not been told to the others yet."""

    name: str
    minute: int = 0
    requests: int = 0
    tokens: int = 0
    running: int = 0
    elsewhere: int = 0
    new_requests: int = 0
    new_tokens: int = 0

    def turn(self, minute: int) -> None:
        """Begin a new minute when it is one."""
        if minute != self.minute:
            self.minute = minute
            self.requests = self.tokens = self.new_requests = self.new_tokens = 0


class Refused(Exception):
    """A limit is reached: which one, of which rate, and when there is room again."""

    def __init__(self, limit: str, rate: Rate, retry_after_seconds: int) -> None:
        super().__init__(limit)
        self.limit = limit
        self.rate = rate
        self.retry_after_seconds = retry_after_seconds


@dataclass(slots=True)
class Limiter:
    """All lanes of this process. While it does not hear of the others, a `share` of each limit is its own: one part of so many."""

    lanes: dict[str, Lane] = field(default_factory=dict)
    dirty: set[str] = field(default_factory=set)
    share: int = 1

    def enter(self, rates: Sequence[Rate], *, now: float) -> list[Lane]:
        """Count a call that begins in every lane, or in none: raise Refused when a limit is reached. `now` is unix seconds."""
        lanes = [self._lane(rate.name, now) for rate in rates]
        for lane, rate in zip(lanes, rates, strict=True):
            _check(lane, rate, now, self.share)
        for lane in lanes:
            lane.running += 1
            lane.requests += 1
            lane.new_requests += 1
            self.dirty.add(lane.name)
        return lanes

    def spend(self, lane: Lane, tokens: int, *, now: float) -> None:
        """Count what a call consumed, in the minute in which that is known."""
        lane.turn(int(now) // WINDOW_SECONDS)
        lane.tokens += tokens
        lane.new_tokens += tokens
        self.dirty.add(lane.name)

    def leave(self, lane: Lane) -> None:
        """Count a call that ended."""
        lane.running -= 1
        self.dirty.add(lane.name)

    def take_news(self) -> list[tuple[str, int, int, int]]:
        """Return and forget what the others have not heard: (name, requests, tokens, calls running here)."""
        news = []
        for name in self.dirty:
            lane = self.lanes[name]
            news.append((name, lane.new_requests, lane.new_tokens, lane.running))
            lane.new_requests = lane.new_tokens = 0
        self.dirty.clear()
        return news

    def learn(self, name: str, *, minute: int, requests: int, tokens: int, elsewhere: int) -> None:
        """Take over what the whole cluster has counted."""
        lane = self.lanes.get(name)
        if lane is None:
            return
        lane.elsewhere = elsewhere
        if lane.minute == minute:
            lane.requests = requests + lane.new_requests
            lane.tokens = tokens + lane.new_tokens

    def remind(self) -> None:
        """Let the next exchange repeat how many calls run here: what is not repeated counts as gone."""
        self.dirty.update(one.name for one in self.lanes.values() if one.running)

    def forget(self, idle: Iterable[str]) -> None:
        """Drop lanes that rest."""
        for name in idle:
            self.lanes.pop(name, None)

    def idle(self, *, now: float) -> list[str]:
        """Return the lanes without a call in this or the last minute."""
        minute = int(now) // WINDOW_SECONDS
        return [one.name for one in self.lanes.values() if not one.running and one.minute < minute - 1 and one.name not in self.dirty]

    def _lane(self, name: str, now: float) -> Lane:
        lane = self.lanes.get(name)
        if lane is None:
            lane = self.lanes[name] = Lane(name)
        lane.turn(int(now) // WINDOW_SECONDS)
        return lane


def _check(lane: Lane, rate: Rate, now: float, share: int) -> None:
    rest = WINDOW_SECONDS - int(now) % WINDOW_SECONDS
    if rate.concurrency is not None and (lane.running + lane.elsewhere) * share >= rate.concurrency:
        raise Refused("concurrency", rate, 1)
    if rate.rpm is not None and lane.requests * share >= rate.rpm:
        raise Refused("requests", rate, rest)
    if rate.tpm is not None and lane.tokens * share >= rate.tpm:
        raise Refused("tokens", rate, rest)
