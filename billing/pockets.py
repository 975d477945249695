"""What a purse remembers of one wallet: its slices as pockets, and the reservations made out of them. Pure memory."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from billing.leases import Grant, No

_numbers = itertools.count(1)


@dataclass(slots=True)
class Pocket:
    """One slice: `free` of it is in nobody's reservation; `low` is the least that was free in the present window."""

    is_budget: bool
    pool: int
    free: int = 0
    low: int = 0
    seq: int = 0
    expires_at: float = math.inf

    def out(self, amount: int) -> None:
        self.free -= amount
        if self.free < self.low:  # min() would cost a call here
            self.low = self.free


@dataclass(slots=True, eq=False)
class Reservation:
    """What one call may cost at most. Ends once, by settle or void; `taken` is [[account, µ$] …] in spending order.

    `stopped_by` says which money or limit kept it from growing (wallet, key, 5h, day, week, month), and until when.
    """

    wallet: int
    budgets: tuple[int, ...]
    amount: int
    taken: list[list[int]]
    since: float
    state: str = "open"
    stopped_by: tuple[str, float | None] = ("wallet", None)
    id: int = field(default_factory=_numbers.__next__)


@dataclass(slots=True, eq=False)
class Pouch:
    """The slices of one wallet and of its keys' budgets. One TAKE or GIVE at a time, under `lock`."""

    wallet: int
    main: int = 0
    accounts: list[Pocket] = field(default_factory=list)
    budgets: dict[int, Pocket] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    waiting_amount: int = 0
    growth: int = 0
    taken_at: float = -math.inf
    window_at: float = 0.0
    # With less than this free a wallet in demand leases ahead, from `refill_at` on, once at a time.
    low_water: int = 0
    refill_at: float = -math.inf
    is_refilling: bool = False
    # What a lost GIVE had taken out of the pockets; None = every outcome is known.
    unresolved: dict[tuple[bool, int], int] | None = None
    # When the message that is under way was sent.
    sent_at: float | None = None
    refusals: dict[tuple[int, ...], tuple[float, int, No]] = field(default_factory=dict)

    def pockets(self) -> Iterable[Pocket]:
        return itertools.chain(self.accounts, self.budgets.values())

    def known(self) -> list[tuple[bool, int, int]]:
        return [(pocket.is_budget, pocket.pool, pocket.seq) for pocket in self.pockets()]

    def is_silent(self, since: float) -> bool:
        """Tell whether the database has not answered a message sent before `since`, or refuses all of them."""
        return self.unresolved is not None if self.sent_at is None else self.sent_at < since

    def free(self, now: float) -> int:
        """Return what new calls may have of the money: an expired lot counts for running ones only."""
        total = 0
        for pocket in self.accounts:
            if pocket.expires_at > now:
                total += pocket.free
        return total

    def free_of(self, budget: int) -> int:
        pocket = self.budgets.get(budget)
        return pocket.free if pocket else 0

    def idle(self) -> dict[tuple[bool, int], int]:
        """Return what nobody has used in the present window, by pocket, beyond what a wallet in demand keeps for the next calls."""
        found: dict[tuple[bool, int], int] = {}
        kept = self.low_water
        for pocket in self.accounts:
            part = min(pocket.low, kept)
            kept -= part
            if pocket.low > part:
                found[False, pocket.pool] = pocket.low - part
        for pocket in self.budgets.values():
            if pocket.low > self.low_water:
                found[True, pocket.pool] = pocket.low - self.low_water
        return found

    def covers(self, budgets: Sequence[int], amount: int, now: float) -> bool:
        if self.free(now) < amount:
            return False
        return not budgets or all(self.free_of(budget) >= amount for budget in budgets)

    def grab(self, budgets: Sequence[int], amount: int, now: float) -> list[list[int]] | None:
        """Take an amount out of the pockets, earliest lot first; None and nothing when they do not hold it."""
        for budget in budgets:
            if self.free_of(budget) < amount:
                return None
        parts: list[list[int]] = []
        left = amount
        for pocket in self.accounts:
            if pocket.free and left and pocket.expires_at > now:
                part = pocket.free if pocket.free < left else left
                parts.append([pocket.pool, part])
                left -= part
        if left:
            return None
        if amount:
            for budget in budgets:
                self.budgets[budget].out(amount)
            self._out(parts)
        return parts

    def _out(self, parts: list[list[int]]) -> None:
        """Take parts out of the pockets they were found in, in the same order."""
        pockets = iter(self.accounts)
        for pool, part in parts:
            for pocket in pockets:
                if pocket.pool == pool:
                    pocket.out(part)
                    break

    def put_back(self, reservation: Reservation, rest: int) -> None:
        """Free what a reservation did not use, from its last part on."""
        for budget in reservation.budgets:
            self.budgets[budget].free += rest
        for pool, part in reversed(reservation.taken):
            back = min(part, rest)
            for pocket in self.accounts:
                if pocket.pool == pool:
                    pocket.free += back
                    break
            rest -= back
            if not rest:
                return

    def change(self, grant: Grant, now: float) -> None:
        """Enter what the database did to one slice."""
        pocket = self.budgets.get(grant.pool) if grant.is_budget else self._account(grant.pool)
        if pocket is None:
            pocket = Pocket(grant.is_budget, grant.pool)
            if grant.is_budget:
                self.budgets[grant.pool] = pocket
            else:
                self.accounts.append(pocket)
        pocket.free += grant.amount
        pocket.seq = grant.seq
        if not grant.is_budget:
            pocket.expires_at = math.inf if grant.expires_seconds is None else now + grant.expires_seconds
            self.accounts.sort(key=lambda one: (one.expires_at, one.pool == self.main, one.pool))

    def _account(self, pool: int) -> Pocket | None:
        return next((pocket for pocket in self.accounts if pocket.pool == pool), None)


def parts_of(reservation: Reservation, price: int) -> list[list[int]]:
    """Return [[account, µ$] …] that pay for a price, earliest lot first; their sum is at most what was reserved."""
    parts = []
    for pool, part in reservation.taken:
        if price <= 0:
            break
        parts.append([pool, min(part, price)])
        price -= min(part, price)
    return parts


def merge(taken: list[list[int]], more: list[list[int]]) -> None:
    """Add the parts of an extension to those of its reservation."""
    for pool, part in more:
        same = next((one for one in taken if one[0] == pool), None)
        if same is None:
            taken.append([pool, part])
        else:
            same[1] += part
