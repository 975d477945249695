"""Pages of referrals, of staff who see as a customer, and of Cloudflare's check in a real browser: themes, widths, languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts import tenants, turnstile, visits
from accounts.models import Membership, Referral, SupportVisit, Tenant, Turnstile, User
from billing.models import ReferralProgram
from tests.doubles.turnstile import Siteverify
from tests.flows.conftest import Watch
from tests.flows.test_looks import PASSWORD, Theme, ann, shop, sign_in, used_key, visit

__all__ = ["ann", "shop"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WAYS = [("light", 360, "zh-hans"), ("dark", 1440, "zh-hant"), ("dark", 360, "en"), ("light", 1440, "en")]
# What Cloudflare's script does for a page: it draws, and puts a token into the form.
WIDGET = """
window.turnstile = { render: (place, options) => {
  const field = document.createElement("input");
  field.type = "hidden"; field.name = options["response-field-name"]; field.value = "%s";
  place.append(field, options.sitekey + " " + options.action);
} };
"""


@pytest.fixture
def cloudflare(settings: Settings) -> Iterator[Siteverify]:
    cache.clear()
    with Siteverify() as service:
        settings.TURNSTILE_URL = service.url
        yield service


def staff(tenant: Tenant) -> Membership:
    user = User.objects.create_user(email="sue@shop.test", password=PASSWORD)
    EmailAddress.objects.create(user=user, email="sue@shop.test", verified=True, primary=True)
    return tenants.join(tenant=tenant, user=user, role="support")


def speak(page: Page, server: LiveServer, language: str) -> None:
    page.context.add_cookies([{"name": "django_language", "value": language, "url": server.url}])


@pytest.mark.parametrize(("theme", "width", "language"), WAYS)
def test_a_link_brings_customers(
    browser: Browser, watch: Watch, live_server: LiveServer, ann: Membership, theme: Theme, width: int, language: str
) -> None:
    cache.clear()
    ReferralProgram.objects.create(tenant=ann.tenant, referrer_percent=1_000, referred_fixed=500, cap=5_000, wait_days=7)
    with visit(browser, watch, theme=theme, width=width) as page:
        sign_in(page, live_server)
        speak(page, live_server, language)
        page.goto(f"{live_server.url}/console/referrals/")
        watch.look(page, f"referrals-empty-{theme}-{width}-{language}")
        for name in ("zoe", "bob"):
            member = tenants.join(tenant=ann.tenant, user=User.objects.create_user(email=f"{name}@people.test"))
            Referral.objects.create(referrer=ann, referred=member)
        page.reload()
        expect(page.get_by_text("z***")).to_be_visible()
        assert page.locator("img[src^='data:image/svg+xml']").evaluate("image => image.complete && image.naturalWidth > 0")
        watch.look(page, f"referrals-{theme}-{width}-{language}")


@pytest.mark.parametrize(("theme", "width", "language"), WAYS)
def test_staff_see_as_a_customer(
    browser: Browser, watch: Watch, live_server: LiveServer, ann: Membership, theme: Theme, width: int, language: str
) -> None:
    cache.clear()
    support = staff(ann.tenant)
    key = used_key(ann)
    with visit(browser, watch, theme=theme, width=width) as page:
        sign_in(page, live_server, email="sue@shop.test")
        speak(page, live_server, language)
        page.goto(f"{live_server.url}/reseller/accounts/membership/{ann.pk}/see_as/")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        page.locator("input[name=reason]").fill("Ticket 7: my key does not answer")
        page.locator("form:has(input[name=reason]) button[type=submit]").click()
        page.wait_for_url(f"{live_server.url}/console/")
        stop = page.locator("form[action='/visit/end/'] button")
        for path in ("/console/", f"/console/keys/{key.pk}/", "/console/orders/", "/console/profile/"):
            page.goto(live_server.url + path)
            expect(stop).to_be_visible()
            watch.look(page, f"visit{path.replace('/', '-')}{theme}-{width}-{language}")
        page.goto(f"{live_server.url}/accounts/2fa/")
        expect(stop).to_be_visible()
        watch.look(page, f"visit-refused-{theme}-{width}-{language}")
        stop.click()
        page.wait_for_url(f"{live_server.url}/reseller/accounts/membership/{ann.pk}/change/")
    assert SupportVisit.objects.get().ended_at is not None
    assert [one.visitor for one in visits.of(ann)] == [support.user]
    watch.complaints = [text for text in watch.complaints if "403 (Forbidden)" not in text]  # the refused page was asked for


@pytest.mark.parametrize(("theme", "width", "language"), WAYS)
def test_cloudflare_asks_and_where_it_cannot_digits_do(
    browser: Browser,
    watch: Watch,
    live_server: LiveServer,
    ann: Membership,
    cloudflare: Siteverify,
    theme: Theme,
    width: int,
    language: str,
) -> None:
    Tenant.objects.filter(pk=ann.tenant_id).update(captcha="always")
    Turnstile.objects.create(tenant=ann.tenant, site_key="0x4AAA", sealed=turnstile.seal(cloudflare.secret))
    is_there = width == 1440

    def answer(route: Route) -> None:
        if is_there:
            route.fulfill(body=WIDGET % cloudflare.give(), content_type="text/javascript")
        else:
            route.abort()

    with visit(browser, watch, theme=theme, width=width) as page:
        page.route(f"{turnstile.ORIGIN}/**", answer)
        speak(page, live_server, language)
        page.goto(f"{live_server.url}/accounts/login/")
        if not is_there:
            expect(page.locator("input[name=human_digits]")).to_be_visible()
            watch.look(page, f"turnstile-away-{theme}-{width}-{language}")
        else:
            expect(page.get_by_text("0x4AAA sign_in")).to_be_visible()
            watch.look(page, f"turnstile-{theme}-{width}-{language}")
            page.locator("input[name=login]").fill("ann@shop.test")
            page.locator("input[name=password]").fill(PASSWORD)
            page.locator("main form button[type=submit]").first.click()
            expect(page).to_have_url(f"{live_server.url}/console/")
            assert len(cloudflare.asked) == 1
    ours = f"foreign request: {turnstile.SCRIPT}"
    assert ours in watch.complaints
    watch.complaints = [text for text in watch.complaints if text != ours and "ERR_FAILED" not in text]
