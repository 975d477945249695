"""Every own page in a real browser: both themes, phone and desktop, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone
from playwright.sync_api import Browser, Page, Response, expect
from pytest_django.live_server_helper import LiveServer

from accounts import keys, tenants
from accounts.models import ApiKey, Membership, Tenant, User
from billing import chart, ledger, limits
from foundation.ids import uuid7
from gateway.models import UsageRecord
from tests.flows.conftest import Watch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Theme = Literal["light", "dark"]
OPEN_PAGES = ["/", "/key/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/no-such-page/"]
MEMBER_PAGES = [
    "/console/",
    "/console/keys/",
    "/console/keys/new/",
    "/console/models/",
    "/console/playground/",
    "/console/wallet/",
    "/console/usage/",
    "/console/calls/",
    "/console/orders/",
]
MORE_PAGES = ["/console/profile/", "/console/tokens/", "/console/shop/", "/api/docs/"]
KEY_PAGES = ["", "edit/", "rotate/"]
ACCOUNT_PAGES = ["/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/sessions/"]
PASSWORD = "correct horse battery"


@pytest.fixture
def shop(root_tenant: Tenant) -> Tenant:
    return tenants.open_tenant(slug="localhost", name="Sunny API", parent=root_tenant, domain="localhost", colour="#d9480f")


@pytest.fixture
def ann(shop: Tenant) -> Membership:
    """A customer with five dollars."""
    user = User.objects.create_user(email="ann@shop.test", password=PASSWORD)
    EmailAddress.objects.create(user=user, email="ann@shop.test", verified=True, primary=True)
    member = tenants.join(tenant=shop, user=user)
    issuer, wallet = chart.account(kind="issuer"), chart.wallet(membership_id=member.pk)
    ledger.transfer(kind="grant", key="five-dollars", src_id=issuer.pk, dst_id=wallet.pk, amount=5_000_000)
    return member


@contextmanager
def visit(browser: Browser, watch: Watch, *, theme: Theme = "light", width: int = 1440, script: bool = True) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=theme, java_script_enabled=script, locale="en-GB")
    yield watch.over(context.new_page())
    context.close()


def sign_in(page: Page, server: LiveServer, *, email: str = "ann@shop.test") -> None:
    page.goto(f"{server.url}/accounts/login/")
    page.get_by_label("E-mail or username").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    expect(page).to_have_url(f"{server.url}/console/")


def used_key(owner: Membership) -> ApiKey:
    """A key with every kind of limit, one of them used up, and two calls."""
    key = keys.issue(membership=owner, name="NextChat on my phone", rpm=60, networks=["203.0.113.0/24"], tags=["home"]).key
    budget = limits.set_allowance(api_key_id=key.pk, total_micros=9_000_000, day_micros=500_000, month_micros=4_000_000)
    type(budget).objects.filter(pk=budget.pk).update(total_used=500_000, day_used=500_000, day_start=timezone.now())
    for model, price in (("gpt-4o-mini", 372), ("claude-sonnet", 499_628)):
        facts = {"membership": owner, "api_key": key, "model": model, "price_micros": price, "input_tokens": 1_204, "output_tokens": 318}
        UsageRecord.objects.create(id=uuid7(), tenant=owner.tenant, **facts)
    return key


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_pages_fit_and_run_under_the_policy(
    browser: Browser, watch: Watch, live_server: LiveServer, ann: Membership, theme: Theme, width: int
) -> None:
    with visit(browser, watch, theme=theme, width=width) as page:
        for path in OPEN_PAGES:
            page.goto(live_server.url + path)
            expect(page.get_by_role("banner")).to_contain_text("Sunny API")
            watch.look(page, f"open{path.replace('/', '-')}{theme}-{width}")
        sign_in(page, live_server)
        key = used_key(ann)
        for path in MEMBER_PAGES + MORE_PAGES + ACCOUNT_PAGES + [f"/console/keys/{key.pk}/{act}" for act in KEY_PAGES]:
            page.goto(live_server.url + path)
            watch.look(page, f"member{path.replace('/', '-')}{theme}-{width}")
    watch.complaints = [text for text in watch.complaints if "404 (Not Found)" not in text]  # the missing page was asked for


def test_a_key_is_made_copied_and_revoked(browser: Browser, watch: Watch, live_server: LiveServer, ann: Membership) -> None:
    with visit(browser, watch) as page:
        sign_in(page, live_server)
        expect(page.get_by_text("$5.00", exact=True)).to_be_visible()
        page.get_by_role("link", name="New key").click()
        page.get_by_label("Name", exact=True).fill("NextChat on my phone")
        page.get_by_role("button", name="Make the key").click()
        secret = page.locator("#new-key").inner_text()
        assert len(secret) == 51
        expect(page.locator("#snippet-curl")).to_contain_text(f"{live_server.url}/v1/chat/completions")
        expect(page.locator("#snippet-curl")).to_contain_text(secret)
        page.get_by_role("button", name="Copy").first.click()
        expect(page.get_by_role("button", name="Copied").first).to_be_visible()
        watch.look(page, "key-made")
        page.get_by_role("link", name="I have copied it").click()
        expect(page.get_by_text(f"{secret[:10]}…{secret[-4:]}")).to_be_visible()
        assert secret not in page.content()
        page.locator("summary", has_text="Revoke").click()
        page.get_by_role("button", name="Revoke now").click()
        expect(page.get_by_role("table").get_by_text("revoked", exact=True)).to_be_visible()


def test_a_key_is_made_and_revoked_without_javascript(browser: Browser, watch: Watch, live_server: LiveServer, ann: Membership) -> None:
    with visit(browser, watch, width=360, script=False) as page:
        sign_in(page, live_server)
        page.goto(f"{live_server.url}/console/keys/new/")
        page.get_by_label("Name", exact=True).fill("curl")
        page.get_by_role("button", name="Make the key").click()
        assert page.locator("#new-key").inner_text().startswith("sk-")
        page.get_by_role("link", name="I have copied it").click()
        page.locator("summary", has_text="Revoke").click()
        page.get_by_role("button", name="Revoke now").click()
        expect(page.get_by_role("table").get_by_text("revoked", exact=True)).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_theme_and_language_are_switched_with_and_without_javascript(
    browser: Browser, watch: Watch, live_server: LiveServer, shop: Tenant, script: bool
) -> None:
    with visit(browser, watch, script=script) as page:
        page.goto(live_server.url)
        page.locator("summary[aria-label=Theme]").click()
        page.get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.locator("summary[aria-label=Language]").click()
        page.get_by_role("button", name="简体中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
        expect(page.get_by_role("link", name="兑换额度").first).to_be_visible()


def test_a_page_carries_less_than_sixty_kilobytes_of_script(browser: Browser, live_server: LiveServer, shop: Tenant) -> None:
    sizes: dict[str, int] = {}

    def weigh(answer: Response) -> None:
        if answer.request.resource_type == "script":
            sizes[answer.url] = len(answer.body())

    with visit(browser, Watch()) as page:
        page.on("response", weigh)
        page.goto(live_server.url, wait_until="networkidle")
    assert len(sizes) == 2
    assert sum(sizes.values()) < 60_000
