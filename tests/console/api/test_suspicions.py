"""Suspected own purchases over the API: the platform's alone; a decision has a reason and is taken once."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from billing.models import Suspicion
from tests.billing.shop import PRICE, sandbox
from tests.billing.test_self_dealing import paid
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_the_platform_decides_and_the_shop_sees_what_waits(reseller_owner: Membership, platform_admin: Membership) -> None:
    account = sandbox(platform_admin.tenant)
    account.lent_to.add(reseller_owner.tenant)
    order = paid(reseller_owner.tenant, account, membership=reseller_owner)
    shop, platform = program(reseller_owner), program(platform_admin, host="platform.test")
    assert shop("GET", "suspicions/")[0] == 404
    [standing] = shop("GET", "withdrawals/standings/")[1]
    assert (standing["in_review_minor"], standing["available_minor"], standing["stopped"]) == (PRICE, 0, "")
    [row] = platform("GET", "suspicions/?state=open")[1]["results"]
    assert (row["order"], row["number"], row["signs"], row["total_minor"]) == (order.pk, order.number, ["account"], PRICE)
    at = f"suspicions/{row['id']}/"
    assert platform("POST", f"{at}clear/", {})[0] == 400
    assert platform("POST", f"{at}clear/", {"reason": "known"})[1]["state"] == "cleared"
    status, refusal = platform("POST", f"{at}uphold/", {"reason": "late"})
    assert (status, refusal["error"]["code"], Suspicion.objects.get().reason) == (409, "refused", "known")
    assert [one["available_minor"] for one in shop("GET", "withdrawals/standings/")[1]] == [PRICE]


def test_payouts_are_stopped_with_a_reason_that_the_shop_reads(reseller_owner: Membership, platform_admin: Membership) -> None:
    account = sandbox(platform_admin.tenant)
    account.lent_to.add(reseller_owner.tenant)
    paid(reseller_owner.tenant, account)
    shop, platform = program(reseller_owner), program(platform_admin, host="platform.test")
    assert platform("PATCH", f"tenants/{reseller_owner.tenant_id}/", {"payouts_stopped": "papers"})[1]["payouts_stopped"] == "papers"
    [standing] = shop("GET", "withdrawals/standings/")[1]
    assert (standing["available_minor"], standing["stopped"]) == (0, "papers")
    refused = shop("POST", "withdrawals/", {"currency": "CNY", "amount_minor": 1, "destination": "x"})[1]["error"]
    assert "papers" in refused["message"]
    shop("PATCH", "shop/", {"payouts_stopped": ""})
    assert [one["stopped"] for one in shop("GET", "withdrawals/standings/")[1]] == ["papers"]
