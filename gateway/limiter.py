"""Count a sub-key's requests, tokens and calls at once: pure counters of one process, told now and then what the others counted.

A `Lane` holds the counts of one key in the current minute: what the whole cluster is known to have counted plus what this
process has counted since. Overshoot is bounded by what arrives between two exchanges (about 50 ms) and, for tokens, by the
calls in flight: their size is only known when they end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """What a key may do; None is no limit."""

    rpm: int | None = None
    tpm: int | None = None
    concurrency: int | None = None


@dataclass(slots=True)
class Lane:
    """The counts of one key. `new_*` have not been told to the others yet."""

    key_id: int
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
    """A limit is reached: which one, and when there is room again."""

    def __init__(self, limit: str, retry_after_seconds: int) -> None:
        super().__init__(limit)
        self.limit = limit
        self.retry_after_seconds = retry_after_seconds


@dataclass(slots=True)
class Limiter:
    """All lanes of this process."""

    lanes: dict[int, Lane] = field(default_factory=dict)
    dirty: set[int] = field(default_factory=set)

    def enter(self, key_id: int, limits: Limits, *, now: float) -> Lane:
        """Count a call that begins; raise Refused when a limit is reached. `now` is unix seconds."""
        lane = self.lanes.get(key_id)
        if lane is None:
            lane = self.lanes[key_id] = Lane(key_id)
        lane.turn(int(now) // WINDOW_SECONDS)
        rest = WINDOW_SECONDS - int(now) % WINDOW_SECONDS
        if limits.concurrency is not None and lane.running + lane.elsewhere >= limits.concurrency:
            raise Refused("concurrency", 1)
        if limits.rpm is not None and lane.requests >= limits.rpm:
            raise Refused("requests", rest)
        if limits.tpm is not None and lane.tokens >= limits.tpm:
            raise Refused("tokens", rest)
        lane.running += 1
        lane.requests += 1
        lane.new_requests += 1
        self.dirty.add(key_id)
        return lane

    def spend(self, lane: Lane, tokens: int, *, now: float) -> None:
        """Count what a call consumed, in the minute in which that is known."""
        lane.turn(int(now) // WINDOW_SECONDS)
        lane.tokens += tokens
        lane.new_tokens += tokens
        self.dirty.add(lane.key_id)

    def leave(self, lane: Lane) -> None:
        """Count a call that ended."""
        lane.running -= 1
        self.dirty.add(lane.key_id)

    def take_news(self) -> list[tuple[int, int, int, int]]:
        """Return and forget what the others have not heard: (key id, requests, tokens, calls running here)."""
        news = []
        for key_id in self.dirty:
            lane = self.lanes[key_id]
            news.append((key_id, lane.new_requests, lane.new_tokens, lane.running))
            lane.new_requests = lane.new_tokens = 0
        self.dirty.clear()
        return news

    def learn(self, key_id: int, *, minute: int, requests: int, tokens: int, elsewhere: int) -> None:
        """Take over what the whole cluster has counted."""
        lane = self.lanes.get(key_id)
        if lane is None:
            return
        lane.elsewhere = elsewhere
        if lane.minute == minute:
            lane.requests = requests + lane.new_requests
            lane.tokens = tokens + lane.new_tokens

    def remind(self) -> None:
        """Let the next exchange repeat how many calls run here: what is not repeated counts as gone."""
        self.dirty.update(one.key_id for one in self.lanes.values() if one.running)

    def forget(self, idle: Iterable[int]) -> None:
        """Drop the lanes of keys that rest."""
        for key_id in idle:
            self.lanes.pop(key_id, None)

    def idle(self, *, now: float) -> list[int]:
        """Return the keys without a call in this or the last minute."""
        minute = int(now) // WINDOW_SECONDS
        return [one.key_id for one in self.lanes.values() if not one.running and one.minute < minute - 1 and one.key_id not in self.dirty]
