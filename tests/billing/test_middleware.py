"""A shop's pages show quota in its unit; back offices and the API do not, and one request's unit is not the next one's."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership, Tenant
from billing import codes, quota_units, rates
from console.pages import amounts
from tests.billing.conftest import grant
from tests.billing.shop import FIVE, sandbox, stocked

pytestmark = pytest.mark.django_db
HOST = "shop.test"
YUAN = "¥36.00"


@pytest.fixture(params=["points", "currency"])
def five(request: pytest.FixtureRequest, tenant: Tenant) -> str:
    """Let the shop show another unit than dollars; return how $5 look in it."""
    cache.clear()
    rates.put(base="USD", quote="CNY", rate=Decimal("7.2"))
    Tenant.objects.filter(pk=tenant.pk).update(quota_unit=request.param)
    return {"points": "2,500,000 points", "currency": YUAN}[request.param]


def test_the_window_and_a_product_are_in_the_shops_unit(client: Client, tenant: Tenant, five: str) -> None:
    sandbox(tenant)
    stocked(tenant, count=3)
    for path in ("/shop/", "/p/five-dollars/"):
        page = client.get(path, HTTP_HOST=HOST).content.decode()
        assert (five in page, "$5.00" in page) == (True, False)
    one = {"2,500,000 points": "500,000 points = ¥", YUAN: "¥7.20 of quota = ¥"}[five]
    assert one in client.get("/shop/", HTTP_HOST=HOST).content.decode()


def test_redeeming_says_what_came_in_the_shops_unit(client: Client, tenant: Tenant, end_user: Membership, five: str) -> None:
    code = codes.mint(tenant=tenant.parent or tenant, units_micros=FIVE, count=1, offline=True).codes[0]
    client.force_login(end_user.user)
    grant(end_user, FIVE)
    assert five in client.get("/redeem/", HTTP_HOST=HOST).content.decode()
    assert "$" not in client.post("/redeem/", {"code": code}, HTTP_HOST=HOST, follow=True).content.decode().split("<main")[1]


def test_back_offices_and_the_api_count_in_dollars(client: Client, reseller_owner: Membership, end_user: Membership, five: str) -> None:
    grant(end_user, FIVE)
    client.force_login(reseller_owner.user)
    page = client.get(f"/reseller/accounts/membership/{end_user.pk}/change/", HTTP_HOST=HOST)
    assert (page.status_code, five in page.content.decode()) == (200, False)
    assert client.get("/console/wallet/", HTTP_HOST=HOST).status_code == 200
    assert amounts.short(FIVE) == "$5.00"


def test_a_rate_is_looked_up_only_where_an_amount_is_written(
    client: Client, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tenant.quota_unit = Tenant.QuotaUnit.CURRENCY
    rates.put(base="USD", quote="CNY", rate=Decimal("7.2"))
    with quota_units.restored():
        with django_assert_num_queries(0):
            quota_units.activate(tenant)
        with django_assert_num_queries(1):
            assert [quota_units.short(FIVE), quota_units.short(2 * FIVE)] == [YUAN, "¥72.00"]
