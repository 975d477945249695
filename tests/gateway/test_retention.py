"""Usage rows go when their time is over, by months or by rows; their sums stay, and nothing is charged twice."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from accounts.models import ApiKey
from billing import audit
from foundation import partitions
from foundation.ids import uuid7
from gateway import reconcile, retention, rollups, settle
from gateway.models import UsageChange, UsageHour, UsageRecord, UsageRetention
from gateway.retention import Horizon, Swept
from tests.billing.conftest import make_key, make_member
from tests.gateway.spooling import customer

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def _months(settings: Settings) -> None:
    """Two months from long ago, with the table as if it had been used then."""
    settings.USAGE_RETENTION_DAYS = 100
    partitions.ensure(table=retention.TABLE, today=datetime.date(2026, 6, 1), ahead=6)


@pytest.fixture
def key() -> ApiKey:
    return make_key(make_member())


@pytest.fixture
def other() -> ApiKey:
    return make_key(make_member(slug="other"))


def call(key: ApiKey, at: datetime.datetime, **changes: Any) -> UsageRecord:
    fields: dict[str, Any] = {"model": "m", "price_micros": 10}
    who = {"tenant_id": key.tenant_id, "membership_id": key.membership_id, "api_key": key}
    return UsageRecord.objects.create(id=uuid7(int(at.timestamp() * 1000)), **who, **(fields | changes))


def test_months_that_are_over_for_all_are_dropped_and_their_sums_stay(key: ApiKey) -> None:
    june, august = (datetime.datetime(2026, month, 10, tzinfo=datetime.UTC) for month in (6, 8))
    call(key, june)
    call(key, august)
    # 100 days before are 15 August: June and July are over, August is not.
    assert retention.sweep(now=NOW) == Swept(months=("gateway_usagerecord_2026_06", "gateway_usagerecord_2026_07"), rows=0)
    assert [row.created_at for row in UsageRecord.objects.all()] == [august]
    assert list(UsageHour.objects.order_by("start").values_list("start", "price_micros")) == [(june, 10), (august, 10)]
    cleared = UsageRetention.objects.get(tenant_id=key.tenant_id).cleared_until
    assert cleared == datetime.datetime(2026, 8, 1, tzinfo=datetime.UTC)
    assert retention.sweep(now=NOW) == Swept(months=(), rows=0)


def test_the_longest_time_of_any_tenant_keeps_the_months(key: ApiKey, other: ApiKey) -> None:
    june = datetime.datetime(2026, 6, 10, tzinfo=datetime.UTC)
    retention.set_days(tenant=other.tenant, days=300)
    call(key, june)
    kept = call(other, june)
    assert retention.sweep(now=NOW) == Swept(months=(), rows=1)
    assert list(UsageRecord.objects.values_list("id", flat=True)) == [kept.id]


def test_a_shorter_time_deletes_that_tenants_rows_only(key: ApiKey, other: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    retention.set_days(tenant=key.tenant, days=10)
    border = datetime.datetime(2026, 11, 13, 12, tzinfo=datetime.UTC)
    for number in range(1, 6):
        call(key, border - datetime.timedelta(milliseconds=number))
        call(other, border - datetime.timedelta(milliseconds=number))
    kept = call(key, border)
    assert retention.sweep(now=NOW) == Swept(months=("gateway_usagerecord_2026_06", "gateway_usagerecord_2026_07"), rows=5)
    assert list(UsageRecord.objects.filter(tenant_id=key.tenant_id).values_list("id", flat=True)) == [kept.id]
    assert UsageRecord.objects.filter(tenant_id=other.tenant_id).count() == 5
    assert UsageRetention.objects.get(tenant_id=key.tenant_id).cleared_until == border
    assert UsageHour.objects.get(tenant_id=key.tenant_id, start=border - rollups.HOUR).calls == 5


def test_a_longer_time_does_not_bring_old_hours_back(key: ApiKey) -> None:
    retention.set_days(tenant=key.tenant, days=10)
    call(key, NOW - 20 * DAY)
    retention.sweep(now=NOW)
    retention.set_days(tenant=key.tenant, days=None)
    assert retention.days_by_tenant()[key.tenant_id] == 100
    rollups.mark(since=NOW - 30 * DAY, until=NOW)
    rollups.roll_up()
    assert [row.calls for row in UsageHour.objects.all()] == [1]


def test_rows_that_are_not_summed_yet_are_not_deleted(key: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
    retention.set_days(tenant=key.tenant, days=10)
    call(key, NOW - 20 * DAY)
    monkeypatch.setattr(rollups, "roll_up", lambda: 0)
    assert retention.sweep(now=NOW).rows == 0
    assert (UsageRecord.objects.count(), UsageChange.objects.count()) == (1, 1)


def test_fewer_days_than_a_spool_may_be_replayed_after_are_refused(key: ApiKey, settings: Settings) -> None:
    with pytest.raises(retention.TooShort, match="at least 7 days"):
        retention.set_days(tenant=key.tenant, days=6)
    settings.SPOOL_KEEP_SECONDS = 10 * 86_400
    with pytest.raises(retention.TooShort, match="at least 11 days"):
        retention.set_days(tenant=key.tenant, days=10)
    assert not UsageRetention.objects.exists()


def test_what_may_have_been_deleted_is_not_posted_again(key: ApiKey, other: ApiKey) -> None:
    retention.set_days(tenant=key.tenant, days=10)
    retention.sweep(now=NOW)
    horizon = Horizon()

    def takes(one: ApiKey, at: datetime.datetime) -> bool:
        return horizon.takes(tenant_id=one.tenant_id, identifier=uuid7(int(at.timestamp() * 1000)))

    border = datetime.datetime(2026, 11, 13, 12, tzinfo=datetime.UTC)
    second = datetime.timedelta(seconds=1)
    assert (takes(key, border), takes(key, border - second), takes(other, border - second)) == (True, False, True)
    august = datetime.datetime(2026, 8, 1, tzinfo=datetime.UTC)
    assert (takes(other, august), takes(other, august - second)) == (True, False)
    unknown = make_key(make_member(slug="third"))
    assert (takes(unknown, august), takes(unknown, august - second)) == (True, False)


def test_the_audit_does_not_miss_deleted_rows() -> None:
    who = customer()
    line = who.line(10)
    settle.post_all(worker_id=who.worker_id, lines=[line])
    UsageRecord.objects.all().delete()
    assert [finding.invariant for finding in audit.run(more=reconcile.CHECKS)] == ["I11"]
    UsageRetention.objects.create(tenant=who.member.tenant, cleared_until=datetime.datetime.now(datetime.UTC))
    assert audit.run(more=reconcile.CHECKS) == []


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_and_sums_at_once_forget_once_and_sum_all(key: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 3)
    retention.set_days(tenant=key.tenant, days=10)
    for hours in range(40):
        call(key, NOW - 20 * DAY - hours * rollups.HOUR)
    start, swept = threading.Barrier(3), []

    def run(sweeps: bool) -> None:
        try:
            start.wait(10)
            if sweeps:
                swept.append(retention.sweep(now=NOW).rows)
            else:
                rollups.roll_up()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[sweeps]) for sweeps in (True, True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(swept) == 40
    assert not UsageRecord.objects.exists()
    assert [row.price_micros for row in UsageHour.objects.all()] == [10] * 40


def test_months_are_made_a_year_ahead() -> None:
    retention.make_months()
    last = partitions.months(table=retention.TABLE)[-1]
    assert datetime.timedelta(days=334) < last.start - datetime.datetime.now(datetime.UTC) <= datetime.timedelta(days=366)
    partitions.drop(last)
    assert retention.make_months() == [last.name]
