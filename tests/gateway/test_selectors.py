"""Reading usage: sums with what is not summed yet, never twice; pages by ids."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiKey
from foundation.ids import uuid7
from gateway import rollups, selectors
from gateway.models import UsageDay, UsageHour, UsageMemberDay, UsageModelDay, UsageRecord
from gateway.selectors import Sums
from tests.billing.conftest import make_key, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> ApiKey:
    return make_key(make_member())


def call(key: ApiKey, at: datetime.datetime, **changes: Any) -> UsageRecord:
    stamp = int(at.timestamp() * 1000)
    fields: dict[str, Any] = {"model": "m", "price_micros": 10, "cost_micros": 4, "input_tokens": 3, "output_tokens": 2}
    who = {"tenant_id": key.tenant_id, "membership_id": key.membership_id, "api_key": key}
    return UsageRecord.objects.create(id=uuid7(stamp), **who, **(fields | changes))


def live(key: ApiKey, days: int = 30, now: datetime.datetime | None = None) -> Sums:
    since = (now or timezone.now()) - datetime.timedelta(days=days)
    found = selectors.live(by="api_key_id", who=Q(api_key_id=key.pk), since=since)
    return found.get(key.pk, Sums())


def test_a_call_counts_before_it_is_summed_and_once_after(key: ApiKey) -> None:
    row = call(key, timezone.now(), status="failed", cost_micros=None)
    expected = Sums(calls=1, broken=1, input_tokens=3, output_tokens=2, price_micros=10, cost_micros=0, last_at=row.created_at)
    assert live(key) == expected
    rollups.roll_up()
    assert live(key) == expected


def test_an_hour_that_is_summed_and_marked_again_counts_once(key: ApiKey) -> None:
    now = timezone.now()
    call(key, now)
    rollups.roll_up()
    last = call(key, now, price_micros=5)
    assert live(key) == Sums(2, 0, 6, 4, 15, 8, last.created_at)
    rollups.roll_up()
    assert live(key) == Sums(2, 0, 6, 4, 15, 8, last.created_at)


def test_what_is_long_past_is_never_read_row_by_row(key: ApiKey) -> None:
    call(key, timezone.now() - datetime.timedelta(hours=3))
    assert live(key) == Sums()
    rollups.roll_up()
    assert live(key).calls == 1


def test_all_is_one_statement(key: ApiKey) -> None:
    with CaptureQueriesContext(connection) as asked:
        live(key)
    assert len(asked) == 1


def test_only_the_asked_for_are_added(key: ApiKey) -> None:
    stranger = make_key(make_member(slug="other"))
    call(key, timezone.now())
    call(stranger, timezone.now())
    rollups.roll_up()
    call(stranger, timezone.now())
    assert (live(key).calls, live(stranger).calls) == (1, 2)
    assert selectors.used_micros(membership_id=key.membership_id) == 10


def test_days_before_the_window_are_left_out(key: ApiKey) -> None:
    today = rollups.day_of(timezone.now())
    call(key, today - datetime.timedelta(days=30, milliseconds=1))
    call(key, today - datetime.timedelta(days=30), price_micros=7)
    rollups.roll_up()
    assert (live(key, days=30, now=today).price_micros, live(key, days=31, now=today).price_micros) == (7, 17)
    assert selectors.used_micros(membership_id=key.membership_id) == 17


def test_sums_and_totals_of_a_span(key: ApiKey) -> None:
    noon = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
    call(key, noon, model="a", status="partial")
    call(key, noon + rollups.HOUR, model="b")
    call(key, noon + 2 * rollups.HOUR, model="b")
    rollups.roll_up()
    hours = UsageHour.objects.all()
    assert selectors.total(hours, since=noon, until=noon + 2 * rollups.HOUR) == Sums(2, 1, 6, 4, 20, 8, noon + rollups.HOUR)
    assert selectors.total(hours, since=noon + rollups.DAY, until=noon + 2 * rollups.DAY) == Sums()
    by_model = selectors.sums(hours, by="model", since=noon, until=noon + rollups.DAY)
    assert {model: one.calls for model, one in by_model.items()} == {"a": 1, "b": 2}
    by_day = selectors.sums(UsageDay.objects.all(), by="start", since=rollups.day_of(noon), until=noon)
    assert {day: one.price_micros for day, one in by_day.items()} == {rollups.day_of(noon): 30}


def test_days_come_from_the_smallest_table_that_has_the_columns() -> None:
    asked: list[tuple[selectors.Group, ...]] = [
        (),
        ("start", "model"),
        ("membership_id", "start"),
        ("membership_id", "model"),
        ("api_key_id",),
    ]
    assert [selectors.days(*columns).model for columns in asked] == [UsageModelDay, UsageModelDay, UsageMemberDay, UsageDay, UsageDay]


def test_pages_go_on_below_the_last_id(key: ApiKey) -> None:
    start = timezone.now() - datetime.timedelta(minutes=5)
    made = [call(key, start + datetime.timedelta(seconds=number)).id for number in range(3)]
    first = [row.id for row in selectors.calls(membership_id=key.membership_id, limit=2)]
    assert first == [made[2], made[1]]
    assert [row.id for row in selectors.calls(membership_id=key.membership_id, before=first[-1], limit=2)] == [made[0]]
    assert [row.id for row in selectors.latest(key_id=key.pk, limit=1)] == [made[2]]
    assert [row.id for row in selectors.latest(key_id=key.pk, before=made[1], limit=5)] == [made[0]]


def test_spending_is_told_by_key_and_day(key: ApiKey) -> None:
    today, other = rollups.day_of(timezone.now()), make_key(make_member("other"))
    for at, who, price in ((today, key, 10), (today, key, 5), (today - rollups.DAY, key, 7), (today, other, 3)):
        call(who, at + datetime.timedelta(seconds=1), price_micros=price)
    rollups.roll_up()
    span = {"since": today - rollups.DAY, "until": today + rollups.DAY}
    found = selectors.spent_by_day(UsageDay.objects.filter(api_key_id__in=[key.pk, other.pk]), by="api_key_id", **span)
    assert found == {(key.pk, today): 15, (key.pk, today - rollups.DAY): 7, (other.pk, today): 3}
    assert selectors.spent_by_day(UsageDay.objects.filter(api_key_id=other.pk), by="api_key_id", since=today, until=today) == {}
