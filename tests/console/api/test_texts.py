"""Texts in several languages over the API: of products, categories and the shop itself."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import AuditEvent, Membership
from billing.models import Category, Product
from tests.console.api.conftest import program
from tests.console.api.test_products import NEW

pytestmark = pytest.mark.django_db
TEXTS: dict[str, Any] = {"zh-hans": {"name": "十美元", "slug": "shi", "asked": "账号 *"}, "en": {"name": ""}}


def test_a_product_is_written_and_read_in_every_language(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    status, made = call("POST", "products/", {**NEW, "asked": "Account *", "summary": "At once", "translations": TEXTS})
    assert (status, made["summary"]) == (201, "At once")
    assert made["translations"] == {"zh-hans": {"name": "十美元", "slug": "shi", "asked": "账号 *"}}
    status, told = call("PATCH", f"products/{made['id']}/", {"translations": {"zh-hant": {"meta_title": "十"}}})
    assert (status, told["translations"]) == (200, {"zh-hant": {"meta_title": "十"}})
    assert AuditEvent.objects.get(action="product.change").after == {"translations": {"zh-hant": {"meta_title": "十"}}}
    assert call("GET", f"products/{made['id']}/")[1]["translations"] == {"zh-hant": {"meta_title": "十"}}


@pytest.mark.parametrize(
    ("texts", "status", "field"),
    [
        ({"en": {"name": "x" * 121}}, 400, "translations.en.name"),
        ({"en": {"slug": "a b"}}, 400, "translations.en.slug"),
        ({"en": {"slug": "taken"}}, 409, "translations"),
        ({"en": {"asked": "Account *\nMore"}}, 409, "translations"),
        ({"en": "Ten"}, 400, "translations.en"),
        ([], 400, "translations"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(reseller_owner: Membership, texts: Any, status: int, field: str) -> None:
    call = program(reseller_owner)
    call("POST", "products/", {**NEW, "slug": "taken"})
    found, told = call("POST", "products/", {**NEW, "asked": "Account *", "translations": texts})
    assert (found, [name.partition(".non_field")[0] for name in told["error"]["fields"]]) == (status, [field])
    assert Product.objects.count() == 1


def test_categories_and_the_shop_have_texts_too(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    body = {"name": "Gifts", "slug": "gifts", "description": "All", "translations": {"zh-hans": {"name": "礼品", "slug": "lipin"}}}
    status, made = call("POST", "categories/", body)
    assert (status, made["description"], made["translations"]) == (201, "All", {"zh-hans": {"name": "礼品", "slug": "lipin"}})
    assert call("POST", "categories/", {"name": "x", "slug": "lipin"})[0] == 409
    assert Category.objects.count() == 1
    status, told = call("PATCH", "shop/", {"translations": {"zh-hant": {"name": "茶店", "announcement": "新", "footer": "謝"}}})
    assert (status, told["translations"]) == (200, {"zh-hant": {"name": "茶店", "announcement": "新", "footer": "謝"}})
