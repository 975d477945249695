"""Usage and the request log show a member's own calls, narrowed as asked, and nobody else's."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Membership, Tenant
from billing import rates
from foundation.ids import uuid7
from gateway.models import UsageRecord

pytestmark = pytest.mark.django_db
HOST = "shop.test"


def call(key: ApiKey, *, model: str, price: int, status: str = "ok") -> UsageRecord:
    return UsageRecord.objects.create(
        id=uuid7(),
        tenant=key.tenant,
        membership=key.membership,
        api_key=key,
        model=model,
        price_micros=price,
        input_tokens=3,
        status=status,
    )


@pytest.fixture
def mine(client: Client, end_user: Membership) -> ApiKey:
    client.force_login(end_user.user)
    return keys.issue(membership=end_user, name="phone").key


def test_a_call_counts_at_once_by_day_model_and_key(client: Client, mine: ApiKey, reseller_owner: Membership) -> None:
    call(mine, model="small", price=250_000)
    call(mine, model="large", price=750_000)
    call(keys.issue(membership=reseller_owner, name="other").key, model="secret", price=9)
    page = client.get("/console/usage/?days=7", HTTP_HOST=HOST)
    assert (page.context["spending"].total.calls, page.context["spending"].total.price_micros) == (2, 1_000_000)
    assert [(line.name, line.share) for line in page.context["by_model"]] == [("large", 75), ("small", 25)]
    assert [(line.name, line.key_id) for line in page.context["by_key"]] == [("phone", mine.pk)]
    assert len(page.context["spending"].days) == 7
    assert page.context["spending"].chart()["series"][0]["values"][-1] == 1.0
    assert "secret" not in page.content.decode()


def test_usage_in_points_never_says_less_than_was_charged(client: Client, mine: ApiKey) -> None:
    Tenant.objects.filter(pk=mine.tenant_id).update(quota_unit="points")
    call(mine, model="small", price=250_001)
    page = client.get("/console/usage/?days=7", HTTP_HOST=HOST).content.decode()
    assert ("125,000.5 points" in page, "Points spent on each day" in page, "$" in page.split("<main")[1]) == (True, True, False)
    assert (
        '"series": [{"label": "Spent, points", "values": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 125000.5]}], "prefix": "", "is_money": false'
        in page
    )
    Tenant.objects.filter(pk=mine.tenant_id).update(quota_unit="currency")
    rates.put(base="USD", quote="CNY", rate=Decimal("7.123"))
    calls = client.get("/console/calls/", HTTP_HOST=HOST).content.decode()
    # 0.250001 × 7.123 = 1.780757123
    assert ('<data value="250001">¥1.780758</data>' in calls) is True


def test_calls_are_narrowed_and_the_filter_stays_on_older_pages(client: Client, mine: ApiKey) -> None:
    call(mine, model="small", price=1)
    for _ in range(26):
        call(mine, model="large", price=1, status="failed")
    page = client.get("/console/calls/?model=large&status=failed", HTTP_HOST=HOST)
    assert {row.model for row in page.context["rows"]} == {"large"}
    assert page.context["older"].startswith("?model=large&status=failed&before=")
    older = client.get(f"/console/calls/{page.context['older']}", HTTP_HOST=HOST)
    assert len(older.context["rows"]) == 1
    assert older.context["newer"] == "/console/calls/?model=large&status=failed"
    assert client.get("/console/calls/?since=2020-01-01&until=2020-01-02", HTTP_HOST=HOST).context["rows"] == []


@pytest.mark.parametrize("query", ["before=x", "key=x", "since=yesterday", "until=2026-13-01"])
def test_what_is_no_filter_is_no_page(client: Client, mine: ApiKey, query: str) -> None:
    assert client.get(f"/console/calls/?{query}", HTTP_HOST=HOST).status_code == 404


def test_the_key_of_somebody_else_narrows_to_nothing(client: Client, mine: ApiKey, reseller_owner: Membership) -> None:
    other = keys.issue(membership=reseller_owner, name="other").key
    call(other, model="secret", price=9)
    assert client.get(f"/console/calls/?key={other.pk}", HTTP_HOST=HOST).context["rows"] == []
