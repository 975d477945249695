"""The lease functions: what is granted, refused, given back, buried; and how lost answers end."""

from __future__ import annotations

import datetime
import uuid
import zoneinfo
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Membership
from billing import leases, ledger
from billing.models import KeyBudget, LedgerAccount, RelayWorker, Slice
from tests.billing.conftest import grant, make_key, make_member
from tests.zones import noonday

pytestmark = pytest.mark.django_db
Start = Callable[[], uuid.UUID]


def take(worker_id: uuid.UUID, member: Membership, need: int, want: int = 0, *, known: leases.Known = (), **rest: object) -> leases.Taken:
    budgets: list[leases.Want] = list(rest.get("budgets", []))  # type: ignore[call-overload]  # a test's shorthand
    return leases.take(worker_id=worker_id, wallet=member.pk, need=need, want=want, whole=need, known=known, budgets=budgets)


def held(member: Membership) -> int:
    return LedgerAccount.objects.get(owner=member.pk, kind="wallet").held


def test_a_take_grants_the_need_and_a_share_of_the_rest(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    me = worker()
    taken = take(me, member, 100, 10_000)
    main = LedgerAccount.objects.get(owner=member.pk, kind="wallet").pk
    assert taken == leases.Taken((leases.Grant(False, main, 500, 1, None),), None, main)
    assert held(member) == 500
    assert Slice.objects.get(worker_id=me, pool=main).amount == 500


def test_two_workers_leave_room_for_each_other(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    first, _second = worker(), worker()
    assert take(first, member, 100, 10_000).grants[0].amount == 250


def test_more_than_there_is_is_a_final_no(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    taken = take(worker(), member, 1001)
    assert (taken.grants, taken.no) == ((), leases.No("wallet", is_final=True))
    assert held(member) == 0


def test_money_held_elsewhere_is_no_final_no_and_is_recalled(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    first, second = worker(), worker()
    take(first, member, 800)
    assert leases.beat(worker_id=first) == []
    assert take(second, member, 300).no == leases.No("wallet", is_final=False)
    main = LedgerAccount.objects.get(owner=member.pk, kind="wallet").pk
    assert leases.beat(worker_id=first) == [(False, main)]
    leases.give(worker_id=first, gives=[(False, main, 700, 1)])
    assert take(second, member, 300, 5000).grants[0].amount == 300, "no growth just after a recall"


def test_the_earliest_lot_is_spent_first(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    issuer = ledger.account(kind="issuer")
    days = {n: ledger.lot(membership_id=member.pk, expires_at=timezone.now() + datetime.timedelta(days=n)) for n in (9, 2, -1)}
    for n, lot in days.items():
        ledger.transfer(kind="gift", key=f"g{n}", src_id=issuer.pk, dst_id=lot.pk, amount=50)
    taken = take(worker(), member, 120)
    assert [(one.pool, one.amount) for one in taken.grants] == [(days[2].pk, 50), (days[9].pk, 50), (taken.main, 20)]
    assert [round((one.expires_seconds or 0) / 86400) for one in taken.grants] == [2, 9, 0]


def test_a_frozen_wallet_grants_nothing(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    me = worker()
    main = take(me, member, 10).main
    LedgerAccount.objects.filter(pk=main or 0).update(frozen=True)
    assert take(me, member, 10, known=[(False, main or 0, 1)]).no == leases.No("wallet", is_final=True)
    assert leases.beat(worker_id=me) == [(False, main)]


@pytest.mark.django_db(transaction=True)
def test_the_same_take_sent_twice_happens_once(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    me = worker()
    take(me, member, 100)
    with pytest.raises(leases.OutOfStep):
        take(me, member, 100)
    assert held(member) == 100


@pytest.mark.django_db(transaction=True)
def test_a_take_that_spilled_into_another_pool_is_not_repeated(member: Membership, worker: Start) -> None:
    lot = ledger.lot(membership_id=member.pk, expires_at=timezone.now() + datetime.timedelta(days=1))
    ledger.transfer(kind="gift", key="g", src_id=ledger.account(kind="issuer").pk, dst_id=lot.pk, amount=100)
    grant(member, 1000)
    me = worker()
    assert [one.pool for one in take(me, member, 100).grants] == [lot.pk]
    with pytest.raises(leases.OutOfStep):
        take(me, member, 100)
    assert held(member) == 0


def test_a_lost_take_that_happened_is_adopted(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    me = worker()
    main = take(me, member, 100).main or 0
    assert leases.resolve(worker_id=me, wallet=member.pk, known=[]) == [leases.Grant(False, main, 100, 1, None)]
    assert take(me, member, 50, known=[(False, main, 1)]).grants == (leases.Grant(False, main, 50, 2, None),)


@pytest.mark.django_db(transaction=True)
def test_a_lost_take_that_did_not_happen_cannot_land_later(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    me = worker()
    main = LedgerAccount.objects.get(owner=member.pk, kind="wallet").pk
    assert leases.resolve(worker_id=me, wallet=member.pk, known=[]) == [leases.Grant(False, main, 0, 1, None)]
    with pytest.raises(leases.OutOfStep):
        take(me, member, 100)
    assert held(member) == 0


def test_a_lost_give_is_resolved_either_way(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    me = worker()
    main = take(me, member, 100).main or 0
    leases.give(worker_id=me, gives=[(False, main, 40, 1)])
    assert leases.resolve(worker_id=me, wallet=member.pk, known=[(False, main, 1)]) == [leases.Grant(False, main, -40, 2, None)]
    assert leases.resolve(worker_id=me, wallet=member.pk, known=[(False, main, 2)]) == [leases.Grant(False, main, 0, 3, None)]
    assert held(member) == 60


def test_a_sequence_that_fits_nowhere_ends_the_worker(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    me = worker()
    main = take(me, member, 100).main or 0
    with pytest.raises(leases.SequenceLost):
        leases.resolve(worker_id=me, wallet=member.pk, known=[(False, main, 5)])


def test_a_buried_worker_gives_everything_back_once(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    budget = KeyBudget.objects.create(api_key=make_key(member), total_limit=500)
    me = worker()
    take(me, member, 100, budgets=[leases.Want(budget.pk, 100, 100, 100)])
    assert leases.bury(worker_id=me) is True
    assert leases.bury(worker_id=me) is False
    assert (held(member), KeyBudget.objects.get().held, Slice.objects.count()) == (0, 0, 0)
    with pytest.raises(leases.WorkerDead):
        leases.beat(worker_id=me)
    with pytest.raises(leases.WorkerDead):
        take(me, member, 1)


def test_the_sweeper_buries_who_was_silent_for_ninety_seconds(member: Membership, worker: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    grant(member, 1000)
    silent, alive = worker(), worker()
    take(silent, member, 100)
    long = 30 * 24 * 3600.0
    monkeypatch.setattr(leases, "STALE_SECONDS", long)
    RelayWorker.objects.filter(pk=silent).update(seen=timezone.now() - datetime.timedelta(seconds=long + 1))
    assert leases.sweep() == [], "PostgreSQL itself started after that: nobody could beat before"
    monkeypatch.setattr(leases, "STALE_SECONDS", 0.0)
    RelayWorker.objects.filter(pk=alive).update(seen=timezone.now() + datetime.timedelta(seconds=60))
    assert leases.sweep() == [silent]
    assert held(member) == 0


def test_a_budget_bounds_what_a_key_may_take(worker: Start) -> None:
    member = make_member(zone=noonday())
    grant(member, 1000)
    budget = KeyBudget.objects.create(api_key=make_key(member), total_limit=500, day_limit=300, day_used=100, day_start=_today(member))
    me = worker()
    final = take(me, member, 201, budgets=[leases.Want(budget.pk, 201, 0, 201)])
    assert final.no is not None
    assert (final.no.scope, final.no.is_final, final.no.budget) == ("day", True, budget.pk)
    assert final.no.resets_at == (_today(member) + datetime.timedelta(days=1)).timestamp()
    assert held(member) == 0, "all or nothing"
    taken = take(me, member, 200, budgets=[leases.Want(budget.pk, 200, 0, 200)])
    assert [(one.is_budget, one.amount) for one in taken.grants] == [(True, 200), (False, 200)]
    known = [(one.is_budget, one.pool, one.seq) for one in taken.grants]
    busy = take(me, member, 1, known=known, budgets=[leases.Want(budget.pk, 1, 0, 1)])
    assert busy.no is not None
    assert (busy.no.scope, busy.no.is_final) == ("day", False)


def test_a_refused_second_budget_leaves_the_first_untouched(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    key = make_key(member)
    wide = KeyBudget.objects.create(api_key=key, total_limit=500)
    narrow = KeyBudget.objects.create(api_key=key, models_matched="gpt-*", total_limit=5)
    wants = [leases.Want(wide.pk, 10, 0, 10), leases.Want(narrow.pk, 10, 0, 10)]
    assert take(worker(), member, 10, budgets=wants).no == leases.No("key", is_final=True, budget=narrow.pk)
    assert (KeyBudget.objects.get(pk=wide.pk).held, Slice.objects.count()) == (0, 0)


def test_a_revoked_key_returns_its_slices_at_the_next_beat(member: Membership, worker: Start) -> None:
    grant(member, 1000)
    key = make_key(member)
    budget = KeyBudget.objects.create(api_key=key, total_limit=500)
    me = worker()
    take(me, member, 10, budgets=[leases.Want(budget.pk, 10, 0, 10)])
    key.state = "revoked"
    key.save(update_fields=["state"])
    assert leases.beat(worker_id=me) == [(True, budget.pk)]


@pytest.mark.parametrize(("zone", "hour"), [("UTC", 0), ("Asia/Shanghai", 16), ("America/New_York", 5)])
def test_a_day_begins_at_midnight_in_the_tenants_zone(zone: str, hour: int) -> None:
    member = make_member(slug="far", zone=zone)
    budget = KeyBudget.objects.create(api_key=make_key(member), day_limit=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.start, w.resets, now() FROM billing_keybudget b, keyosk_windows(b) w WHERE b.id = %s AND w.scope = 'day'", [budget.pk]
        )
        start, resets, now = cursor.fetchone()
    local = start.astimezone(datetime.UTC).hour
    assert local in {hour, (hour - 1) % 24} if zone.startswith("America") else local == hour
    assert start <= now < resets


def _today(member: Membership) -> datetime.datetime:
    zone = zoneinfo.ZoneInfo(member.tenant.zone)
    return timezone.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
