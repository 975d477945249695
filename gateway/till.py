"""The money of one call: reserve before it, extend while it runs, settle or give back exactly once."""

from __future__ import annotations

import asyncio
import datetime
import logging
import sys
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError

from billing.pockets import Reservation
from billing.purse import InsufficientQuota, QuotaBusy, SettlementBacklog, WorkerLost
from channels_app import costs
from channels_app.contract import Call, Usage
from channels_app.faces import CHAT
from foundation import db
from foundation.values import value
from gateway import intake, metering, settle, unanswered
from gateway.errors import RelayError
from gateway.routing import Attempt, Failed
from gateway.spool import Line, SpoolFull, Turn, encode
from gateway.unanswered import Unanswered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.keys import KeyFacts
    from billing.pricing import Charge, ModelPrice
    from gateway.process import Relay

log = logging.getLogger("keyosk.relay")
_POST_SECONDS = 5.0
_NOTHING_USED = Usage()


@value
class Delivery:
    """What a call came to: who answered, what was consumed, how it ended (ok, partial, disconnected), and when (ms)."""

    attempt: Attempt
    usage: Usage | None
    delivered: int
    status: str
    is_free: bool
    first_ms: int | None
    total_ms: int
    failed: Sequence[Failed] = ()


class Till:
    """Holds the reservation of one call; `covered_bytes` is how much output it pays for."""

    __slots__ = (
        "_buckets",
        "_budgets",
        "_charge",
        "_key",
        "_limit",
        "_line",
        "_output_tokens",
        "_price",
        "_relay",
        "_reservation",
        "_turn",
        "_usage",
        "call",
        "covered_bytes",
        "is_closed",
        "tokens",
    )  # fmt: skip

    def __init__(self, relay: Relay, key: KeyFacts, budgets: tuple[int, ...], price: ModelPrice, call: Call) -> None:
        self._relay = relay
        self._key = key
        self._budgets = budgets
        self._price = price
        self._reservation: Reservation | None = None
        self._limit = intake.output_limit(call) if call.operation == CHAT else None
        self._output_tokens = 0
        self._usage = _NOTHING_USED
        self._buckets: dict[str, int] = {}
        self._charge: Charge | None = None
        self._line: Line | None = None
        self._turn: Turn | None = None
        self.is_closed = False
        self.call = call
        self.covered_bytes = 0
        self.tokens = 0

    async def reserve(self) -> None:
        """Reserve the call's bound, or as much of it as the money covers; raise RelayError when that is too little.

        What does not fit is made to fit: streams reserve less and extend later, other calls get a smaller output limit.
        """
        wanted = metering.expected_output(self._price, self.call, limit=self._limit)
        amount = metering.bound(self._price, self.call, output_tokens=wanted)
        wallet = self._key.membership_id
        found = self._relay.purse.try_reserve(wallet=wallet, budgets=self._budgets, amount=amount)
        if found is None:
            try:
                found = await self._relay.purse.reserve(wallet=wallet, budgets=self._budgets, amount=amount)
            except InsufficientQuota as refusal:
                wanted, found = await self._reserve_less(wanted, refusal)
            except QuotaBusy:
                raise RelayError("quota_busy") from None
            except (SettlementBacklog, WorkerLost):
                raise RelayError("settlement_backlog") from None
        self._reservation = found
        self._note(wanted)

    async def _reserve_less(self, wanted: int, refusal: InsufficientQuota) -> tuple[int, Reservation]:
        """Reserve what the money covers now, else the least that is worth a call: others may yet give back most of what they hold."""
        purse, wallet = self._relay.purse, self._key.membership_id
        least = min(wanted, metering.LEAST_OUTPUT_TOKENS)
        money = await purse.affordable(wallet=wallet, budgets=self._budgets)
        fits = metering.affordable_output(self._price, self.call, money=money, wanted=wanted)
        is_busy = False
        for output in [fits, least] if fits > least else [least]:
            amount = metering.bound(self._price, self.call, output_tokens=output)
            try:
                found = await purse.reserve(wallet=wallet, budgets=self._budgets, amount=amount)
            except (InsufficientQuota, QuotaBusy) as less:
                is_busy = isinstance(less, QuotaBusy)
                continue
            if not self.call.is_stream and self.call.operation == CHAT:
                self.call = intake.with_output_limit(self.call, output)
            return output, found
        raise RelayError("quota_busy") if is_busy else insufficient(refusal)

    def _note(self, output_tokens: int) -> None:
        """Note what is covered; nothing comes beyond the client's own limit, so that reaching it covers everything."""
        self._output_tokens = output_tokens
        if self.call.operation != CHAT or not self.call.is_stream:
            self.covered_bytes = sys.maxsize
            return
        is_all = self._limit is not None and output_tokens >= self._limit
        self.covered_bytes = sys.maxsize if is_all else output_tokens * intake.choices(self.call) * intake.BYTES_PER_HELD_TOKEN

    async def cover(self, delivered: int) -> bool:
        """Extend the reservation so that it pays for so many delivered bytes; False when the money does not grow."""
        while delivered > self.covered_bytes:
            more = self._output_tokens + (self._price.hold_ceiling or metering.DEFAULT_HOLD_CEILING)
            amount = metering.bound(self._price, self.call, output_tokens=more) - self._held_bound()
            if not await self._extend(amount):
                return False
            self._note(more)
        return True

    async def switch(self, model: str, price: ModelPrice) -> None:
        """Charge by another model from now on: a stand-in is asked. Raise RelayError when the money does not cover it."""
        self.call = replace(self.call, model=model)
        self._price = price
        reservation = self._reservation
        more = self._held_bound() - reservation.amount if reservation is not None else 0
        if more > 0 and not await self._extend(more):
            raise self.stopped()

    def stopped(self) -> RelayError:
        """Return the refusal of a call whose reservation could not grow any more."""
        scope, resets_at = self._reservation.stopped_by if self._reservation is not None else ("wallet", None)
        return insufficient(InsufficientQuota(scope, resets_at))

    def _held_bound(self) -> int:
        return metering.bound(self._price, self.call, output_tokens=self._output_tokens)

    async def _extend(self, amount: int) -> bool:
        reservation = self._reservation
        if reservation is None:
            return False
        return self._relay.purse.try_extend(reservation, amount) or await self._relay.purse.extend(reservation, amount)

    async def stretch(self, *, reported: Usage | None, delivered: int, said: bytes) -> None:
        """Let the reservation grow to the price where that is higher: vendors charge for tokens that nobody sees."""
        charge = self._measure(reported or await metering.counted(self.call, said=said, delivered=delivered), delivered)
        reservation = self._reservation
        if reservation is not None and charge.price_micros > reservation.amount:
            await self._extend(charge.price_micros - reservation.amount)

    def _measure(self, reported: Usage | None, delivered: int) -> Charge:
        """Find usage and price once; the first answer stays."""
        if self._charge is None:
            self._usage = metering.measured(self.call, reported=reported, delivered=delivered)
            self._buckets = metering.buckets(metering.charged(self._price, self.call, self._usage))
            self._charge = self._price.charge_for(self._buckets)
            self.tokens = self._usage.total_input + self._usage.total_output
        return self._charge

    def settle(self, request_id: uuid.UUID, delivery: Delivery) -> int:
        """Hand in the line that bills the call and free the rest of the reservation; return the price in µ$. `secure` must follow."""
        reservation = self._reservation
        if reservation is None or self.is_closed:
            raise RuntimeError("a call is settled once, after it has reserved")
        self.is_closed = True
        charge = self._charge or self._measure(delivery.usage, delivery.delivered)
        if delivery.is_free:
            charge = replace(charge, price_micros=0, numerator=0, splits=())
        self._line = line = self._bill(request_id, delivery, charge, self._relay.purse.parts(reservation, charge.price_micros))
        self._turn = self._relay.spool.join(line)
        self._relay.purse.settle(reservation, charge.price_micros)
        return charge.price_micros

    def _bill(self, request_id: uuid.UUID, delivery: Delivery, charge: Charge, parts: list[list[int]]) -> Line:
        channel, usage, model = delivery.attempt.channel, self._usage, self.call.model
        cost = costs.charge(channel, model, usage, is_either=self.call.operation != CHAT)
        return Line(
            id=request_id,
            key=self._key.id,
            tenant=self._key.tenant_id,
            member=self._key.membership_id,
            main=self._relay.purse.main_account(self._key.membership_id),
            price=charge.price_micros,
            numerator=str(charge.numerator),
            parts=parts,
            splits=[list(split) for split in charge.splits],
            budgets=list(self._budgets),
            book=charge.book,
            usage=self._buckets,
            source=usage.source,
            model=model,
            upstream_model=channel.models.get(model, model),
            channel=channel.id,
            channel_key=delivery.attempt.key.id,
            cost=cost[0] if cost is not None else None,
            status=delivery.status,
            stream=self.call.is_stream,
            first_ms=delivery.first_ms,
            total_ms=delivery.total_ms,
            tried=[one.attempt.channel.id for one in delivery.failed] if delivery.failed else [],
            unpriced=[] if delivery.is_free else list(charge.unpriced),
            reasons=unanswered.reasons(delivery.failed) if delivery.failed else [],
        )

    def fail(self, request_id: uuid.UUID, what: Unanswered, *, status: str, total_ms: int) -> None:
        """Give everything back and hand in a line without a price, for the log. `secure` must follow; harmless after a settlement."""
        if self._reservation is None or self.is_closed:
            return
        self._line = line = unanswered.line(self._key, self.call, request_id, what, status=status, total_ms=total_ms)
        self._turn = self._relay.spool.join(line)
        self.void()

    async def secure(self) -> None:
        """Wait until the line is in the spool: only then may the last bytes go out. One that the spool does not take is posted.

        After five seconds they go all the same.
        """
        line, turn = self._line, self._turn
        if line is None or turn is None:
            return
        try:
            await turn.written()
        except SpoolFull as error:
            log.error("the spool took no line", extra={"request": str(line.id), "reason": str(error)})
            await self._post(line)
        self._line = None

    async def _post(self, line: Line) -> None:
        try:
            async with asyncio.timeout(_POST_SECONDS):
                await db.query(settle.post, worker_id=self._relay.spool.worker_id, lines=[line])
        except (TimeoutError, DatabaseError):
            log.critical("a call was served and could not be charged", extra={"line": encode(line).decode()})

    def void(self) -> None:
        """Give everything back: nothing was delivered. Harmless after a settlement."""
        if self._reservation is not None and not self.is_closed:
            self.is_closed = True
            self._relay.purse.void(self._reservation)


def insufficient(refusal: InsufficientQuota) -> RelayError:
    """Return the refusal with its scope and the time at which there is money again."""
    details: dict[str, Any] = {"scope": refusal.scope}
    if refusal.resets_at is not None:
        details["resets_at"] = datetime.datetime.fromtimestamp(refusal.resets_at, tz=datetime.UTC).isoformat()
    return RelayError("insufficient_quota", **details)
