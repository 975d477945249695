"""What this process knows of channels by calling them: a circuit for each channel × model × key, and one for each key.

A closed circuit counts answers and failures, which fade within half a minute, and how long answers take. It opens after
five failures in a row or when half of at least ten calls fail; then it is tried again by single calls, at jittered,
growing pauses. Pure: the clock and randomness come with each question. Belongs to one event loop.

Who suffers from what:

bad_key, no_quota   the key, for all models, for minutes; the checks are asked to look at it (see `suspects`)
rate_limited        the channel's model with that key, for as long as the vendor asks
upstream, not_found count against the channel's model with that key
a client's fault    nobody
"""

from __future__ import annotations

import collections
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from channels_app.contract import ChannelFacts, ChannelKey, Failure, FailureKind

CircuitId = tuple[int, str, int]
ALL_MODELS = ""

FADE_SECONDS = 30.0
ROW_TO_OPEN = 5
CALLS_TO_JUDGE = 10
SHARE_TO_OPEN = 0.5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 20.0
FIRST_KEY_PAUSE_SECONDS, LONGEST_KEY_PAUSE_SECONDS = 60.0, 900.0
FIRST_COOLING_SECONDS, LONGEST_COOLING_SECONDS = 2.0, 300.0
# A call that tries an open circuit holds its place for this long at most.
PROBE_SECONDS = 10.0
# Answers of upstreams that nobody has measured yet are taken to come this fast; differences below it mean nothing.
BASE_SECONDS = 0.1
_FOREVER_TRIPS = 16
_ABOUT_THE_KEY = frozenset({FailureKind.BAD_KEY, FailureKind.NO_QUOTA})


@dataclass(slots=True)
class Circuit:
    """The state of one circuit. `open_until` is 0 while it is closed; `whole` and `first` are seconds, 0 when unknown."""

    calls: float = 0.0
    errors: float = 0.0
    row: int = 0
    at: float = 0.0
    whole: float = 0.0
    first: float = 0.0
    running: int = 0
    open_until: float = 0.0
    probe_until: float = 0.0
    trips: int = 0
    kind: str = ""

    def fade(self, now: float) -> None:
        """Let what was counted before lose its weight."""
        if self.at and now > self.at:
            share = math.exp((self.at - now) / FADE_SECONDS)
            self.calls *= share
            self.errors *= share
        self.at = now

    def is_usable(self, now: float) -> bool:
        """Tell whether a call may go through: the circuit is closed, or it is time for a try and nobody is trying."""
        return not self.open_until or (now >= self.open_until and now >= self.probe_until)


@dataclass(frozen=True, slots=True)
class News:
    """A change the other processes should hear of: open for so many seconds from now, closed at 0."""

    circuit: CircuitId
    seconds: float
    kind: str = ""


