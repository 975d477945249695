"""Sums by hour and day: exact, the same however often they are made, whenever rows come."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import pytest
from django.db import connection, connections, transaction

from accounts import tenants
from accounts.models import ApiKey, User
from foundation.ids import uuid7
from gateway import rollups
from gateway.models import UsageChange, UsageDay, UsageHour, UsageMemberMonth, UsageRecord, UsageRetention
from tests.billing.conftest import make_key, make_member

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def key() -> ApiKey:
    return make_key(make_member())


def call(key: ApiKey, at: datetime.datetime, **changes: Any) -> UsageRecord:
    fields: dict[str, Any] = {"model": "m", "channel_id": 7, "price_micros": 10, "cost_micros": 4, "input_tokens": 3, "output_tokens": 2}
    who = {"tenant_id": key.tenant_id, "membership_id": key.membership_id, "api_key": key}
    return UsageRecord.objects.create(id=uuid7(int(at.timestamp() * 1000)), total_ms=100, **who, **(fields | changes))


def shown(model: type[UsageHour] | type[UsageDay]) -> list[tuple[Any, ...]]:
    return list(model.objects.order_by("start", "model", "channel_id").values_list("start", "model", "channel_id", "calls", "price_micros"))


def test_an_hour_holds_every_sum_of_its_group(key: ApiKey) -> None:
    call(key, NOON)
    call(key, NOON + 59 * MINUTE, status="partial", price_micros=5, cost_micros=None, first_ms=9)
    call(key, NOON + MINUTE, status="failed", price_micros=0, cost_micros=0, input_tokens=0)
    call(key, NOON + MINUTE, status="disconnected")
    assert rollups.roll_up() == 1
    row = UsageHour.objects.get()
    assert (row.start, row.tenant_id, row.membership_id, row.api_key, row.model, row.channel_id) == (
        NOON, key.tenant_id, key.membership_id, key, "m", 7,
    )  # fmt: skip
    assert (row.calls, row.partial_calls, row.disconnected_calls, row.failed_calls, row.uncosted_calls) == (4, 1, 1, 1, 1)
    assert (row.input_tokens, row.output_tokens, row.price_micros, row.cost_micros, row.total_ms) == (9, 8, 25, 8, 400)
    assert row.last_at == NOON + 59 * MINUTE
    day = UsageDay.objects.get()
    assert (day.start, day.calls, day.price_micros, day.last_at) == (NOON.replace(hour=0), 4, 25, NOON + 59 * MINUTE)


def test_groups_and_hours_and_days_stay_apart(key: ApiKey) -> None:
    call(key, NOON, model="a")
    call(key, NOON, model="b", channel_id=None)
    call(key, NOON + 60 * MINUTE, model="a")
    call(key, NOON + datetime.timedelta(hours=12), model="a")
    rollups.roll_up()
    assert shown(UsageHour) == [
        (NOON, "a", 7, 1, 10),
        (NOON, "b", 0, 1, 10),
        (NOON + 60 * MINUTE, "a", 7, 1, 10),
        (NOON + datetime.timedelta(hours=12), "a", 7, 1, 10),
    ]
    midnight = NOON.replace(hour=0)
    assert shown(UsageDay) == [(midnight, "a", 7, 2, 20), (midnight, "b", 0, 1, 10), (midnight + rollups.DAY, "a", 7, 1, 10)]


def test_running_again_has_nothing_to_do(key: ApiKey) -> None:
    call(key, NOON)
    assert (rollups.roll_up(), rollups.roll_up()) == (1, 0)
    assert shown(UsageHour) == [(NOON, "m", 7, 1, 10)]


def test_a_row_that_comes_days_late_is_added(key: ApiKey) -> None:
    call(key, NOON)
    rollups.roll_up()
    call(key, NOON - 3 * rollups.DAY)
    call(key, NOON, price_micros=1)
    assert rollups.roll_up() == 2
    assert shown(UsageHour) == [(NOON - 3 * rollups.DAY, "m", 7, 1, 10), (NOON, "m", 7, 2, 11)]
    assert [row[3:] for row in shown(UsageDay)] == [(1, 10), (2, 11)]


def test_a_row_whose_transaction_ends_late_is_added_the_next_time(key: ApiKey) -> None:
    """The older id commits after the newer one was summed: a watermark over ids would have passed it."""
    inserted, summed = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                call(key, NOON, price_micros=1)
                inserted.set()
                assert summed.wait(10)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert inserted.wait(10)
    call(key, NOON + MINUTE)
    assert rollups.roll_up() == 1
    assert shown(UsageHour) == [(NOON, "m", 7, 1, 10)]
    summed.set()
    thread.join(10)
    assert rollups.roll_up() == 1
    assert shown(UsageHour) == [(NOON, "m", 7, 2, 11)]
    assert shown(UsageDay) == [(NOON.replace(hour=0), "m", 7, 2, 11)]


def test_two_at_once_sum_once(key: ApiKey) -> None:
    for hour in range(30):
        call(key, NOON - hour * rollups.HOUR)
    start, done = threading.Barrier(2), []

    def run() -> None:
        try:
            start.wait(10)
            done.append(rollups.roll_up())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(done) == 30
    assert [row[3:] for row in shown(UsageHour)] == [(1, 10)] * 30
    assert [row[3:] for row in shown(UsageDay)] == [(17, 170), (13, 130)]


def test_a_run_that_dies_leaves_its_marks(key: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
    call(key, NOON)
    monkeypatch.setattr(rollups, "_SUM_DAY", "SELECT 1 / 0")
    with pytest.raises(Exception, match="division by zero"):
        rollups.roll_up()
    monkeypatch.undo()
    assert (UsageHour.objects.count(), UsageChange.objects.count()) == (0, 1)
    assert rollups.roll_up() == 1
    assert shown(UsageDay) == [(NOON.replace(hour=0), "m", 7, 1, 10)]


def test_marking_sums_repaired_and_vanished_rows_anew(key: ApiKey) -> None:
    call(key, NOON)
    gone = call(key, NOON - rollups.HOUR)
    rollups.roll_up()
    UsageRecord.objects.filter(price_micros=10).update(price_micros=12)
    UsageRecord.objects.filter(pk=gone.pk).delete()
    assert rollups.roll_up() == 0
    rollups.mark(since=NOON - rollups.HOUR + MINUTE, until=NOON + rollups.HOUR)
    assert rollups.roll_up() == 2
    assert shown(UsageHour) == [(NOON, "m", 7, 1, 12)]
    assert shown(UsageDay) == [(NOON.replace(hour=0), "m", 7, 1, 12)]


def test_hours_whose_rows_are_deleted_keep_their_sums(key: ApiKey) -> None:
    for hour in range(2):
        call(key, NOON + hour * rollups.HOUR)
    rollups.roll_up()
    UsageRetention.objects.create(tenant_id=key.tenant_id, cleared_until=NOON + rollups.HOUR)
    UsageRecord.objects.all().delete()
    rollups.mark(since=NOON, until=NOON + 2 * rollups.HOUR)
    rollups.roll_up()
    assert shown(UsageHour) == [(NOON, "m", 7, 1, 10)]


def test_the_time_that_is_allowed_bounds_a_run(key: ApiKey) -> None:
    for hour in range(rollups.HOURS_AT_ONCE + 1):
        call(key, NOON - hour * rollups.HOUR)
    assert rollups.roll_up(limit_seconds=0) == rollups.HOURS_AT_ONCE
    assert rollups.roll_up(limit_seconds=0) == 1


def test_sums_that_did_not_change_are_not_written(key: ApiKey) -> None:
    call(key, NOON)
    call(key, NOON, model="other")
    rollups.roll_up()
    before = dict(UsageHour.objects.extra(select={"version": "xmin::text"}).values_list("model", "version"))
    call(key, NOON)
    rollups.roll_up()
    after = dict(UsageHour.objects.extra(select={"version": "xmin::text"}).values_list("model", "version"))
    assert (before["other"] == after["other"], before["m"] == after["m"]) == (True, False)


def test_the_hour_inside_an_id_is_the_one_python_reads() -> None:
    for at in (NOON, NOON + 60 * MINUTE - datetime.timedelta(milliseconds=1)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT keyosk_uuid7_hour(%s), keyosk_uuid7_ms(%s)", [uuid7(int(at.timestamp() * 1000))] * 2)
            assert cursor.fetchone() == (NOON, round(at.timestamp() * 1000))


def test_a_tenants_mark_touches_no_other_tenant(key: ApiKey) -> None:
    stranger = make_key(make_member(slug="other"))
    call(key, NOON)
    call(stranger, NOON)
    rollups.roll_up()
    UsageRecord.objects.update(price_micros=99)
    call(key, NOON, price_micros=1)
    rollups.roll_up()
    assert dict(UsageHour.objects.values_list("tenant_id", "price_micros")) == {key.tenant_id: 100, stranger.tenant_id: 10}


def months() -> list[tuple[Any, ...]]:
    rows = UsageMemberMonth.objects.order_by("start", "membership_id")
    return list(rows.values_list("start", "membership_id", "calls", "price_micros", "last_at"))


def test_a_customers_month_is_the_sum_of_its_days(key: ApiKey) -> None:
    first = NOON.replace(day=1, hour=0)
    for at in (first, NOON, NOON + 7 * rollups.DAY, NOON + 8 * rollups.DAY):
        call(key, at)
    other = make_key(tenants.join(tenant=key.tenant, user=User.objects.create_user(email="bob@shop.test")))
    call(other, NOON, price_micros=1)
    rollups.roll_up()
    mine = [row for row in months() if row[1] == key.membership_id]
    assert mine == [
        (first, key.membership_id, 3, 30, NOON + 7 * rollups.DAY),
        (first.replace(month=12), key.membership_id, 1, 10, NOON + 8 * rollups.DAY),
    ]
    assert (first, other.membership_id, 1, 1, NOON) in months()


def test_a_month_follows_late_calls_and_calls_that_vanish(key: ApiKey) -> None:
    kept, gone = call(key, NOON), call(key, NOON + rollups.DAY)
    rollups.roll_up()
    call(key, NOON - 3 * rollups.DAY)
    rollups.roll_up()
    assert [row[2:4] for row in months()] == [(3, 30)]
    UsageRecord.objects.filter(id=gone.id).delete()
    UsageRecord.objects.filter(id=kept.id).update(price_micros=50)
    rollups.mark(since=NOON - rollups.DAY, until=NOON + 2 * rollups.DAY)
    rollups.roll_up()
    assert [row[2:4] for row in months()] == [(2, 60)]
    UsageRecord.objects.all().delete()
    rollups.mark(since=NOON - 4 * rollups.DAY, until=NOON + 2 * rollups.DAY)
    rollups.roll_up()
    assert months() == []
