"""Days with calls of a model or with a status are found by the sums, and hours that are not summed yet by their rows."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from accounts import keys
from accounts.models import ApiKey, Membership
from foundation.ids import uuid7
from gateway import rollups, selectors, spans
from gateway.models import UsageRecord
from gateway.selectors import Wanted
from gateway.spans import Span

pytestmark = pytest.mark.django_db
DAY = rollups.DAY
NOON = datetime.datetime(2026, 11, 20, 12, 30, tzinfo=datetime.UTC)
MIDNIGHT = rollups.day_of(NOON)


@pytest.fixture
def key(end_user: Membership) -> ApiKey:
    return keys.issue(membership=end_user, name="phone").key


def call(key: ApiKey, *, days_ago: int = 0, model: str = "large", status: str = "ok") -> UsageRecord:
    at = NOON - days_ago * DAY
    return UsageRecord.objects.create(
        id=uuid7(int(at.timestamp() * 1000)), tenant=key.tenant, membership=key.membership, api_key=key, model=model, status=status
    )


def of(key: ApiKey, *, model: str = "", status: str = "", who: Q | None = None) -> list[Span]:
    rows = UsageRecord.objects.filter(tenant=key.tenant)
    rows = rows.filter(model=model) if model else rows
    rows = rows.filter(status=status) if status else rows
    return spans.of(rows, who=who or Q(), tenant_id=key.tenant_id, model=model, status=status)


def test_days_in_a_row_are_one_span(key: ApiKey) -> None:
    for days_ago in (0, 1, 5):
        call(key, days_ago=days_ago, model="rare")
    call(key, days_ago=3)
    rollups.roll_up()
    assert of(key, model="rare") == [(MIDNIGHT - DAY, MIDNIGHT + DAY), (MIDNIGHT - 5 * DAY, MIDNIGHT - 4 * DAY)]
    assert of(key, model="none") == []


def test_what_is_not_summed_yet_is_found_in_its_hour(key: ApiKey) -> None:
    call(key, model="rare")
    call(key, days_ago=2)
    hour = rollups.hour_of(NOON)
    assert of(key, model="rare") == [(hour, hour + rollups.HOUR)]
    rollups.roll_up()
    assert of(key, model="rare") == [(MIDNIGHT, MIDNIGHT + DAY)]


@pytest.mark.parametrize("status", ["ok", "partial", "disconnected", "failed"])
def test_each_status_is_found(key: ApiKey, status: str) -> None:
    for days_ago, one in enumerate(("ok", "partial", "disconnected", "failed")):
        call(key, days_ago=days_ago, status=one)
    rollups.roll_up()
    days_ago = ["ok", "partial", "disconnected", "failed"].index(status)
    assert of(key, status=status) == [(MIDNIGHT - days_ago * DAY, MIDNIGHT - (days_ago - 1) * DAY)]


def test_days_of_others_do_not_count(key: ApiKey, reseller_owner: Membership, stranger: Membership) -> None:
    call(keys.issue(membership=reseller_owner, name="other").key, days_ago=1, model="rare")
    call(keys.issue(membership=stranger, name="far").key, days_ago=2, model="rare")
    rollups.roll_up()
    assert of(key, model="rare", who=Q(membership_id=key.membership_id)) == []
    assert of(key, model="rare") == [(MIDNIGHT - DAY, MIDNIGHT)]
    everywhere = spans.of(UsageRecord.objects.filter(model="rare"), who=Q(), tenant_id=None, model="rare")
    assert everywhere == [(MIDNIGHT - 2 * DAY, MIDNIGHT)]


def test_the_newest_are_read_span_by_span_and_no_more(key: ApiKey) -> None:
    rare = [call(key, days_ago=days_ago, model="rare") for days_ago in (0, 4, 8)]
    for days_ago in range(1, 8):
        call(key, days_ago=days_ago)
    rollups.roll_up()
    with CaptureQueriesContext(connection) as asked:
        found = selectors.calls(membership_id=key.membership_id, limit=2, wanted=Wanted(model="rare"))
    assert found == rare[:2]
    assert len([one for one in asked.captured_queries if 'FROM "gateway_usagerecord"' in one["sql"]]) == 2
    older = selectors.calls(membership_id=key.membership_id, before=rare[1].pk, limit=2, wanted=Wanted(model="rare", api_key_id=key.pk))
    assert older == rare[2:]
    assert selectors.calls(membership_id=key.membership_id, limit=2, wanted=Wanted(status="failed")) == []


def test_a_list_is_bounded_by_the_first_and_the_last_day(key: ApiKey) -> None:
    rare = [call(key, days_ago=days_ago, model="rare") for days_ago in (1, 3)]
    rollups.roll_up()
    rows = UsageRecord.objects.filter(model="rare")
    assert list(spans.bounded(rows, of(key, model="rare")).order_by("-id")) == rare
    assert list(spans.bounded(rows, [])) == []


def test_days_before_a_moment_and_spans_after_a_call_are_left_out(key: ApiKey) -> None:
    rare = [call(key, days_ago=days_ago, model="rare") for days_ago in (0, 4, 8)]
    rollups.roll_up()
    rows = UsageRecord.objects.filter(model="rare")
    found = spans.of(rows, who=Q(), tenant_id=key.tenant_id, model="rare", since=NOON - 5 * DAY)
    assert found == [(MIDNIGHT, MIDNIGHT + DAY), (MIDNIGHT - 4 * DAY, MIDNIGHT - 3 * DAY)]
    days = of(key, model="rare")
    with CaptureQueriesContext(connection) as asked:
        assert spans.newest(rows, days, limit=2, before=rare[1].pk) == rare[2:]
    assert len(asked) == 2
