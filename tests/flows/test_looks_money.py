"""Pages of store credit, top-ups, the sandbox and withdrawals in a real browser: both themes, phone and desktop."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership, Tenant, User
from billing import store_credit
from billing.models import GatewayAccount
from tests.billing.shop import sandbox, stocked
from tests.billing.test_direct import product_of, stock_up
from tests.billing.test_payables import sold
from tests.flows.conftest import Watch
from tests.flows.test_looks import PASSWORD, Theme, ann, shop, sign_in, visit

__all__ = ["ann", "shop"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("theme", "width"), [("light", 360), ("dark", 1440), ("dark", 360), ("light", 1440)])
def test_a_customer_tops_up_and_pays_with_store_credit(
    browser: Browser, watch: Watch, live_server: LiveServer, ann: Membership, theme: Theme, width: int
) -> None:
    cache.clear()
    tenant = ann.tenant
    sandbox(tenant)
    stock_up(tenant, 500_000_000)
    product_of(tenant)
    stocked(tenant)
    store_credit.give(membership=ann, amount_minor=1_000, reason="A slow answer", key="1")
    at = f"{theme}-{width}"
    with visit(browser, watch, theme=theme, width=width) as page:
        sign_in(page, live_server)
        page.goto(f"{live_server.url}/console/topup/")
        watch.look(page, f"topup-{at}")
        page.get_by_role("button", name="Top up").click()
        watch.look(page, f"ways-{at}")
        page.get_by_role("button", name="with store credit").click()
        watch.look(page, f"sandbox-{at}")
        page.get_by_role("button", name="Pay", exact=True).click()
        page.get_by_text("$10.00 is in your wallet.").wait_for()
        watch.look(page, f"delivered-{at}")
        page.get_by_role("link", name="The sandbox's page of this payment").click()
        page.get_by_role("button", name="Dispute it").wait_for()
        watch.look(page, f"sandbox-paid-{at}")
        page.goto(f"{live_server.url}/console/wallet/")
        page.get_by_role("heading", name="Store credit").wait_for()
        watch.look(page, f"wallet-{at}")
    assert store_credit.free(ann) == 0


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360)])
def test_a_shop_asks_for_its_money_and_buys_stock(
    browser: Browser, watch: Watch, live_server: LiveServer, ann: Membership, root_tenant: Tenant, theme: Theme, width: int
) -> None:
    cache.clear()
    tenant = ann.tenant
    Membership.objects.filter(pk=ann.pk).update(role=Membership.Role.OWNER)
    account = sandbox(root_tenant)
    account.lent_to.add(tenant)
    sold(tenant, account)
    product_of(root_tenant, kind="stock")
    own = GatewayAccount.objects.create(tenant=tenant, driver="sandbox", name="Sandbox", token="look")
    pages = [
        "/reseller/billing/withdrawal/ask/",
        "/reseller/billing/withdrawal/",
        f"/reseller/accounts/tenant/{tenant.pk}/buy_quota/",
        f"/reseller/accounts/membership/{ann.pk}/give_credit/",
        f"/reseller/billing/gatewayaccount/{own.pk}/doctor/",
    ]
    with visit(browser, watch, theme=theme, width=width) as page:
        sign_in(page, live_server)
        for path in pages:
            answer = page.goto(f"{live_server.url}{path}")
            assert answer is not None
            assert answer.status == 200
        page.get_by_role("button", name="Examine").click()
        page.get_by_text("Reached from here").wait_for()
    assert User.objects.get(email="ann@shop.test").check_password(PASSWORD)
