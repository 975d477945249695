"""Pages of messages and of money confirmed by hand in a real browser: both themes, phone and desktop."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from accounts.models import MailText, Membership
from billing import restock
from billing.models import RestockWish
from tests.billing.shop import manual_product, place, sandbox, stocked
from tests.flows.conftest import Watch
from tests.flows.test_looks import PASSWORD, Theme, ann, shop, sign_in, visit

__all__ = ["ann", "shop"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360)])
def test_a_shop_words_its_mails_and_confirms_a_payment(
    browser: Browser, watch: Watch, live_server: LiveServer, ann: Membership, theme: Theme, width: int
) -> None:
    cache.clear()
    Membership.objects.filter(pk=ann.pk).update(role=Membership.Role.OWNER)
    order = place(stocked(ann.tenant)).order
    with visit(browser, watch, theme=theme, width=width) as page:
        sign_in(page, live_server)
        page.goto(f"{live_server.url}/reseller/accounts/mailtext/")
        page.goto(f"{live_server.url}/reseller/accounts/mailtext/add/?template=order_placed&language=en")
        with page.context.expect_page() as preview:
            page.get_by_role("button", name="Preview").last.click()
        preview.value.get_by_text("waits for payment").first.wait_for()
        preview.value.close()
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("own text").first.wait_for()
        page.goto(f"{live_server.url}/reseller/billing/order/{order.pk}/confirm/")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
        page.get_by_label("What proves it").wait_for()
        page.get_by_label("What proves it").fill("TT-1")
        page.get_by_label("Reason").fill("paid in cash")
        page.get_by_role("button", name="Confirm", exact=True).click()
        page.get_by_text("the order is now delivered").wait_for()
        page.goto(f"{live_server.url}/reseller/billing/order/?look=yes")
    assert MailText.objects.count() == 1


@pytest.mark.parametrize(("theme", "width"), [("light", 360), ("dark", 1440)])
def test_a_visitor_asks_to_be_told(
    browser: Browser, watch: Watch, live_server: LiveServer, ann: Membership, theme: Theme, width: int
) -> None:
    cache.clear()
    sandbox(ann.tenant)
    product = manual_product(ann.tenant, left=0)
    at = f"{theme}-{width}"
    with visit(browser, watch, theme=theme, width=width) as page:
        page.goto(f"{live_server.url}/p/{product.slug}/")
        page.get_by_role("link", name="Tell me when it is there again").click()
        watch.look(page, f"restock-ask-{at}")
        page.get_by_label("E-mail").fill("bob@example.test")
        page.get_by_role("button", name="Tell me", exact=True).click()
        page.get_by_text("Look into your mails").wait_for()
        watch.look(page, f"restock-asked-{at}")
        page.goto(f"{live_server.url}/restock/{restock.token_of(RestockWish.objects.get())}/")
        watch.look(page, f"restock-{at}")
        page.get_by_role("button", name="Yes, tell me").click()
        page.get_by_text("You get one mail").wait_for()
    assert RestockWish.objects.exclude(confirmed_at=None).count() == 1
