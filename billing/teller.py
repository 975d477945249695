"""Carry TAKE and GIVE between a pouch and the database, one at a time per wallet, and find out how lost ones ended."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from django.db import Error as DatabaseProblem

from billing import leases
from billing.pockets import Pouch
from foundation.db import query

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

IDLE_SECONDS = 2.0
# A final no holds for so long, another one until the next try; a smaller need is asked at once.
REMEMBER_SECONDS = 1.0
REMEMBER_BUSY_SECONDS = 0.1
GROWTH_CALLS = 4
GROWTH_LIMIT = 2048
# A wallet is in demand while TAKEs follow one another within so long.
DEMAND_SECONDS = 3.0
POOR_SECONDS = 1.0


class Lost(Exception):
    """This worker has no place in the database any more: it must start anew."""


class Teller:
    """Change pouches by what the database did. Every method holds the pouch's lock while it asks."""

    def __init__(self, worker_id: uuid.UUID, clock: Callable[[], float]) -> None:
        self._worker_id = worker_id
        self._clock = clock

    async def take(self, pouch: Pouch, budgets: tuple[int, ...], amount: int, whole: int, gone: asyncio.Event) -> leases.No | None:
        """Make the pouch cover an amount, unless nobody waits for it any more. None = it does, or ask again; else why not. Raises Lost."""
        async with pouch.lock:
            now = self._clock()
            if gone.is_set() or pouch.covers(budgets, amount, now):
                return None
            if (no := self._remembered(pouch, budgets, amount)) is not None:
                return no
            if not await self._settle_doubt(pouch):
                return None
            need = max(0, amount - pouch.free(now))
            want = need + max(0, pouch.waiting_amount - amount) + self._growth(pouch, amount, now)
            wants = [self._want(pouch, budget, amount, want, whole) for budget in budgets]
            taken = await self._take(pouch, need=need, want=want if need else 0, whole=whole, wants=wants)
            return None if taken is None else self._enter(pouch, budgets, amount, taken)

    async def refill(self, pouch: Pouch, budgets: tuple[int, ...], amount: int) -> None:
        """Lease ahead for a wallet in demand before it runs dry, so that its calls need not wait. Raises Lost.

        It needs nothing, so that it recalls nothing from other workers and is never refused what others have.
        """
        async with pouch.lock:
            now = self._clock()
            if pouch.waiting or pouch.free(now) >= pouch.low_water or not await self._settle_doubt(pouch):
                return
            want = self._growth(pouch, amount, now)
            wants = [leases.Want(budget, 0, want, 0) for budget in budgets]
            taken = await self._take(pouch, need=0, want=want, whole=0, wants=wants)
            grants = taken.grants if taken is not None else ()
            for grant in grants:
                pouch.change(grant, now)
            granted = sum([grant.amount for grant in grants if not grant.is_budget])
            # Where there is little left to lease ahead, calls ask for what they need.
            pouch.refill_at = now if 2 * granted >= want else now + POOR_SECONDS

    async def _take(self, pouch: Pouch, *, need: int, want: int, whole: int, wants: Sequence[leases.Want]) -> leases.Taken | None:
        """Send a TAKE; None = its outcome had to be found out, or still has to be."""
        # Noted before it is sent: whatever breaks this off leaves an outcome to find out.
        pouch.unresolved = {}
        try:
            taken = await self._ask(
                pouch,
                leases.take,
                worker_id=self._worker_id,
                wallet=pouch.wallet,
                need=need,
                want=want,
                whole=whole,
                known=pouch.known(),
                budgets=wants,
            )
        except leases.WorkerDead as error:
            raise Lost from error
        except (DatabaseProblem, leases.OutOfStep):
            await self._settle_doubt(pouch)
            return None
        pouch.unresolved = None
        return taken

    async def give_all(self, pouch: Pouch) -> None:
        """Give back whatever is free: the worker stops, or another one asks for it. Raises Lost."""
        async with pouch.lock:
            await self._settle_doubt(pouch)
            await self._give(pouch, {(one.is_budget, one.pool): one.free for one in pouch.pockets() if one.free > 0})

    async def give_idle(self, pouch: Pouch) -> None:
        """Give back what was free for two seconds. Raises Lost."""
        now = self._clock()
        if now - pouch.window_at < IDLE_SECONDS:
            return
        async with pouch.lock:
            if now - pouch.taken_at >= DEMAND_SECONDS:
                pouch.low_water = 0
            idle = pouch.idle()
            await self._give(pouch, idle)
            pouch.window_at = now
            for pocket in pouch.pockets():
                pocket.low = pocket.free

    async def _give(self, pouch: Pouch, gives: dict[tuple[bool, int], int]) -> None:
        if not await self._settle_doubt(pouch) or not gives:
            return
        pockets = [one for one in pouch.pockets() if (one.is_budget, one.pool) in gives]
        amounts = {(one.is_budget, one.pool): min(one.free, gives[one.is_budget, one.pool]) for one in pockets}
        for pocket in pockets:
            pocket.out(amounts[pocket.is_budget, pocket.pool])
        message = [(one.is_budget, one.pool, amounts[one.is_budget, one.pool], one.seq) for one in pockets]
        pouch.unresolved = amounts
        try:
            await self._ask(pouch, leases.give, worker_id=self._worker_id, gives=message)
        except leases.WorkerDead as error:
            raise Lost from error
        except (DatabaseProblem, leases.OutOfStep):
            await self._settle_doubt(pouch)
            return
        pouch.unresolved = None
        for pocket in pockets:
            pocket.seq += 1

    async def _ask(self, pouch: Pouch, function: Callable[P, R], *args: P.args, **words: P.kwargs) -> R:
        pouch.sent_at = self._clock()
        try:
            return await query(function, *args, **words)
        finally:
            pouch.sent_at = None

    async def _settle_doubt(self, pouch: Pouch) -> bool:
        """Find out how a lost TAKE or GIVE ended; False while the database does not answer. Raises Lost."""
        if pouch.unresolved is None:
            return True
        try:
            ends = await self._ask(pouch, leases.resolve, worker_id=self._worker_id, wallet=pouch.wallet, known=pouch.known())
        except (leases.WorkerDead, leases.SequenceLost) as error:
            raise Lost from error
        except DatabaseProblem:
            log.warning("the outcome of a lease is still unknown")
            return False
        now = self._clock()
        given, pouch.unresolved = pouch.unresolved, None
        for end in ends:
            pouch.change(end, now)
            back = given.get((end.is_budget, end.pool), 0)
            if back:
                next(one for one in pouch.pockets() if (one.is_budget, one.pool) == (end.is_budget, end.pool)).free += back
        return True

    def _enter(self, pouch: Pouch, budgets: tuple[int, ...], amount: int, taken: leases.Taken) -> leases.No | None:
        now = self._clock()
        pouch.main = taken.main or pouch.main
        if taken.no is not None:
            pouch.refusals[budgets] = (now, amount, taken.no)
            return taken.no
        pouch.refusals.pop(budgets, None)
        for grant in taken.grants:
            pouch.change(grant, now)
        return None

    def _remembered(self, pouch: Pouch, budgets: tuple[int, ...], amount: int) -> leases.No | None:
        at, asked, no = pouch.refusals.get(budgets, (float("-inf"), 0, None))
        fresh = REMEMBER_SECONDS if no is not None and no.is_final else REMEMBER_BUSY_SECONDS
        return no if amount >= asked and self._clock() - at < fresh else None

    def _growth(self, pouch: Pouch, amount: int, now: float) -> int:
        """Lease ahead for the next calls: more with every TAKE that follows within a second, as much while the demand lasts."""
        since = now - pouch.taken_at
        if since < 1.0:
            pouch.growth = min(max(1, pouch.growth) * 2, GROWTH_LIMIT)
        elif since >= DEMAND_SECONDS:
            pouch.growth = GROWTH_CALLS
        pouch.taken_at = now
        want = pouch.growth * amount
        pouch.low_water = want // 2 if since < DEMAND_SECONDS else 0
        return want

    def _want(self, pouch: Pouch, budget: int, amount: int, want: int, whole: int) -> leases.Want:
        need = max(0, amount - pouch.free_of(budget))
        return leases.Want(budget, need, max(need, want) if need else 0, whole)
