"""The purse of one relay worker: money and budgets leased from the database, reserved and settled in memory.

Money moves here in one step of the event loop each; only what the purse does not cover asks the database (`leases`).

Its errors are those of `refusals`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from typing import Protocol

from django.db import Error as DatabaseProblem

from billing import leases
from billing.pockets import Pouch, Reservation, merge, parts_of
from billing.refusals import InsufficientQuota, PurseError, QuotaBusy, SettlementBacklog, WorkerLost
from billing.teller import Lost, Teller
from foundation.db import query

__all__ = ["InsufficientQuota", "Purse", "PurseError", "QuotaBusy", "Reservation", "SettlementBacklog", "WorkerLost"]

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
GOOD_SECONDS = 75.0
PATIENCE_SECONDS = 2.5
RETRY_SECONDS = 0.1
FORGOTTEN_SECONDS = 2 * 3600.0


class Recalls(Protocol):
    """A bus that carries "give back what is free of this wallet" between workers; best effort."""

    async def publish(self, wallet: int) -> None: ...

    async def listen(self, heard: Callable[[int], None]) -> None: ...


class Purse:
    """Reserve, extend, settle and void the calls of one worker. Not thread-safe: it lives on one event loop."""

    def __init__(
        self,
        *,
        worker_id: uuid.UUID,
        node: str,
        has_room: Callable[[], bool] = lambda: True,
        recalls: Recalls | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self.worker_id = worker_id
        self.forgotten = 0
        self._node = node
        self._has_room = has_room
        self._recalls = recalls
        self._clock = clock
        self._on_lost = on_lost
        self._teller = Teller(worker_id, clock)
        self._pouches: dict[int, Pouch] = {}
        self._open: dict[int, Reservation] = {}
        self._good_until = float("-inf")
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Enter this worker among the living and keep it there. Its spool folder must be locked by now."""
        sent = self._clock()
        await query(leases.register, worker_id=self.worker_id, node=self._node)
        self._good_until = sent + GOOD_SECONDS
        self._spawn(self._beat_for_ever())
        if self._recalls:
            self._spawn(self._recalls.listen(self._give_soon))

    async def stop(self) -> None:
        """Stop reserving and give everything back that is free."""
        self._good_until = float("-inf")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Lost):
            for pouch in self._pouches.values():
                await self._teller.give_all(pouch)

    def try_reserve(self, *, wallet: int, budgets: tuple[int, ...] = (), amount: int) -> Reservation | None:
        """Reserve out of memory alone; None when the purse does not cover it, with those who wait for this wallet already.

        Once a lease has come in, newcomers pass those who are still being woken: queueing behind them would never end.
        """
        pouch = self._pouches.get(wallet)
        now = self._clock()
        if pouch is None or now >= self._good_until or not self._has_room():
            return None
        if pouch.waiting and not pouch.covers(budgets, pouch.waiting_amount + amount, now):
            return None
        found = self._reserve(pouch, budgets, amount, now)
        if pouch.low_water and now >= pouch.refill_at and not pouch.is_refilling and pouch.free(now) < pouch.low_water:
            pouch.is_refilling = True
            self._spawn(self._refill(pouch, budgets, amount))
        return found

    async def reserve(self, *, wallet: int, budgets: tuple[int, ...] = (), amount: int) -> Reservation:
        """Reserve an amount (µ$) of a wallet and of every budget. Raises a PurseError."""
        pouch = self._pouches.setdefault(wallet, Pouch(wallet, window_at=self._clock()))
        found: Reservation | None = self.try_reserve(wallet=wallet, budgets=budgets, amount=amount)
        deadline = self._clock() + PATIENCE_SECONDS
        while found is None:
            self._check_open()
            no = await self._fetch(pouch, budgets, amount, whole=amount)
            found = self._reserve(pouch, budgets, amount, self._clock())
            if found is None:
                await self._be_patient(pouch, no, deadline)
        return found

    def try_extend(self, reservation: Reservation, amount: int) -> bool:
        """Add to a running reservation out of memory; False when the purse does not cover it."""
        pouch = self._pouches[reservation.wallet]
        more = pouch.grab(reservation.budgets, amount, self._clock()) if self._is_good() and reservation.state == "open" else None
        if more is None:
            return False
        merge(reservation.taken, more)
        reservation.amount += amount
        return True

    async def extend(self, reservation: Reservation, amount: int) -> bool:
        """Add to a running reservation, with patience; False when the money has ended."""
        pouch = self._pouches[reservation.wallet]
        deadline = self._clock() + PATIENCE_SECONDS
        while not self.try_extend(reservation, amount):
            if reservation.state != "open":
                return False
            try:
                self._check_open()
                no = await self._fetch(pouch, reservation.budgets, amount, whole=reservation.amount + amount)
                if not self.try_extend(reservation, amount):
                    await self._be_patient(pouch, no, deadline)
                else:
                    return True
            except InsufficientQuota as refusal:
                reservation.stopped_by = (refusal.scope, refusal.resets_at)
                return False
            except PurseError:
                return False
        return True

    async def affordable(self, *, wallet: int, budgets: tuple[int, ...] = ()) -> int:
        """Return how much may be had at once (µ$): what the purse has free and what lies in the database unheld."""
        money, limits = await query(leases.free, wallet=wallet, budgets=budgets)
        pouch = self._pouches.get(wallet)
        if pouch is None:
            return max(0, min([money, *limits]))
        whole = [money + pouch.free(self._clock())]
        return max(0, min(whole + [limit + pouch.free_of(budget) for budget, limit in zip(budgets, limits, strict=True)]))

    def parts(self, reservation: Reservation, price: int) -> list[list[int]]:
        """Return which accounts pay for this price, earliest lot first: [[account, µ$] …]."""
        return parts_of(reservation, price)

    def main_account(self, wallet: int) -> int:
        """Return the wallet's main account; 0 while nothing was ever asked of it."""
        pouch = self._pouches.get(wallet)
        return pouch.main if pouch else 0

    def settle(self, reservation: Reservation, price: int) -> None:
        """End a reservation whose line is written; the rest is free again. More than reserved is the ledger's to find."""
        self._end(reservation, "settled", min(price, reservation.amount))

    def void(self, reservation: Reservation) -> None:
        """End a reservation that cost nothing; after settle (or void) it does nothing."""
        if reservation.state == "open":
            self._end(reservation, "voided", 0)

    def _end(self, reservation: Reservation, state: str, used: int) -> None:
        if reservation.state != "open":
            raise RuntimeError(f"a reservation ends once; this one was {reservation.state}")
        reservation.state = state
        del self._open[reservation.id]
        if reservation.amount > used:
            self._pouches[reservation.wallet].put_back(reservation, reservation.amount - used)

    def _reserve(self, pouch: Pouch, budgets: tuple[int, ...], amount: int, now: float) -> Reservation | None:
        taken = pouch.grab(budgets, amount, now)
        if taken is None:
            return None
        reservation = Reservation(pouch.wallet, budgets, amount, taken, now)
        self._open[reservation.id] = reservation
        return reservation

    async def _fetch(self, pouch: Pouch, budgets: tuple[int, ...], amount: int, *, whole: int) -> leases.No | None:
        """Ask the database once, behind those who wait for this wallet already; return why there was nothing."""
        pouch.waiting += 1
        pouch.waiting_amount += amount
        gone = asyncio.Event()
        task = asyncio.ensure_future(self._teller.take(pouch, budgets, amount, whole, gone))
        task.add_done_callback(self._note_lost)
        try:
            # Whoever goes away, or waits no longer, does not break a TAKE off: its outcome would be unknown.
            while not task.done():
                await asyncio.wait([task], timeout=PATIENCE_SECONDS / 5)
                if not task.done() and pouch.is_silent(self._clock() - PATIENCE_SECONDS):
                    return None
            return task.result()
        except Lost as error:
            raise WorkerLost from error
        finally:
            gone.set()
            pouch.waiting -= 1
            pouch.waiting_amount -= amount

    async def _refill(self, pouch: Pouch, budgets: tuple[int, ...], amount: int) -> None:
        try:
            await self._teller.refill(pouch, budgets, amount)
        except Lost:
            self._lose()
        finally:
            pouch.is_refilling = False

    def _note_lost(self, task: asyncio.Task[leases.No | None]) -> None:
        if not task.cancelled() and isinstance(task.exception(), Lost):
            self._lose()

    async def _be_patient(self, pouch: Pouch, no: leases.No | None, deadline: float) -> None:
        if no is not None and no.is_final:
            raise InsufficientQuota(no.scope, no.resets_at)
        if self._clock() + RETRY_SECONDS > deadline:
            raise SettlementBacklog if pouch.is_silent(self._clock() - PATIENCE_SECONDS) else QuotaBusy
        if no is not None and self._recalls:
            await self._recalls.publish(pouch.wallet)
        await asyncio.sleep(RETRY_SECONDS)

    def _is_good(self) -> bool:
        return self._clock() < self._good_until

    def _check_open(self) -> None:
        if not self._is_good():
            raise WorkerLost
        if not self._has_room():
            raise SettlementBacklog

    def _lose(self) -> None:
        self._good_until = float("-inf")
        self._on_lost()

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._beat()
            except (leases.WorkerDead, Lost):
                log.error("this worker was buried or lost its place; it has to start anew")
                return self._lose()
            except DatabaseProblem as error:
                log.warning("a beat failed, the next one follows: %s", error)
            except Exception:
                log.exception("a beat failed; the next one follows")

    async def _beat(self) -> None:
        sent = self._clock()
        recalled = set(await query(leases.beat, worker_id=self.worker_id))
        self._good_until = sent + GOOD_SECONDS
        for pouch in list(self._pouches.values()):
            if pouch.unresolved is not None or any((one.is_budget, one.pool) in recalled for one in pouch.pockets()):
                await self._teller.give_all(pouch)
            else:
                await self._teller.give_idle(pouch)
        self._void_forgotten(sent)

    def _void_forgotten(self, now: float) -> None:
        for reservation in list(self._open.values()):
            if now - reservation.since < FORGOTTEN_SECONDS:
                break
            log.error("a reservation was forgotten")
            self.forgotten += 1
            self.void(reservation)

    def _give_soon(self, wallet: int) -> None:
        pouch = self._pouches.get(wallet)
        if pouch is not None:
            self._spawn(self._teller.give_all(pouch))

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
