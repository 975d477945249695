"""Texts in several languages, typed in tabs of the back office."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import tenants
from accounts.models import AuditEvent, Tenant, User
from billing.models import Category, Product, ProductPicture
from tests.billing.shop import stocked
from tests.console.admin.test_products import COMMON, LIST, errors

pytestmark = pytest.mark.django_db

SHELVES = "/reseller/billing/category/"


def changed(**texts: str) -> dict[str, str]:
    return {**COMMON, "name": "Five dollars", "slug": "five-dollars", "price": "39.00", **texts}


def test_a_product_is_told_in_every_language_of_its_shop(desk: Client, tenant: Tenant) -> None:
    product = stocked(tenant)
    address = f"{LIST}{product.pk}/change/"
    page = desk.get(address).content.decode()
    assert [name in page for name in ("简体中文", "繁體中文", 'placeholder="Five dollars"')] == [True] * 3
    texts = {"text_zh_hans_name": "五美元", "text_zh_hans_slug": "wu", "text_zh_hant_description": "**五**美元", "text_en_summary": " "}
    answer = desk.post(address, changed(**texts))
    assert answer.status_code == 302, errors(answer)
    product.refresh_from_db()
    assert product.translations == {"zh-hans": {"name": "五美元", "slug": "wu"}, "zh-hant": {"description": "**五**美元"}}
    assert AuditEvent.objects.get().after["translations"]["zh-hans"]["name"] == "五美元"
    assert 'value="五美元"' in desk.get(address).content.decode()
    assert desk.post(address, changed(text_zh_hant_description="五")).status_code == 302
    product.refresh_from_db()
    assert product.translations == {"zh-hant": {"description": "五"}}


def test_languages_that_are_not_offered_now_keep_their_texts(desk: Client, tenant: Tenant) -> None:
    product = stocked(tenant)
    Product.objects.filter(pk=product.pk).update(translations={"zh-hant": {"name": "五"}, "en": {"name": "Five"}})
    Tenant.objects.filter(pk=tenant.pk).update(languages=["en", "zh-hans"])
    assert (
        "繁體中文" not in desk.get(f"{LIST}{product.pk}/change/").content.decode().partition("<form")[2].partition('id="product_form"')[2]
    )
    assert desk.post(f"{LIST}{product.pk}/change/", changed(text_en_name="Fünf")).status_code == 302
    product.refresh_from_db()
    assert product.translations == {"zh-hant": {"name": "五"}, "en": {"name": "Fünf"}}


def test_a_shop_of_one_language_has_no_tabs(desk: Client, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(languages=["zh-hans"])
    assert "text_zh_hans_name" not in desk.get(f"{LIST}{stocked(tenant).pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("texts", "field", "why"),
    [
        ({"text_zh_hans_slug": "a b"}, "text_zh_hans_slug", "valid"),
        ({"text_zh_hans_name": "x" * 121}, "text_zh_hans_name", "120"),
        ({"text_zh_hans_slug": "other"}, "__all__", "taken"),
        ({"text_zh_hans_asked": "账号 *"}, "__all__", "same things"),
        ({"asked": "Account *", "text_zh_hans_asked": "地区 = a"}, "__all__", "简体中文: Line 1"),
    ],
)
def test_what_does_not_fit_is_said_where_it_was_typed(desk: Client, tenant: Tenant, texts: dict[str, str], field: str, why: str) -> None:
    product, other = stocked(tenant), stocked(tenant)
    Product.objects.filter(pk=other.pk).update(slug="other")
    assert why in errors(desk.post(f"{LIST}{product.pk}/change/", changed(**texts)))[field][0]
    product.refresh_from_db()
    assert product.translations == {}


def test_a_new_product_and_a_new_category_have_them_too(desk: Client, tenant: Tenant) -> None:
    answer = desk.post(f"{LIST}add/", {**COMMON, "text_zh_hans_name": "十美元"})
    assert answer.status_code == 302, errors(answer)
    assert Product.objects.get().translations == {"zh-hans": {"name": "十美元"}}
    shelf = {"name": "Big", "slug": "big", "sort": "0", "is_active": "on", "description": "All **big** ones", "text_zh_hant_name": "大"}
    assert desk.post(f"{SHELVES}add/", shelf).status_code == 302
    made = Category.objects.get()
    assert (made.tenant, made.description, made.translations) == (tenant, "All **big** ones", {"zh-hant": {"name": "大"}})
    taken = desk.post(f"{SHELVES}add/", {**shelf, "slug": "large", "text_en_slug": "big"})
    assert "big is taken" in errors(taken)["__all__"][0]
    assert desk.post(f"{SHELVES}{made.pk}/change/", {**shelf, "text_zh_hant_name": "大的"}).status_code == 302
    made.refresh_from_db()
    assert made.translations == {"zh-hant": {"name": "大的"}}


def test_a_shop_words_its_brand_in_every_language(desk: Client, tenant: Tenant) -> None:
    address = f"/reseller/accounts/tenant/{tenant.pk}/change/"
    shown = desk.get(address).context["adminform"].form
    typed = {name: shown[name].value() or "" for name in shown.fields} | {"languages": "", "sign_up_domains": ""}
    formset = {"domains-TOTAL_FORMS": "0", "domains-INITIAL_FORMS": "0"}
    own = {"text_zh_hans_name": "茶店", "text_zh_hans_announcement": "新到货", "text_zh_hans_footer": "谢谢"}
    answer = desk.post(address, typed | formset | own)
    assert answer.status_code == 302, errors(answer)
    page = Client(headers={"host": "shop.test", "accept-language": "zh-CN"}).get("/shop/").content.decode()
    assert [text in page for text in ("茶店", "新到货", "谢谢")] == [True] * 3
    Tenant.objects.filter(pk=tenant.pk).update(contact="tea@shop.test")
    assert desk.post(address, typed | formset | own | {"contact": "tea@shop.test", "text_zh_hant_contact": "LINE: tea"}).status_code == 302
    page = Client(headers={"host": "shop.test", "accept-language": "zh-TW"}).get("/shop/").content.decode()
    assert ("LINE: tea" in page, "tea@shop.test" in page) == (True, False)
    page = Client(headers={"host": "shop.test", "accept-language": "zh-CN"}).get("/shop/").content.decode()
    assert [text in page for text in ("谢谢", "tea@shop.test")] == [True] * 2
    assert "茶店" not in Client(headers={"host": "shop.test", "accept-language": "en"}).get("/shop/").content.decode()


def test_the_platform_changes_texts_of_a_shop_and_leaves_it_there(operator: Client, tenant: Tenant) -> None:
    product = stocked(tenant)
    answer = operator.post(f"/admin/billing/product/{product.pk}/change/", changed(text_zh_hans_name="五美元"))
    assert answer.status_code == 302, errors(answer)
    product.refresh_from_db()
    assert (product.tenant_id, product.translations) == (tenant.pk, {"zh-hans": {"name": "五美元"}})


def test_support_reads_texts_and_changes_nothing(tenant: Tenant) -> None:
    product = stocked(tenant)
    Product.objects.filter(pk=product.pk).update(translations={"zh-hans": {"name": "五美元", "asked": "<账号> *"}})
    ProductPicture.objects.create(product=product, name="x", width=1, height=1, translations={"zh-hans": {"alt": "一张卡"}})
    shelf = Category.objects.create(tenant=tenant, name="Big", slug="big", translations={"zh-hant": {"name": "大的"}})
    helper = tenants.join(tenant=tenant, user=User.objects.create_user(email="help@shop.test"), role="support")
    client = Client(HTTP_HOST="shop.test")
    client.force_login(helper.user)
    page = client.get(f"{LIST}{product.pk}/change/").content.decode()
    assert [text in page for text in ("简体中文", "繁體中文", "五美元", "&lt;账号&gt; *")] == [True] * 4
    assert ('name="text_zh_hans_name"' in page, "一张卡" in page) == (False, True)
    assert "大的" in client.get(f"{SHELVES}{shelf.pk}/change/").content.decode()
    assert client.post(f"{LIST}{product.pk}/change/", changed(text_zh_hans_name="x")).status_code == 403
