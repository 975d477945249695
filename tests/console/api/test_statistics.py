"""Statistics over the API: the tables of the back office, costs for the platform alone."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from tests.billing.shop import PRICE, bought_from, stocked
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_sales_and_calls_of_the_own_shop(reseller_owner: Membership, stranger: Membership, platform_admin: Membership) -> None:
    for member in (reseller_owner, stranger):
        bought_from(stocked(member.tenant))
    sold = program(reseller_owner)("GET", "statistics/sales/")[1]
    assert [(one["tenant"], one["orders"], one["gross_minor"]) for one in sold] == [(reseller_owner.tenant.slug, 1, PRICE)]
    assert len(program(platform_admin, host="platform.test")("GET", "statistics/sales/")[1]) == 2
    status, told = program(reseller_owner)("GET", "statistics/sales/?since=2026-01-02&until=2026-01-01")
    assert (status, told["error"]["fields"].keys()) == (409, {"until"})
    assert program(reseller_owner)("GET", "statistics/calls/?since=2020-01-01&until=2020-01-31") == (200, [])


def test_support_and_customers_take_none_away(end_user: Membership, reseller_owner: Membership) -> None:
    Membership.objects.filter(pk=reseller_owner.pk).update(role="support")
    for member in (end_user, reseller_owner):
        member.refresh_from_db()
        assert [program(member)("GET", f"statistics/{name}/")[0] for name in ("sales", "calls")] == [404, 404]
