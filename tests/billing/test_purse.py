"""The purse of a worker: reserve and settle in memory, lease behind it, and never lose or double a micro-dollar."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError

from accounts.models import Membership
from billing import leases, purse, teller
from billing.models import KeyBudget, LedgerAccount, RelayWorker, Slice
from billing.pockets import Pouch
from billing.purse import Purse
from billing.teller import Teller
from foundation import db
from tests.billing.conftest import grant, make_key

pytestmark = pytest.mark.django_db(transaction=True)
Open = Callable[..., Awaitable[Purse]]


@pytest.fixture
def _threads() -> Iterator[None]:
    yield
    db.close_threads()


@pytest.fixture
async def opened(_threads: None) -> AsyncIterator[Open]:
    purses: list[Purse] = []

    async def start(**options: Any) -> Purse:
        one = Purse(worker_id=uuid.uuid4(), node="test", **options)
        purses.append(one)
        await one.start()
        return one

    yield start
    for one in purses:
        await one.stop()


@pytest.fixture
def rich(member: Membership) -> Membership:
    grant(member, 1_000_000)
    return member


def held(member: Membership) -> int:
    return LedgerAccount.objects.get(owner=member.pk, kind="wallet").held


async def test_the_first_call_leases_and_the_next_ones_use_memory(rich: Membership, opened: Open) -> None:
    one = await opened()
    assert one.try_reserve(wallet=rich.pk, amount=100) is None
    first = await one.reserve(wallet=rich.pk, amount=100)
    second = one.try_reserve(wallet=rich.pk, amount=100)
    assert second is not None
    assert await db.query(held, rich) == 500
    main = one.main_account(rich.pk)
    assert one.parts(first, 60) == [[main, 60]]
    assert one.parts(first, 160) == [[main, 100]]
    one.settle(first, 60)
    one.void(second)
    await one.stop()
    assert await db.query(held, rich) == 60, "what is settled stays held until it is posted"


async def test_a_newcomer_leaves_alone_what_others_wait_for(rich: Membership, opened: Open) -> None:
    one = await opened()
    one.void(await one.reserve(wallet=rich.pk, amount=100))
    waiting = asyncio.create_task(one.reserve(wallet=rich.pk, amount=50_000))
    await asyncio.sleep(0)
    assert one.try_reserve(wallet=rich.pk, amount=100) is None
    one.void(await waiting)
    assert one.try_reserve(wallet=rich.pk, amount=100) is not None


async def test_a_crowd_does_not_queue_for_ever_behind_the_first_lease(
    rich: Membership, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await opened()
    queued = 0
    fetch = Purse._fetch

    async def counted(self: Purse, *args: Any, **options: Any) -> Any:
        nonlocal queued
        queued += 1
        return await fetch(self, *args, **options)

    async def caller() -> None:
        for _ in range(100):
            reservation = await one.reserve(wallet=rich.pk, amount=100)
            await asyncio.sleep(0)
            one.settle(reservation, 1)

    monkeypatch.setattr(Purse, "_fetch", counted)
    await asyncio.gather(*(caller() for _ in range(8)))
    assert queued <= 40, "nearly all of 800 calls are served from memory"


async def in_demand(one: Purse, member: Membership) -> Pouch:
    """Let calls of 100 µ$ follow one another so fast that the purse begins to lease ahead."""
    for _ in range(6):
        one.settle(await one.reserve(wallet=member.pk, amount=100), 100)
    return one._pouches[member.pk]


async def at_rest(one: Purse) -> None:
    """Wait for what the purse leases ahead now."""
    await asyncio.gather(*[task for task in one._tasks if "_refill" in repr(task.get_coro())])


async def test_a_wallet_in_demand_is_refilled_before_it_runs_dry(rich: Membership, opened: Open) -> None:
    one = await opened(clock=lambda: 0.0)
    pouch = await in_demand(one, rich)
    assert (pouch.low_water, pouch.free(0.0)) == (400, 800)

    for _ in range(200):
        found = one.try_reserve(wallet=rich.pk, amount=100)
        assert found is not None, "no call waits for the database"
        one.settle(found, 100)
        await at_rest(one)

    assert pouch.free(0.0) >= pouch.low_water
    assert await db.query(held, rich) == 20_600 + pouch.free(0.0)


async def test_a_wallet_in_demand_keeps_what_the_next_calls_need_until_the_demand_ends(rich: Membership, opened: Open) -> None:
    now = 0.0
    one = await opened(clock=lambda: now)
    pouch = await in_demand(one, rich)
    for _ in range(2):  # the first window begins, the second one passes without a call
        now += teller.IDLE_SECONDS
        await one._teller.give_idle(pouch)
    assert (pouch.low_water, pouch.free(now)) == (0, 0), "four seconds without a TAKE"

    now += 60.0
    assert await in_demand(one, rich) is pouch
    assert (pouch.low_water, pouch.free(now)) == (400, 800)
    for _ in range(3):
        now += teller.IDLE_SECONDS
        pouch.taken_at = now  # other calls go on
        await one._teller.give_idle(pouch)
    assert pouch.free(now) == 400


async def test_what_cannot_be_leased_ahead_is_not_asked_for_with_every_call(
    member: Membership, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.query(grant, member, 2_000)
    now = 0.0
    one = await opened(clock=lambda: now)
    pouch = await in_demand(one, member)
    refills = 0
    refill = Teller.refill

    async def counted(self: Teller, *args: Any) -> None:
        nonlocal refills
        refills += 1
        await refill(self, *args)

    monkeypatch.setattr(Teller, "refill", counted)
    while (found := one.try_reserve(wallet=member.pk, amount=100)) is not None:
        one.settle(found, 100)
        await at_rest(one)
    assert (refills, pouch.refill_at) == (1, 1.0)

    account = await db.query(LedgerAccount.objects.get, owner=member.pk, kind="wallet")
    assert account.recall_at is None, "leasing ahead takes nothing from other workers"
    one.settle(await one.reserve(wallet=member.pk, amount=100), 100)  # a call that needs it still gets what is there


async def test_a_reservation_ends_once(rich: Membership, opened: Open) -> None:
    one = await opened()
    reservation = await one.reserve(wallet=rich.pk, amount=100)
    one.settle(reservation, 10)
    one.void(reservation)
    with pytest.raises(RuntimeError, match="ends once"):
        one.settle(reservation, 10)


async def test_more_than_the_wallet_has_is_refused_for_good(rich: Membership, opened: Open) -> None:
    one = await opened()
    with pytest.raises(purse.InsufficientQuota) as refused:
        await one.reserve(wallet=rich.pk, amount=1_000_001)
    assert (refused.value.scope, refused.value.resets_at) == ("wallet", None)


async def test_a_wallet_that_was_never_opened_is_empty(member: Membership, opened: Open) -> None:
    one = await opened()
    with pytest.raises(purse.InsufficientQuota):
        await one.reserve(wallet=member.pk, amount=1)


async def test_a_free_call_needs_no_money(member: Membership, opened: Open) -> None:
    one = await opened()
    reservation = await one.reserve(wallet=member.pk, amount=0)
    assert one.parts(reservation, 0) == []
    one.settle(reservation, 0)


async def test_calls_in_flight_are_waited_for(rich: Membership, opened: Open) -> None:
    one, other = await opened(), await opened()
    running = await one.reserve(wallet=rich.pk, amount=900_000)
    waiting = asyncio.create_task(other.reserve(wallet=rich.pk, amount=200_000))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    one.void(running)
    reservation = await waiting
    assert reservation.amount == 200_000


async def test_money_that_stays_held_makes_the_caller_come_back(rich: Membership, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purse, "PATIENCE_SECONDS", 0.3)
    one = await opened()
    await one.reserve(wallet=rich.pk, amount=900_000)
    with pytest.raises(purse.QuotaBusy):
        await one.reserve(wallet=rich.pk, amount=200_000)


async def test_what_is_idle_goes_back(rich: Membership, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teller, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(purse, "BEAT_SECONDS", 0.05)
    one = await opened()
    await one.reserve(wallet=rich.pk, amount=100)
    for _ in range(100):
        await asyncio.sleep(0.05)
        if await db.query(held, rich) == 100:
            break
    assert await db.query(held, rich) == 100


async def test_a_stream_extends_its_reservation_while_money_lasts(rich: Membership, opened: Open) -> None:
    one = await opened()
    reservation = await one.reserve(wallet=rich.pk, amount=100)
    assert one.try_extend(reservation, 300) is True
    assert await one.extend(reservation, 500_000) is True
    assert await one.extend(reservation, 500_000) is False
    assert reservation.amount == 500_400
    one.settle(reservation, 500_400)
    assert one.parts(reservation, 500_400) == [[one.main_account(rich.pk), 500_400]]


async def test_a_call_learns_what_it_can_afford(rich: Membership, opened: Open) -> None:
    one, other = await opened(), await opened()
    await other.reserve(wallet=rich.pk, amount=300_000)
    key = await db.query(make_key, rich)
    budget = await db.query(lambda: KeyBudget.objects.create(api_key=key, day_limit=50))
    assert await one.affordable(wallet=rich.pk) == await db.query(lambda: 1_000_000 - held(rich))
    assert await one.affordable(wallet=rich.pk, budgets=(budget.pk,)) == 50
    reservation = await one.reserve(wallet=rich.pk, budgets=(budget.pk,), amount=50)
    with pytest.raises(purse.InsufficientQuota) as refused:
        await one.reserve(wallet=rich.pk, budgets=(budget.pk,), amount=51)
    assert refused.value.scope == "day"
    one.void(reservation)


async def test_a_full_spool_stops_new_calls(rich: Membership, opened: Open) -> None:
    one = await opened(has_room=lambda: False)
    with pytest.raises(purse.SettlementBacklog):
        await one.reserve(wallet=rich.pk, amount=1)


async def test_a_worker_that_could_not_beat_stops_reserving(rich: Membership, opened: Open) -> None:
    now = 1000.0
    one = await opened(clock=lambda: now)
    reservation = await one.reserve(wallet=rich.pk, amount=1)
    now += purse.GOOD_SECONDS
    with pytest.raises(purse.WorkerLost):
        await one.reserve(wallet=rich.pk, amount=1)
    assert one.try_extend(reservation, 1) is False
    one.settle(reservation, 1)


async def test_a_buried_worker_hears_it_at_the_next_take(rich: Membership, opened: Open) -> None:
    lost: list[bool] = []
    one = await opened(on_lost=lambda: lost.append(True))
    await db.query(leases.bury, worker_id=one.worker_id)
    with pytest.raises(purse.WorkerLost):
        await one.reserve(wallet=rich.pk, amount=1)
    assert lost == [True]


@pytest.mark.parametrize("happens", [True, False])
async def test_a_lost_answer_of_take_is_found_out(rich: Membership, opened: Open, monkeypatch: pytest.MonkeyPatch, happens: bool) -> None:
    one = await opened()
    real = leases.take

    def lose(**asked: Any) -> leases.Taken:
        if happens:
            real(**asked)
        raise OperationalError("the answer is lost")

    monkeypatch.setattr(leases, "take", lose)
    task = asyncio.create_task(one.reserve(wallet=rich.pk, amount=100))
    await asyncio.sleep(0.2)
    monkeypatch.setattr(leases, "take", real)
    reservation = await task
    one.void(reservation)
    await one.stop()
    assert await db.query(held, rich) == 0


@pytest.mark.parametrize("happens", [True, False])
async def test_a_lost_answer_of_give_is_found_out(rich: Membership, opened: Open, monkeypatch: pytest.MonkeyPatch, happens: bool) -> None:
    one = await opened()
    reservation = await one.reserve(wallet=rich.pk, amount=100)
    real = leases.give

    def lose(**asked: Any) -> None:
        if happens:
            real(**asked)
        raise OperationalError("the answer is lost")

    monkeypatch.setattr(leases, "give", lose)
    with pytest.raises(OperationalError):
        await db.query(leases.give, worker_id=one.worker_id, gives=[])
    await one._teller.give_all(one._pouches[rich.pk])
    monkeypatch.setattr(leases, "give", real)
    assert await db.query(held, rich) == (100 if happens else 500)
    again = await one.reserve(wallet=rich.pk, amount=400)
    one.void(again)
    one.void(reservation)
    await one.stop()
    assert await db.query(held, rich) == 0


async def test_a_give_that_is_broken_off_is_found_out(rich: Membership, opened: Open) -> None:
    one = await opened()
    reservation = await one.reserve(wallet=rich.pk, amount=100)
    giving = asyncio.create_task(one._teller.give_all(one._pouches[rich.pk]))
    await asyncio.sleep(0)
    giving.cancel()
    await asyncio.gather(giving, return_exceptions=True)
    one.void(reservation)
    again = await one.reserve(wallet=rich.pk, amount=900_000)
    one.void(again)
    await one.stop()
    assert await db.query(held, rich) == 0


async def test_a_caller_that_goes_away_leaves_nothing_unknown(rich: Membership, opened: Open) -> None:
    one = await opened()
    task = asyncio.create_task(one.reserve(wallet=rich.pk, amount=100))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    reservation = await one.reserve(wallet=rich.pk, amount=100)
    one.void(reservation)
    await one.stop()
    assert await db.query(lambda: (held(rich), Slice.objects.filter(amount__gt=0).count())) == (0, 0)


async def test_many_calls_at_the_edge_of_a_wallet_get_exactly_what_it_holds(rich: Membership, opened: Open) -> None:
    purses = [await opened() for _ in range(4)]

    async def call(number: int) -> bool:
        one = purses[number % 4]
        try:
            reservation = await one.reserve(wallet=rich.pk, amount=50_000)
        except (purse.InsufficientQuota, purse.QuotaBusy):
            return False
        return reservation.state == "open"

    outcome = await asyncio.gather(*(call(number) for number in range(60)))
    assert outcome.count(True) == 20
    assert await db.query(held, rich) == 1_000_000


async def test_a_frozen_wallet_comes_back_with_the_next_beat(rich: Membership, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purse, "BEAT_SECONDS", 0.05)
    one = await opened()
    running = await one.reserve(wallet=rich.pk, amount=100)
    await db.query(lambda: LedgerAccount.objects.filter(owner=rich.pk, kind="wallet").update(frozen=True))
    for _ in range(100):
        await asyncio.sleep(0.05)
        if await db.query(held, rich) == 100:
            break
    assert await db.query(held, rich) == 100
    with pytest.raises(purse.InsufficientQuota):
        await one.reserve(wallet=rich.pk, amount=1)
    one.settle(running, 100)


async def test_a_forgotten_reservation_is_voided_and_counted(rich: Membership, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """W21: what nobody ends is given back."""
    monkeypatch.setattr(purse, "FORGOTTEN_SECONDS", 0.0)
    one = await opened()
    reservation = await one.reserve(wallet=rich.pk, amount=100)
    await one._beat()
    assert (reservation.state, one.forgotten) == ("voided", 1)


async def test_stopping_leaves_the_row_for_the_burial(rich: Membership, opened: Open) -> None:
    one = await opened()
    await one.stop()
    assert await db.query(lambda: RelayWorker.objects.get(pk=one.worker_id).state) == "live"
