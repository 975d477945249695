"""Statistics over the API: the tables of the back office, costs for the platform alone."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from tests.billing.shop import PRICE, bought_from, place, sandbox, stocked
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
        assert [program(member)("GET", f"statistics/{name}/")[0] for name in ("sales", "calls", "funnel", "products", "customers")] == [
            404
        ] * 5


def test_the_funnel_the_best_products_and_the_first_steps(reseller_owner: Membership, stranger: Membership) -> None:
    for member in (reseller_owner, stranger):
        product = stocked(member.tenant)
        bought_from(product)
        place(product)
    call = program(reseller_owner)
    assert call("GET", "statistics/funnel/")[1] == {"placed": 2, "started": 1, "paid": 1, "delivered": 1, "with_codes": 1, "redeemed": 0}
    [best] = call("GET", "statistics/products/")[1]
    assert (best["name"], best["orders"], best["pieces"], best["gross_minor"], best["currency"]) == ("Five dollars", 1, 1, PRICE, "CNY")
    status, known = call("GET", "statistics/customers/")
    assert (status, known["dearest"], known["running_dry"]) == (200, [], [])
    steps = {one["text"]: one["is_done"] for one in call("GET", "statistics/checklist/")[1]}
    assert (len(steps), steps["Make the first product"], steps["Add your own domain"]) == (5, True, True)


def test_a_lent_payment_account_counts_among_a_new_shops_steps(reseller_owner: Membership, platform_admin: Membership) -> None:
    call = program(reseller_owner)
    account = sandbox(platform_admin.tenant)
    step = "Connect a payment account"
    assert {one["text"]: one["is_done"] for one in call("GET", "statistics/checklist/")[1]}[step] is False
    account.lent_to.add(reseller_owner.tenant)
    assert {one["text"]: one["is_done"] for one in call("GET", "statistics/checklist/")[1]}[step] is True
