"""The way of one call through the channels: asks `routing` for the next try, counts it, and notes what came of it.

A failure counts against a channel at once where it cannot be the client's doing (no connection, a refused key, too many
calls). Any other error answer counts only when another channel has answered the same call: so nobody can get a channel
out of the way with requests that no vendor can digest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from billing.limits import Rate
from channels_app.contract import ChannelFacts, FailureKind, Usage
from channels_app.policies import HEALTH
from foundation.values import value
from gateway import margins, routing
from gateway.habits import Conversation
from gateway.limiter import Lane, Refused
from gateway.refusals import NOTHING
from gateway.routing import Attempt, Failed, Wish
from gateway.standing import Standing

EMPTY = "empty_answer"
TRANSPORT = "transport"
# Output of this size is the unit in which the speed of whole answers is compared: about a hundred tokens.
_ORDINARY_BYTES = 400
_AT_ONCE = frozenset({FailureKind.BAD_KEY, FailureKind.NO_QUOTA, FailureKind.RATE_LIMITED})


@value
class Route:
    """The channels for one public model, by priority; `costs` as in `routing.Wish`."""

    model: str
    candidates: Sequence[ChannelFacts]
    costs: Mapping[int, int] = field(default_factory=dict)


@value
class Terms:
    """How a call travels: the mode of choice, its conversation and how long it is remembered, and when no new try begins."""

    mode: str = HEALTH
    is_stream: bool = False
    conversation: Conversation | None = None
    sticky_seconds: int = 0
    deadline: float = float("inf")
    counts: bool = True


class Journey:
    """One call's. `clock` is monotonic seconds, `wall` unix seconds; `routes` holds the model's own first, then its stand-ins."""

    __slots__ = ("_answered", "_began", "_clock", "_lanes", "_now", "_pending", "_routes", "_standing", "_terms", "_wall", "attempt")

    def __init__(
        self, routes: Sequence[Route], terms: Terms, standing: Standing, clock: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        self._routes = routes
        self._terms = terms
        self._standing = standing
        self._clock = clock
        self._wall = wall
        self._pending: list[Failed] = []
        self._lanes: list[Lane] = []
        self._began = 0.0
        self._answered = False
        self.attempt: Attempt | None = None

    def next(self, failed: Sequence[Failed]) -> Attempt | None:
        """Return the next try after these have failed; None when nobody is left, or trying on would cost too much."""
        now = self._clock()
        budget = self._standing.retries
        if failed:
            self._leave(failed[-1], now)
            if now >= self._terms.deadline or not budget.take(now):
                return None
        else:
            budget.earn(now)
        attempt = self._choose(failed, now)
        if attempt is not None:
            self._began = now
            self.attempt = attempt
            self._standing.board.begin(attempt.channel, attempt.model, attempt.key, now)
        return attempt

    def learn(self, attempt: Attempt, names: frozenset[str]) -> bool:
        """Remember the fields that a vendor has refused; True where the same call may be asked again without them."""
        channel = attempt.channel
        return bool(names) and self._standing.refusals.learn(channel.id, channel.upstream(attempt.model), names, self._clock())

    def refused(self, attempt: Attempt) -> frozenset[str]:
        """Return the fields that this channel's vendor is known to refuse."""
        if not self._standing.refusals:
            return NOTHING
        return self._standing.refusals.names(attempt.channel.id, attempt.channel.upstream(attempt.model), self._clock())

    def answered(self, *, delivered: int | None = None) -> None:
        """Note that the channel answers: by the first content of a stream, or a whole answer of `delivered` bytes."""
        attempt = self.attempt
        if attempt is None or self._answered or not self._terms.counts:
            return
        self._answered = True
        now = self._clock()
        seconds = now - self._began
        if delivered is not None:
            seconds /= max(1.0, delivered / _ORDINARY_BYTES)
        board = self._standing.board
        board.succeeded(attempt.channel, attempt.model, attempt.key, now, seconds=seconds, is_stream=delivered is None)
        for one in self._pending:
            board.failed(one.attempt.channel, one.attempt.model, one.attempt.key, one.failure, now)
        self._pending.clear()

    def finish(self, *, failed: Sequence[Failed] = (), broke: Failed | None = None, usage: Usage | None = None) -> None:
        """End the journey, once or more often: after an answer (with its usage), a break (`broke`), or the last failure."""
        attempt = self.attempt
        if attempt is None:
            return
        now = self._clock()
        if broke is not None:
            self._leave(broke, now)
            return
        if failed and failed[-1].attempt is attempt:
            self._leave(failed[-1], now)
            return
        self._depart(attempt, tokens=usage.total_input + usage.total_output if usage else 0)
        terms = self._terms
        if usage is not None and terms.conversation and (usage.cache_read or usage.cache_write_5m or usage.cache_write_1h):
            way = (attempt.channel.id, attempt.key.id)
            self._standing.habits.learn(terms.conversation, way, until=now + terms.sticky_seconds)

    # Only the first try follows the even numbers: further ones are few, and would disturb them.
    def _choose(self, failed: Sequence[Failed], now: float) -> Attempt | None:
        """Ask for the model and its stand-ins; only when none of them has a usable way, for the least bad one."""
        without = self._standing.overspent
        for is_last_resort in (False, True) if len(self._routes) > 1 else (True,):
            for route in self._routes:
                here = [one for one in failed if one.attempt.model == route.model] if failed else failed
                attempt = self._way(route, here, without, now, is_last_resort)
                if attempt is not None:
                    return attempt
        return None

    def _way(self, route: Route, failed: Sequence[Failed], without: frozenset[int], now: float, is_last_resort: bool) -> Attempt | None:
        wish = self._wish(route, now, is_first=not failed)
        standing = self._standing
        while True:
            attempt = routing.choose(
                route.candidates,
                wish=wish,
                known=standing.board,
                draw=standing.draw,
                now=now,
                failed=failed,
                without=without,
                is_last_resort=is_last_resort,
            )
            if attempt is None or self._enter(attempt.channel):
                return attempt
            without = without | {attempt.channel.id}

    def _wish(self, route: Route, now: float, *, is_first: bool) -> Wish:
        terms, standing = self._terms, self._standing
        lot = standing.next_lot() if is_first and len(route.candidates) > 1 else None
        kept = standing.habits.way(terms.conversation, now=now) if terms.conversation else None
        if kept is not None:
            holder = next((one for one in route.candidates if one.id == kept[0]), None)
            if holder is None or not margins.cache_pays(holder, route.candidates, model=route.model):
                kept = None
        return Wish(route.model, terms.is_stream, terms.mode, route.costs, kept, standing.next_turn(), lot)

    def _enter(self, channel: ChannelFacts) -> bool:
        """Take a place at a channel that has limits; False when there is none."""
        rules = channel.rules
        if not rules.has_rates:
            return True
        rate = Rate(name=f"channel:{channel.id}", rpm=rules.rpm, tpm=rules.tpm, concurrency=rules.concurrency, scope="channel")
        try:
            self._lanes = self._standing.limiter.enter([rate], now=self._wall())
        except Refused:
            return False
        return True

    def _leave(self, one: Failed, now: float) -> None:
        """Note how a try ended without an answer."""
        attempt, failure = one.attempt, one.failure
        if self.attempt is not attempt:
            return
        self._depart(attempt)
        if not self._terms.counts or failure.kind.is_users_fault or failure.code == EMPTY:
            return
        self._standing.tally(attempt.channel.id, failure.kind.value)
        if failure.kind in _AT_ONCE or failure.code == TRANSPORT:
            self._standing.board.failed(attempt.channel, attempt.model, attempt.key, failure, now)
        else:
            self._pending.append(one)

    def _depart(self, attempt: Attempt, *, tokens: int = 0) -> None:
        self.attempt = None
        self._standing.board.end(attempt.channel, attempt.model, attempt.key)
        lanes, self._lanes = self._lanes, []
        for lane in lanes:
            if tokens:
                self._standing.limiter.spend(lane, tokens, now=self._wall())
            self._standing.limiter.leave(lane)
