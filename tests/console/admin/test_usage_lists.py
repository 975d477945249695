"""Usage rows in the back office."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Membership
from console.admin import spending
from foundation import ids
from gateway import rollups
from gateway.models import UsageRecord

pytestmark = pytest.mark.django_db

LIST = "/reseller/gateway/usagerecord/"


def _call(key: ApiKey, *, days_ago: float = 0, price: int = 1_000, model: str = "m") -> UUID:
    at = timezone.now() - timedelta(days=days_ago)
    identifier = ids.uuid7(now_ms=int(at.timestamp() * 1000))
    UsageRecord.objects.create(
        id=identifier, tenant=key.tenant, membership=key.membership, api_key=key, model=model, price_micros=price, usage={"input": 5}
    )
    return identifier


@pytest.fixture
def key(end_user: Membership) -> ApiKey:
    """A customer's sub-key."""
    return keys.issue(membership=end_user, name="laptop").key


def _shown(desk: Client, query: str = "") -> list[UUID]:
    return [row.pk for row in desk.get(LIST + query).context["cl"].result_list]


def test_the_list_shows_a_week_newest_first_and_more_when_asked(desk: Client, key: ApiKey) -> None:
    month, day, now = _call(key, days_ago=20), _call(key, days_ago=1), _call(key)
    assert _shown(desk) == [now, day]
    assert _shown(desk, "?time=30d") == [now, day, month]
    assert _shown(desk, "?time=1h") == [now]


def test_a_search_knows_request_key_person_and_model(desk: Client, key: ApiKey) -> None:
    wanted, other = _call(key, model="gpt-4o"), _call(key)
    assert _shown(desk, f"?q={wanted}") == [wanted]
    assert _shown(desk, "?q=gpt-4o") == [wanted]
    assert _shown(desk, f"?q={key.prefix}") == [other, wanted]
    assert _shown(desk, "?q=ann@shop.test") == [other, wanted]
    assert _shown(desk, "?q=nobody@shop.test") == []


def test_no_list_counts_or_reads_the_whole_table(desk: Client, key: ApiKey) -> None:
    _call(key)
    with CaptureQueriesContext(connection) as queries:
        assert desk.get(LIST).status_code == 200
    rows = [query["sql"] for query in queries if "gateway_usagerecord" in query["sql"]]
    assert rows
    assert not [sql for sql in rows if "COUNT(" in sql or "DISTINCT" in sql]
    assert all("LIMIT" in sql for sql in rows)


def test_nothing_of_a_row_can_be_typed_over(desk: Client, key: ApiKey) -> None:
    row = _call(key)
    assert desk.post(f"{LIST}{row}/change/", {"price_micros": "0"}).status_code == 403
    assert desk.get(f"{LIST}add/").status_code == 403
    assert UsageRecord.objects.get(pk=row).price_micros == 1_000


def test_a_shop_sees_neither_channel_nor_cost(desk: Client, key: ApiKey) -> None:
    row = _call(key)
    fields = [name for _title, part in desk.get(f"{LIST}{row}/change/").context["adminform"].fieldsets for name in part["fields"]]
    assert {"channel", "cost", "upstream_model"}.isdisjoint(fields)


def test_a_keys_spending_is_that_of_thirty_days(key: ApiKey) -> None:
    _call(key, days_ago=40, price=9_000)
    _call(key, days_ago=2, price=500)
    last = _call(key, price=250)
    now = timezone.now()
    rollups.mark(since=now - timedelta(days=41), until=now + timedelta(hours=1))
    rollups.roll_up()
    found = spending.of(key)
    assert (found.calls, found.price_micros, found.last_used) == (2, 750, ids.time_of(last))
