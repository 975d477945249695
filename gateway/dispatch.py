"""Conduct one call: reserve, let the engine try the channels, pass the answer on, settle before its last bytes go out.

When the client hangs up, upstream is read on (up to the caps) so that the call is billed by its real usage.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from billing.limits import fits
from billing.pricing import Unpriced
from channels_app.contract import Call
from foundation.values import value
from gateway import hops, itinerary, relay, screening, throttling, unanswered
from gateway.alarm import Alarm
from gateway.errors import RelayError
from gateway.plan import CallPlan
from gateway.process import Relay
from gateway.relay import Emit, Outcome, Send
from gateway.routing import Attempt
from gateway.telling import CutOff, Telling
from gateway.till import Delivery, Till
from gateway.unanswered import Unanswered
from gateway.uplink import Uplink

if TYPE_CHECKING:
    from billing.pricing import ModelPrice
    from gateway.requests import LeanRequest

log = logging.getLogger("keyosk.relay")


@value
class Complete:
    """A whole answer, what kind it is, and what it cost in µ$."""

    body: bytes
    price: int
    content_type: str


class _NoMoreMoney(Exception):
    """The reservation cannot grow any more."""


async def begin(state: Relay, request: LeanRequest, call: Call) -> Conductor:
    """Find the price and the channels and reserve the money; raise RelayError when one of them is missing."""
    trail = hops.count(request._request)
    ways = await itinerary.find(state, request, call)
    if request.rates:
        throttling.count_model(request, ways.call.model)
    if request.screen is not None:
        await screening.guard(state, request, ways.call)
    budgets = tuple([budget.id for budget in request.budgets if fits(budget.models, ways.call.model)]) if request.budgets else ()
    key = request.caller
    till = Till(state, key, budgets, ways.prices[ways.call.model], ways.call)
    try:
        await till.reserve()
    except Unpriced as missing:
        log.error("a call was refused: nobody has priced what it uses", extra={"model": call.model, "unit": missing.unit})
        raise RelayError("model_not_found", f"The model {call.model[:100]} has no price for {missing.unit} here.", param="model") from None
    member, now = key.membership_id, int(time.time())
    plan = CallPlan(till.call, ways.journey, request.id, member, now, trail)
    return Conductor(state, request, plan, till, ways.prices)


class Conductor:
    """One call with money behind it. Ask once for the `whole` answer, or for the `next` bytes of a stream until it `is_over`."""

    def __init__(self, state: Relay, request: LeanRequest, plan: CallPlan, till: Till, prices: Mapping[str, ModelPrice]) -> None:
        self._state = state
        self._prices = prices
        self._request = request
        self._link = request.link
        self._plan = plan
        self._till = till
        self._uplink = Uplink(state.transport, state.tokens, state.timeouts, plan)
        self._telling = Telling(plan.call, request.name)
        self._engine = relay.run(plan)
        self._step: relay.Step | None = None
        self._started = time.monotonic()
        self._first_ms: int | None = None
        self._delivered = 0
        self._read_before_drain = 0
        self._is_draining = False
        self._is_waiting = False
        self._alarm = Alarm()
        self.is_over = False
        if self._link is not None:
            self._link.on_gone = self._on_gone

    @property
    def call(self) -> Call:
        """Return the call as it goes out."""
        return self._plan.call

    @property
    def content_type(self) -> str:
        """Return what kind a streamed answer of bytes is: the vendor's word for sounds, else what was asked for."""
        head = self._uplink.head
        told = head.content_type if head is not None else ""
        return told if told.startswith("audio/") else self._plan.call.binary

    async def whole(self) -> Complete:
        """Return a complete answer, settled; raise RelayError when there is none."""
        try:
            with self._alarm:
                outcome = await self._advance()
            if isinstance(outcome, Emit):
                raise TypeError("a whole answer does not come in pieces")
            return Complete(body=outcome.tail, price=await self._close(outcome), content_type=outcome.content_type)
        except TimeoutError:  # the client has gone, and the answer did not come in time to be billed
            self._fail(unanswered.of_left(self._uplink.attempt), "disconnected")
            raise RelayError("upstream_timeout") from None
        finally:
            await self._end()

    async def next(self) -> bytes:
        """Return the next bytes of a stream; the last ones (`is_over`) are settled. Raises RelayError only in place of the first ones."""
        try:
            with self._alarm:
                step = await self._advance()
                while isinstance(step, Emit) and self._is_gone:
                    step = await self._advance()
            if isinstance(step, Emit):
                return step.data
            if step.delivered > self._till.covered_bytes:
                await self._cover(step.delivered)
            last = self._telling.end(step, await self._close(step))
        except asyncio.CancelledError:
            await self.leave()
            raise
        except Exception as error:
            try:
                last = self._broken(error)
            finally:
                await self._end()
            return last
        await self._end()
        return last

    async def leave(self) -> None:
        """Let go of a stream before its end: its client takes nothing more. Harmless after it."""
        if not self.is_over:
            self._abandon("disconnected")
            await self._end()

    async def _advance(self) -> Emit | Outcome:
        """Play the engine until there is something for the client, or the end."""
        step: relay.Step | None = None
        try:
            while type(step) is not Emit or not step.data:
                step = step or self._step or next(self._engine)
                if type(step) is Send:
                    await self._turn_to(step.attempt.model)
                self._is_waiting = True
                try:
                    event = await self._uplink.perform(step)
                finally:
                    self._is_waiting = False
                if self._is_draining:
                    self._heed_cap()
                step = self._engine.send(event)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome
        self._step = step
        await self._account(step)
        return step

    def _broken(self, error: Exception) -> bytes:
        """Bill what was delivered before a stream broke off on our side; return what the client is still told."""
        if isinstance(error, _NoMoreMoney):
            return self._out_of_money()
        if isinstance(error, TimeoutError):  # the client has gone, and the drain has reached its cap
            self._abandon("disconnected")
            return b""
        if isinstance(error, RelayError | CutOff) or not self._delivered:
            raise error
        log.error("a stream broke off", exc_info=error, extra={"request": str(self._request.id)})
        self._abandon("partial")
        return self._telling.error(RelayError("internal_error"))

    @property
    def _is_gone(self) -> bool:
        """Tell whether the client has hung up; begin the drain when that happened while bytes were on their way to it."""
        if self._link is None or not self._link.is_gone:
            return False
        if not self._is_draining:
            self._drain()
        return True

    async def _account(self, step: Emit) -> None:
        """Note what is delivered, and let the reservation grow before it goes out."""
        if self._first_ms is None:
            self._first_ms = self._elapsed_ms()
            self._plan.journey.answered()
        if step.delivered > self._till.covered_bytes:
            await self._cover(step.delivered)
        self._delivered = step.delivered
        self._telling.has_begun = True

    async def _cover(self, delivered: int) -> None:
        if not await self._till.cover(delivered):
            raise _NoMoreMoney

    async def _turn_to(self, model: str) -> None:
        """Get ready for an attempt at a model, the call's own or a stand-in."""
        if self._is_gone:
            raise TimeoutError  # nobody waits for another attempt
        if model != self._till.call.model:
            await self._till.switch(model, self._prices[model])

    def _heed_cap(self) -> None:
        if self._uplink.read_bytes - self._read_before_drain > self._state.drain_caps.bytes:
            raise TimeoutError

    def _on_gone(self) -> None:
        # While bytes are being sent to the client, the generator is not the one that waits: it sees the flag when it goes on.
        if self._is_waiting and not self._is_draining:
            self._drain()

    def _drain(self) -> None:
        """Read on for a while without the client; at once when too many are being read on already."""
        caps = self._state.drain_caps
        is_full = self._state.drains >= caps.number
        self._is_draining = True
        self._read_before_drain = self._uplink.read_bytes
        self._state.drains += 1
        self._alarm.ring(after_seconds=0.0 if is_full else caps.seconds)

    async def _close(self, outcome: Outcome) -> int:
        """Settle what was delivered and return the price; raise RelayError when nothing was. `_end` must follow."""
        self._plan.finish(outcome)
        if outcome.attempt is None:
            told = unanswered.refusal(outcome, self._request.id)
            self._fail(unanswered.of(outcome, told), "failed")
            raise told
        if not outcome.is_empty:
            await self._till.stretch(reported=outcome.usage, delivered=outcome.delivered, said=outcome.said)
        return self._till.settle(self._request.id, self._delivery(outcome, outcome.attempt))

    def _delivery(self, outcome: Outcome, attempt: Attempt) -> Delivery:
        status = "disconnected" if self._is_draining else "partial" if outcome.failure else "ok"
        elapsed = self._elapsed_ms()
        if self._first_ms is None:
            self._first_ms = elapsed
        used, delivered, is_free = outcome.usage, outcome.delivered, outcome.is_empty
        return Delivery(attempt, used, delivered, status, is_free, self._first_ms, elapsed, outcome.failed)

    def _fail(self, what: Unanswered | None, status: str) -> None:
        """Give everything back, and let the log keep a call that reached a vendor."""
        if what is None:
            self._till.void()
        else:
            self._till.fail(self._request.id, what, status=status, total_ms=self._elapsed_ms())

    def _out_of_money(self) -> bytes:
        """Settle what was delivered, and say why nothing more comes."""
        error = self._till.stopped()
        attempt = self._uplink.attempt
        if attempt is None or not self._delivered:
            self._till.void()
            raise error
        price = self._till.settle(self._request.id, self._broken_off(attempt, "partial"))
        return self._telling.receipt(price) + self._telling.error(error)

    def _abandon(self, status: str) -> None:
        """Settle by estimate what was delivered before the end; nothing is owed for nothing."""
        attempt = self._uplink.attempt
        if attempt is None or not self._delivered:
            self._fail(unanswered.of_left(attempt), status)
        elif not self._till.is_closed:
            self._till.settle(self._request.id, self._broken_off(attempt, status))

    def _broken_off(self, attempt: Attempt, status: str) -> Delivery:
        return Delivery(attempt, None, self._delivered, status, is_free=False, first_ms=self._first_ms, total_ms=self._elapsed_ms())

    def _elapsed_ms(self) -> int:
        return int((time.monotonic() - self._started) * 1000)

    async def _end(self) -> None:
        """Let go of everything; money that was neither settled nor given back goes back. The line is written when this returns."""
        self.is_over = True
        if self._is_draining:
            self._state.drains -= 1
        if self._plan.journey.attempt is not None:
            self._plan.finish(None)
        if not self._till.is_closed:
            self._till.void()
        if self._request.seat is not None:
            self._request.seat.leave(tokens=self._till.tokens)
        await self._till.secure()
        await self._uplink.hang_up()