@dataclass(slots=True)
class Board:
    """All circuits of this process. `tripped` holds those that are open; `news` what the others have not heard yet."""

    draw: Callable[[], float]
    circuits: dict[CircuitId, Circuit] = field(default_factory=lambda: collections.defaultdict(Circuit))
    tripped: dict[CircuitId, Circuit] = field(default_factory=dict)
    news: list[News] = field(default_factory=list)
    suspects: set[int] = field(default_factory=set)

    def is_usable(self, channel: ChannelFacts, model: str, key: ChannelKey, now: float) -> bool:
        """Tell whether a call for a model may go to a channel with this key."""
        if not self.tripped:
            return True
        own, whole = self.tripped.get((channel.id, model, key.id)), self.tripped.get((channel.id, ALL_MODELS, key.id))
        return (own is None or own.is_usable(now)) and (whole is None or whole.is_usable(now))

    def opens_at(self, channel: ChannelFacts, model: str, key: ChannelKey) -> float:
        """Return when this way may be tried again; 0 when it may be now."""
        found = (self.tripped.get((channel.id, name, key.id)) for name in (model, ALL_MODELS))
        return max((one.open_until for one in found if one is not None), default=0.0)

    def score(self, channel: ChannelFacts, model: str, key: ChannelKey, now: float, *, is_stream: bool) -> float:
        """Return how long an answer may take, in seconds: slow, failing and crowded ways score high."""
        circuit = self.circuits.get((channel.id, model, key.id))
        if circuit is None:
            return BASE_SECONDS
        seconds = circuit.first if is_stream else circuit.whole
        idle = math.exp((circuit.at - now) / FADE_SECONDS) if now > circuit.at else 1.0
        errors = circuit.errors * idle / (circuit.calls * idle + 2.0)
        return (BASE_SECONDS + seconds * idle) * (1.0 + circuit.running / channel.weight) * (1.0 + 10.0 * errors)

    def begin(self, channel: ChannelFacts, model: str, key: ChannelKey, now: float) -> None:
        """Count a call that goes this way; on an open circuit it is the one that tries it."""
        self.circuits[channel.id, model, key.id].running += 1
        if self.tripped:
            for name in (model, ALL_MODELS):
                circuit = self.tripped.get((channel.id, name, key.id))
                if circuit is not None:
                    circuit.probe_until = now + PROBE_SECONDS

    def end(self, channel: ChannelFacts, model: str, key: ChannelKey) -> None:
        """Count a call that has left; whoever tried an open circuit without a verdict lets the next one try."""
        circuit = self.circuits[channel.id, model, key.id]
        circuit.running = max(0, circuit.running - 1)
        if self.tripped:
            for name in (model, ALL_MODELS):
                tripped = self.tripped.get((channel.id, name, key.id))
                if tripped is not None:
                    tripped.probe_until = 0.0

    def succeeded(self, channel: ChannelFacts, model: str, key: ChannelKey, now: float, *, seconds: float, is_stream: bool) -> None:
        """Note an answer: `seconds` to the first content of a stream, or for a whole answer of ordinary length."""
        circuit = self.circuits[channel.id, model, key.id]
        circuit.fade(now)
        circuit.calls += 1.0
        circuit.row = 0
        before = circuit.first if is_stream else circuit.whole
        # A peak counts at once and fades slowly: a vendor that begins to stall is left before its average shows it.
        after = seconds if seconds > before else before + (seconds - before) * 0.1
        if is_stream:
            circuit.first = after
        else:
            circuit.whole = after
        if self.tripped:
            for name in (model, ALL_MODELS):
                tripped = self.tripped.get((channel.id, name, key.id))
                # An answer to a call that began before it opened proves nothing: a vendor that cools down is left alone.
                if tripped is not None and tripped.open_until <= now:
                    self._close((channel.id, name, key.id))

    def failed(self, channel: ChannelFacts, model: str, key: ChannelKey, failure: Failure, now: float) -> None:
        """Note a failure that is the channel's own."""
        kind = failure.kind
        if kind.is_users_fault:
            return
        if kind in _ABOUT_THE_KEY and is_evident(failure):
            self.suspects.add(channel.id)
            # A bare 403 may be about one model only.
            name = model if failure.status == 403 and kind is FailureKind.BAD_KEY else ALL_MODELS
            self._open((channel.id, name, key.id), now, kind, FIRST_KEY_PAUSE_SECONDS, LONGEST_KEY_PAUSE_SECONDS)
            return
        circuit = self.circuits[channel.id, model, key.id]
        if kind is FailureKind.RATE_LIMITED:
            least = min(failure.retry_after_seconds or 0.0, LONGEST_COOLING_SECONDS)
            self._open((channel.id, model, key.id), now, kind, FIRST_COOLING_SECONDS, LONGEST_COOLING_SECONDS, least=least)
            return
        circuit.fade(now)
        circuit.calls += 1.0
        circuit.errors += 1.0
        circuit.row += 1
        judged = circuit.calls >= CALLS_TO_JUDGE and circuit.errors >= circuit.calls * SHARE_TO_OPEN
        if circuit.open_until or circuit.row >= ROW_TO_OPEN or judged:
            self._open((channel.id, model, key.id), now, kind, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)

    def hear(self, news: News, now: float) -> None:
        """Take over what another process or a check has found."""
        if news.seconds <= 0:
            self._close(news.circuit, is_own=False)
            return
        circuit = self.circuits[news.circuit]
        circuit.kind = news.kind
        circuit.trips = max(circuit.trips, 1)
        circuit.open_until = max(circuit.open_until, now + news.seconds)
        self.tripped[news.circuit] = circuit

    def close_key(self, channel_id: int, key_id: int) -> None:
        """Forget what stands against a key: a check has been answered with it."""
        for identifier in [one for one in self.tripped if one[0] == channel_id and one[2] == key_id]:
            self._close(identifier, is_own=False)

    def remind(self, now: float) -> Iterator[News]:
        """Yield what is open now, for those who have come since."""
        for identifier, circuit in self.tripped.items():
            if circuit.open_until > now:
                yield News(identifier, circuit.open_until - now, circuit.kind)

    def take_news(self) -> list[News]:
        """Return and forget what the others have not heard."""
        news, self.news = self.news, []
        return news

    def forget(self, live: frozenset[int]) -> None:
        """Drop the circuits of channels that are gone."""
        for identifier in [one for one in self.circuits if one[0] not in live and not self.circuits[one].running]:
            del self.circuits[identifier]
            self.tripped.pop(identifier, None)

    def _open(self, identifier: CircuitId, now: float, kind: FailureKind, first: float, longest: float, *, least: float = 0.0) -> None:
        circuit = self.circuits[identifier]
        # Calls that were under way when it opened say nothing new.
        if circuit.open_until > now:
            circuit.open_until = max(circuit.open_until, now + least)
            return
        pause = min(longest, first * 2.0 ** min(circuit.trips, _FOREVER_TRIPS))
        pause = max(pause * (0.75 + 0.5 * self.draw()), least * (1.0 + 0.25 * self.draw()))
        circuit.trips += 1
        circuit.kind = kind.value
        circuit.open_until = now + pause
        self.tripped[identifier] = circuit
        self.news.append(News(identifier, pause, circuit.kind))

    def _close(self, identifier: CircuitId, *, is_own: bool = True) -> None:
        circuit = self.tripped.pop(identifier, None)
        if circuit is None:
            return
        circuit.open_until = circuit.probe_until = 0.0
        circuit.calls = circuit.errors = 0.0
        circuit.row = circuit.trips = 0
        circuit.kind = ""
        if is_own:
            self.news.append(News(identifier, 0.0))


def is_evident(failure: Failure) -> bool:
    """Tell whether a refused key is the vendor's verdict, and not a word that stands in an echo of what a client wrote."""
    return failure.status in {401, 402, 403, 429} or (failure.code is not None and failure.status != 400)
