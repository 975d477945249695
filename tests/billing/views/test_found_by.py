"""What search engines and messengers read: site map, robots' rules, and a product page's words about itself."""

from __future__ import annotations

import html
import json
import re
from xml.etree import ElementTree

import pytest
from django.test import Client

from accounts import tenants
from accounts.models import Membership, Tenant
from billing.models import Category, Product
from tests.billing.shop import card_product, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest() -> Client:
    return Client(headers={"host": "shop.test"})


def said(page: str) -> dict[str, object]:
    """The JSON-LD of a page."""
    [found] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    values: dict[str, object] = json.loads(found)
    return values


def test_a_product_page_says_what_it_sells(guest: Client, tenant: Tenant) -> None:
    product = stocked(tenant)
    Product.objects.filter(pk=product.pk).update(description="Works with **every** model.")
    page = guest.get("/p/five-dollars/").content.decode()
    assert '<meta name="description" content="Works with every model.">' in page
    assert '<meta property="og:title" content="Five dollars">' in page
    assert '<link rel="canonical" href="http://shop.test/p/five-dollars/">' in page
    assert said(page) == {
        "@context": "https://schema.org", "@type": "Product", "name": "Five dollars", "url": "http://shop.test/p/five-dollars/",
        "sku": "five-dollars", "description": "Works with every model.",
        "offers": [{
            "@type": "Offer", "url": "http://shop.test/p/five-dollars/", "price": "39.00", "priceCurrency": "CNY",
            "availability": "https://schema.org/InStock",
        }],
    }  # fmt: skip


def test_the_shops_page_says_what_it_is_where_it_is_shared(guest: Client, tenant: Tenant) -> None:
    product = stocked(tenant)
    shelf = Category.objects.create(tenant=tenant, slug="big", name="Big ones", description="For **teams**.")
    Product.objects.filter(pk=product.pk).update(category=shelf)
    whole, narrowed = (guest.get(path).content.decode() for path in ("/shop/", "/shop/?category=big&view=list"))
    for page, title, address in ((whole, "Tea House", "/shop/"), (narrowed, "Big ones", "/shop/?category=big")):
        assert f'<meta property="og:title" content="{title}">' in page
        assert f'<meta property="og:url" content="http://shop.test{address}">' in page
        assert '<meta property="og:locale" content="en">' in page
    assert '<meta property="og:description" content="For teams.">' in narrowed


def test_no_name_ends_the_script(guest: Client, tenant: Tenant) -> None:
    product = stocked(tenant)
    nasty = "</script><script>alert(1)</script>"
    Product.objects.filter(pk=product.pk).update(name=nasty, description=nasty)
    page = guest.get("/p/five-dollars/").content.decode()
    assert "<script>alert" not in page
    assert said(page)["name"] == nasty


def test_the_site_map_lists_this_shop_alone(guest: Client, tenant: Tenant, stranger: Membership) -> None:
    stocked(tenant)
    hidden = card_product(tenant)
    Product.objects.filter(pk=hidden.pk).update(is_active=False)
    card_product(stranger.tenant)
    answer = guest.get("/sitemap.xml")
    assert answer["Content-Type"] == "application/xml"
    places = [node.text for node in ElementTree.fromstring(answer.content).iter() if node.tag.endswith("loc")]  # noqa: S314  # our own
    pages = ["http://shop.test/", "http://shop.test/shop/", "http://shop.test/p/five-dollars/"]
    assert places == [f"{page}{query}" for page in pages for query in ("", *(f"?lang={one}" for one in ("zh-hant", "zh-hans", "en")))]


def test_the_site_map_of_one_language_says_nothing_of_languages(guest: Client, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(languages=["zh-hans"], language="zh-hans")
    body = guest.get("/sitemap.xml").content.decode()
    assert "<loc>http://shop.test/shop/</loc></url>" in body
    assert "hreflang" not in body
    assert "hreflang" not in guest.get("/shop/").content.decode()


@pytest.fixture
def spoken(tenant: Tenant) -> Product:
    """A product on a shelf, both with an address of their own in Chinese."""
    shelf = Category.objects.create(tenant=tenant, name="Codes", slug="codes", translations={"zh-hans": {"slug": "edu"}})
    product = stocked(tenant)
    said = {"zh-hans": {"name": "五美元", "slug": "wu-meiyuan", "summary": "立即到账"}}
    Product.objects.filter(pk=product.pk).update(category=shelf, translations=said)
    return product


def links(page: str) -> dict[str, str]:
    return dict(re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', html.unescape(page)))


def test_a_product_names_its_address_in_every_language(guest: Client, spoken: Product) -> None:
    there = {
        "en": "http://shop.test/p/five-dollars/?lang=en", "zh-Hans": "http://shop.test/p/wu-meiyuan/?lang=zh-hans",
        "zh-Hant": "http://shop.test/p/five-dollars/?lang=zh-hant", "x-default": "http://shop.test/p/five-dollars/",
    }  # fmt: skip
    for tag, address in there.items():
        page = guest.get(address, headers={"accept-language": "en"}).content.decode()
        assert links(page) == there, tag
        assert f'<link rel="canonical" href="{address}">' in html.unescape(page)
        guest.cookies.clear()
    page = guest.get(there["zh-Hans"]).content.decode()
    assert '<html lang="zh-hans"' in page
    assert '<meta name="description" content="立即到账">' in page
    assert said(page)["name"] == "五美元"
    assert (said(page)["url"], said(page)["sku"]) == (there["zh-Hans"], "five-dollars")


def test_a_category_names_its_address_in_every_language(guest: Client, spoken: Product) -> None:
    page = guest.get("/shop/?category=codes&lang=zh-hans&q=x").content.decode()
    assert links(page)["zh-Hans"] == "http://shop.test/shop/?category=edu&lang=zh-hans"
    assert '<link rel="canonical" href="http://shop.test/shop/?category=edu&amp;lang=zh-hans">' in page
    body = html.unescape(guest.get("/sitemap.xml").content.decode())
    assert "<loc>http://shop.test/shop/?category=edu&lang=zh-hans</loc>" in body
    assert '<xhtml:link rel="alternate" hreflang="zh-Hans" href="http://shop.test/p/wu-meiyuan/?lang=zh-hans"/>' in body


def test_a_second_domain_names_the_first(tenant: Tenant) -> None:
    stocked(tenant)
    tenant.domains.update(is_primary=False)
    tenants.add_domain(tenant=tenant, host="tea.example", is_primary=True)
    page = Client(headers={"host": "shop.test"}).get("/p/five-dollars/").content.decode()
    assert '<link rel="canonical" href="http://tea.example/p/five-dollars/">' in page


def test_robots_stay_out_of_what_is_private(guest: Client, tenant: Tenant) -> None:
    text = guest.get("/robots.txt").content.decode()
    assert "Disallow: /o/\n" in text
    assert text.endswith("Sitemap: http://shop.test/sitemap.xml\n")
