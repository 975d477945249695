"""The shop's window and a product in a real browser: both themes, phone and desktop, with and without JavaScript."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import LegalPage, Tenant
from billing.models import Product
from tests.billing.shop import manual_product, restock, sandbox, stocked
from tests.flows.conftest import Watch
from tests.flows.test_looks import Theme, shop, visit

__all__ = ["shop"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def product(shop: Tenant) -> Product:
    """A tagged product with a variant and prices for many, in a shop that announces something."""
    cache.clear()
    sandbox(shop)
    made = stocked(shop, count=12)
    Product.objects.filter(pk=made.pk).update(
        tag="bonus", tag_text="+10%", tiers=[{"from": 5, "price_minor": 3700}], compare_minor=4500, choice="$5",
        description="Works **everywhere**.",
    )  # fmt: skip
    other = Product.objects.create(tenant=shop, name="Fifty", slug="fifty", units_micros=50_000_000, price_minor=35_900, currency="CNY")
    Product.objects.filter(pk=other.pk).update(lead=made, choice="$50")
    restock(other, count=1)
    manual_product(shop)
    LegalPage.objects.create(tenant=shop, kind="refunds", text="Within **14 days**.")
    Tenant.objects.filter(pk=shop.pk).update(announcement="Closed on Monday", contact="help@shop.test")
    made.refresh_from_db()
    return made


@pytest.mark.parametrize(
    ("theme", "width", "script"), [("light", 360, True), ("dark", 1440, True), ("dark", 360, False), ("light", 1440, False)]
)
def test_a_visitor_looks_around_and_counts_pieces(
    browser: Browser, watch: Watch, live_server: LiveServer, product: Product, theme: Theme, width: int, script: bool
) -> None:
    at = f"{theme}-{width}"
    with visit(browser, watch, theme=theme, width=width, script=script) as page:
        page.goto(f"{live_server.url}/shop/")
        watch.look(page, f"window-{at}")
        page.get_by_role("button", name="Put the announcement away").click()
        expect(page.get_by_text("Closed on Monday")).to_have_count(0)
        page.locator("summary", has_text="How do I use a code?").click()
        expect(page.get_by_text(f"{live_server.url}/v1", exact=False).first).to_be_visible()
        page.get_by_role("link", name="List", exact=True).click()
        expect(page.locator("li.line")).to_have_count(2)
        watch.look(page, f"window-list-{at}")
        page.locator("li.line", has_text="Five dollars").get_by_role("link", name="Buy", exact=True).click()
        for pieces in range(2, 6):
            page.get_by_role("button", name="One more").click()
            expect(page.get_by_label("Quantity")).to_have_value(str(pieces))
        expect(page.locator("#price")).to_contain_text("¥185.00")
        expect(page.locator("tr[aria-current]")).to_contain_text("from 5")
        page.get_by_label("E-mail").fill("ann@gmial.com")
        page.get_by_label("Coupon").fill("")
        if not script:
            page.get_by_role("button", name="Work out the total").click()
        expect(page.locator("#email-hint")).to_contain_text("did you mean ann@gmail.com?")
        watch.look(page, f"product-{at}")
        page.get_by_label("How to use").check()
        expect(page.locator("#snippet-curl")).to_be_visible()
        page.get_by_label("Refunds").check()
        expect(page.get_by_text("Within 14 days.")).to_be_visible()
        if script:
            page.get_by_role("button", name="Take it").click()
            expect(page.get_by_label("E-mail")).to_have_value("ann@gmail.com")
        page.get_by_label("I accept:").check()
        page.get_by_role("button", name="Order and pay").click()
        expect(page).to_have_url(re.compile("/o/[^/]+/$"))
