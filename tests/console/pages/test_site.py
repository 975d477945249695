"""The pages every visitor may open."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from accounts.models import Membership, Tenant
from billing import catalogue

pytestmark = pytest.mark.django_db


def test_the_platform_says_what_it_is(client: Client, root_tenant: Tenant) -> None:
    response = client.get("/", HTTP_HOST="platform.test")
    assert response.status_code == 200
    assert "console/landing.html" in [template.name for template in response.templates]
    assert "http://platform.test/v1/chat/completions" in response.content.decode()


def test_the_platform_sends_buyers_to_its_own_shop_or_in_the_demo_to_its_resellers(
    client: Client, tenant: Tenant, root_tenant: Tenant, settings: Settings
) -> None:
    settings.DEMO = False
    assert client.get("/", HTTP_HOST="platform.test").context["shop_url"] == ""
    settings.DEMO = True
    assert client.get("/", HTTP_HOST="platform.test").context["shop_url"] == "http://shop.test:80/shop/"
    catalogue.add_product(tenant=root_tenant, name="Wholesale", units_micros=5_000_000, price_minor=3_000, currency="CNY")
    assert client.get("/", HTTP_HOST="platform.test").context["shop_url"] == "/shop/"


def test_a_shop_shows_its_own_face(client: Client, tenant: Tenant) -> None:
    response = client.get("/", HTTP_HOST="shop.test")
    assert "console/storefront.html" in [template.name for template in response.templates]
    assert "Tea House" in response.content.decode()


def test_the_first_page_names_itself_and_its_languages(client: Client, tenant: Tenant, root_tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(languages=["en", "zh-hans"])
    page = client.get("/?lang=zh-hans", HTTP_HOST="shop.test").content.decode()
    assert '<link rel="canonical" href="http://shop.test/?lang=zh-hans">' in page
    assert re.findall(r'hreflang="([^"]*)" href="([^"]*)"', page) == [
        ("en", "http://shop.test/?lang=en"),
        ("zh-Hans", "http://shop.test/?lang=zh-hans"),
        ("x-default", "http://shop.test/"),
    ]
    Tenant.objects.filter(pk=tenant.pk).update(languages=["en"])
    page = client.get("/", HTTP_HOST="shop.test").content.decode()
    assert ('<link rel="canonical" href="http://shop.test/">' in page, "hreflang" in page) == (True, False)
    assert '<link rel="canonical" href="http://platform.test/">' in client.get("/", HTTP_HOST="platform.test").content.decode()


def test_a_shop_teases_its_own_products_only(client: Client, tenant: Tenant, root_tenant: Tenant) -> None:
    catalogue.add_product(tenant=tenant, name="Small", units_micros=5_000_000, price_minor=3_900, currency="CNY")
    catalogue.add_product(tenant=root_tenant, name="Wholesale", units_micros=5_000_000, price_minor=3_000, currency="CNY")
    page = client.get("/", HTTP_HOST="shop.test").content.decode()
    assert "Small" in page
    assert "39.00" in page
    assert "Wholesale" not in page


def test_every_page_carries_the_strict_policy(client: Client, tenant: Tenant) -> None:
    policy = client.get("/", HTTP_HOST="shop.test").headers["Content-Security-Policy"]
    assert "script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_brand_sheet_carries_the_tenants_colour_and_may_be_kept(client: Client, tenant: Tenant) -> None:
    tenant.colour = "#0b6e4f"
    tenant.save(update_fields=["colour"])
    response = client.get("/brand.css", HTTP_HOST="shop.test")
    assert response.headers["Content-Type"] == "text/css; charset=utf-8"
    assert ":root{--brand:#0b6e4f;--brand-ink:#ffffff" in response.content.decode()
    assert "immutable" in response.headers["Cache-Control"]


def test_the_theme_is_kept_in_a_cookie_and_put_on_the_page(client: Client, tenant: Tenant) -> None:
    response = client.post("/theme/", {"theme": "dark", "next": "/"}, HTTP_HOST="shop.test")
    assert response.status_code == 302
    assert response.headers["Location"] == "/"
    assert 'data-theme="dark"' in client.get("/", HTTP_HOST="shop.test").content.decode()


def test_an_unknown_theme_changes_nothing_and_no_foreign_address_is_followed(client: Client, tenant: Tenant) -> None:
    response = client.post("/theme/", {"theme": "neon", "next": "https://evil.example/"}, HTTP_HOST="shop.test")
    assert response.headers["Location"] == "/"
    assert "theme" not in response.cookies


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_an_announcement_that_was_put_away_comes_back_when_it_says_something_else(
    client: Client, tenant: Tenant, headers: dict[str, str]
) -> None:
    def shown(language: str = "en") -> bool:
        return 'id="announcement"' in client.get("/", HTTP_HOST="shop.test", headers={"accept-language": language}).content.decode()

    rows = Tenant.objects.filter(pk=tenant.pk)
    rows.update(announcement="Closed on Monday", translations={"zh-hans": {"announcement": "周一休息"}})
    assert shown()
    answer = client.post("/announcement/", {"next": "https://evil.example/"}, HTTP_HOST="shop.test", headers=headers)
    assert (answer.status_code, answer.headers.get("Location")) == ((200, None) if headers else (302, "/"))
    assert (shown(), shown("zh-CN")) == (False, False)
    rows.update(translations={"zh-hans": {"announcement": "周二休息"}})
    assert shown()
    client.post("/announcement/", HTTP_HOST="shop.test")
    rows.update(name="Tea and Rice")
    assert not shown()
    rows.update(announcement="Closed on Tuesday")
    assert shown()


def test_the_language_can_be_switched(client: Client, tenant: Tenant) -> None:
    client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/"}, HTTP_HOST="shop.test")
    assert '<html lang="zh-hans"' in client.get("/", HTTP_HOST="shop.test").content.decode()


def test_the_style_guide_is_for_the_platforms_staff(client: Client, platform_admin: Membership, end_user: Membership) -> None:
    assert client.get("/styleguide/", HTTP_HOST="platform.test").status_code == 404
    client.force_login(end_user.user)
    assert client.get("/styleguide/", HTTP_HOST="platform.test").status_code == 404
    client.force_login(platform_admin.user)
    page = client.get("/styleguide/", HTTP_HOST="platform.test")
    assert page.status_code == 200
    drawn = {Path(name).name for name in (str(template.name) for template in page.templates) if "partials/" in name}
    every = {path.name for path in Path(settings.BASE_DIR, "templates", "partials").iterdir()}
    # One would load a script of Cloudflare's, the others are nothing to look at: what search engines and messengers read.
    assert every - drawn == {"human_turnstile.html", "found_by.html", "open_graph.html"}


def test_a_missing_page_is_in_the_brand(client: Client, tenant: Tenant) -> None:
    response = client.get("/no-such-page/", HTTP_HOST="shop.test")
    assert response.status_code == 404
    assert "Tea House" in response.content.decode()
