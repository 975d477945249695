"""A shop's goods over the API: products, shelves, coupons; none of strangers."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import AuditEvent, Membership, Tenant
from billing import catalogue, codes, ledger, price_book
from billing.models import Category, Coupon, Product
from tests.billing.test_stock_costs import bought
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db
NEW: dict[str, Any] = {"name": "Ten dollars", "units_micros": 10_000_000, "price_minor": 7_000, "currency": "cny"}


def test_a_product_is_added_changed_and_counted(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    shelf = call("POST", "categories/", {"name": "Gifts", "slug": "gifts"})[1]["id"]
    status, made = call("POST", "products/", {**NEW, "category": shelf, "tiers": [{"from": 10, "price_minor": 6_500}], "most_pieces": 50})
    product = Product.objects.get()
    assert (status, made["id"], made["slug"], made["currency"], made["category"]) == (201, product.pk, "ten-dollars", "CNY", shelf)
    assert (product.tiers, product.most_pieces, product.tenant_id) == ([{"from": 10, "price_minor": 6_500}], 50, reseller_owner.tenant_id)
    issuer, stock = ledger.account(kind="issuer"), ledger.account(kind="stock", tenant_id=product.tenant_id)
    ledger.transfer(kind="wholesale", key="more", src_id=issuer.pk, dst_id=stock.pk, amount=30_000_000)
    codes.mint(tenant=product.tenant, units_micros=10_000_000, count=3, product=product)
    status, changed = call("PATCH", f"products/{product.pk}/", {"price_minor": 6_900, "is_active": False})
    assert (status, changed["price_minor"], changed["is_active"], changed["stock"]) == (200, 6_900, False, 3)
    assert [(one.action, one.after) for one in AuditEvent.objects.filter(action="product.change")] == [
        ("product.change", {"price_minor": 6_900, "is_active": False})
    ]
    assert [one["id"] for one in call("GET", f"products/?category={shelf}&is_active=false")[1]["results"]] == [product.pk]
    assert call("GET", "products/?is_active=true")[1]["results"] == []
    assert call("DELETE", f"products/{product.pk}/")[0] == 405


def test_a_product_tells_what_its_quota_cost_and_what_is_left(reseller_owner: Membership, root_tenant: Tenant) -> None:
    call = program(reseller_owner)
    made = call("POST", "products/", NEW)[1]
    assert (made["cost_minor"], made["margin_minor"]) == (None, None)
    bought(reseller_owner.tenant, root_tenant, total=80_000)  # $10 cost 80.00
    changed = call("PATCH", f"products/{made['id']}/", {"price_minor": 7_500})[1]
    assert (changed["cost_minor"], changed["margin_minor"]) == (8_000, -500)
    assert [(one["cost_minor"], one["margin_minor"]) for one in call("GET", "products/")[1]["results"]] == [(8_000, -500)]
    assert changed["held_back"] is None
    price_book.set_ceiling(tenant=reseller_owner.tenant, factor=1_500_000)
    assert call("PATCH", f"products/{made['id']}/", {"price_minor": 12_001})[1]["error"]["fields"].keys() == {"price_minor"}
    assert call("GET", f"products/{made['id']}/")[1]["price_minor"] == 7_500
    assert call("POST", "products/", {**NEW, "price_minor": 12_001})[1]["error"]["fields"].keys() == {"price_minor"}
    assert Product.objects.filter(tenant=reseller_owner.tenant).count() == 1
    assert call("PATCH", f"products/{made['id']}/", {"price_minor": 12_000})[0] == 200


def test_a_top_up_has_a_bonus_and_staff_are_told_below_a_number_of_pieces(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    made = call("POST", "products/", {**NEW, "kind": "topup", "bonus_micros": 500_000, "bonus_days": 7, "low_stock": None})[1]
    assert (made["bonus_micros"], made["bonus_days"], made["low_stock"]) == (500_000, 7, None)
    changed = call("PATCH", f"products/{made['id']}/", {"low_stock": 12, "slug": "ten"})[1]
    assert (changed["low_stock"], changed["slug"]) == (12, "ten")


def test_a_tag_has_own_words_in_languages_and_buyers_read_them(reseller_owner: Membership, end_user: Membership) -> None:
    call = program(reseller_owner)
    said = {"zh-hans": {"tag_text": "多送一成"}}
    made = call("POST", "products/", {**NEW, "tag": "bonus", "tag_text": "+10%", "translations": said})[1]
    assert (made["tag"], made["tag_text"], made["translations"]["zh-hans"]["tag_text"]) == ("bonus", "+10%", "多送一成")
    buyer = program(end_user)
    assert buyer("GET", f"purchases/{made['id']}/")[1]["tag"] == "+10%"
    changed = call("PATCH", f"products/{made['id']}/", {"tag_text": "", "translations": {}})[1]
    assert (changed["tag"], buyer("GET", f"purchases/{made['id']}/")[1]["tag"]) == ("bonus", "Bonus")
    assert call("PATCH", f"products/{made['id']}/", {"tag": ""})[1]["tag"] == ""
    assert call("PATCH", f"products/{made['id']}/", {"tag": "shiny"})[0] == 400
    assert call("PATCH", f"products/{made['id']}/", {"tag_text": "x" * 25})[0] == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"bonus_micros": 1}, "bonus_micros"),
        ({"tiers": [{"from": 10, "price_minor": 7_000}]}, "tiers"),
        ({"tiers": [{"from": 5, "price_minor": 6_000}, {"from": 5, "price_minor": 5_000}]}, "tiers"),
        ({"slug": "taken"}, ""),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(reseller_owner: Membership, body: dict[str, Any], field: str) -> None:
    call = program(reseller_owner)
    catalogue.add_product(tenant=reseller_owner.tenant, name="x", slug="taken", units_micros=1, price_minor=1, currency="CNY")
    status, told = call("POST", "products/", {**NEW, **body})
    assert (status, told["error"]["code"], list(told["error"]["fields"])) == (409, "refused", [field] if field else [])
    assert Product.objects.filter(tenant=reseller_owner.tenant).count() == 1


def test_a_malformed_body_names_each_field(reseller_owner: Membership) -> None:
    status, told = program(reseller_owner)("POST", "products/", {**NEW, "price_minor": 0, "tiers": [{"from": 1, "price_minor": 5}]})
    assert (status, told["error"]["code"]) == (400, "invalid")
    assert set(told["error"]["fields"]) == {"price_minor", "tiers.0.from"}


def test_a_coupon_is_made_changed_and_unique(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    product = call("POST", "products/", NEW)[1]["id"]
    status, made = call("POST", "coupons/", {"code": "SPRING", "kind": "percent", "value": 1_500, "products": [product], "most_uses": 5})
    assert (status, made["value"], made["products"], made["used"]) == (201, 1_500, [product], 0)
    assert call("POST", "coupons/", {"code": "spring", "kind": "fixed", "value": 500})[0] == 409
    assert call("POST", "coupons/", {"code": "ALL", "kind": "percent", "value": 10_001})[1]["error"]["fields"].keys() == {"value"}
    limits = {"not_with_tiers": True, "first_only": True, "group": "vip"}
    limited = call("PATCH", f"coupons/{made['id']}/", limits)[1]
    assert {name: limited[name] for name in limits} == limits
    status, changed = call("PATCH", f"coupons/{made['id']}/", {"is_active": False, "products": []})
    assert (status, changed["is_active"], changed["products"]) == (200, False, [])
    assert [one["id"] for one in call("GET", "coupons/?code=Spring")[1]["results"]] == [made["id"]]


def test_products_and_shelves_are_found_by_their_address_in_any_language(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    texts = {"zh-hans": {"slug": "edu"}}
    for kind, body in (("products", NEW), ("categories", {"name": "Gifts"})):
        made = [call("POST", f"{kind}/", {**body, "slug": slug})[1]["id"] for slug in ("one", "two")]
        assert call("PATCH", f"{kind}/{made[1]}/", {"translations": texts})[0] == 200
        found = [[one["id"] for one in call("GET", f"{kind}/?slug={slug}")[1]["results"]] for slug in ("edu", "two", "one", "three")]
        assert found == [[made[1]], [made[1]], [made[0]], []]
        status, told = call("PATCH", f"{kind}/{made[0]}/", {"translations": texts})
        assert (status, list(told["error"]["fields"])) == (409, ["translations"])


def test_nothing_of_strangers_is_read_changed_or_named(reseller_owner: Membership, stranger: Membership) -> None:
    product = catalogue.add_product(tenant=stranger.tenant, name="theirs", units_micros=1, price_minor=1, currency="CNY")
    shelf = Category.objects.create(tenant=stranger.tenant, slug="s", name="theirs")
    coupon = Coupon.objects.create(tenant=stranger.tenant, code="C", value=1)
    call = program(reseller_owner)
    for kind, row in (("products", product), ("categories", shelf), ("coupons", coupon)):
        assert call("GET", f"{kind}/")[1]["results"] == []
        assert [call(method, f"{kind}/{row.pk}/", {})[0] for method in ("GET", "PATCH")] == [404, 404]
    assert call("POST", "products/", {**NEW, "category": shelf.pk})[0] == 404
    assert call("POST", "products/", {**NEW, "shop": "elsewhere"})[0] == 404
    assert call("POST", "coupons/", {"code": "X", "kind": "percent", "value": 1, "products": [product.pk]})[0] == 404
    assert Product.objects.filter(tenant=reseller_owner.tenant).count() == 0


def test_support_reads_and_the_platform_sells_for_a_shop(reseller_owner: Membership, platform_admin: Membership) -> None:
    status, made = program(platform_admin, host="platform.test")("POST", "products/", {**NEW, "shop": "teahouse"})
    assert (status, made["shop"]) == (201, "teahouse")
    Membership.objects.filter(pk=reseller_owner.pk).update(role="support")
    call = program(reseller_owner)
    assert [one["id"] for one in call("GET", "products/")[1]["results"]] == [made["id"]]
    assert call("POST", "products/", NEW)[0] == 404
    assert call("PATCH", f"products/{made['id']}/", {"name": "x"})[0] == 404


def test_what_is_delivered_by_hand_holds_no_quota_and_variants_have_a_lead(reseller_owner: Membership, stranger: Membership) -> None:
    call = program(reseller_owner)
    body = {**NEW, "units_micros": 0, "kind": "manual", "stock_left": 4, "asked": "Account *\nRegion = EU | US"}
    status, lead = call("POST", "products/", body)
    assert (status, lead["kind"], lead["stock"], lead["asked"]) == (201, "manual", 4, "Account *\nRegion = EU | US")
    assert call("POST", "products/", {**NEW, "kind": "manual"})[0] == 409
    variant = call("POST", "products/", {**NEW, "name": "Five", "lead": lead["id"], "choice": "$5"})[1]
    assert (variant["lead"], variant["choice"]) == (lead["id"], "$5")
    assert list(call("PATCH", f"products/{lead['id']}/", {"lead": variant["id"]})[1]["error"]["fields"]) == ["lead"]
    assert list(call("PATCH", f"products/{lead['id']}/", {"asked": "= a"})[1]["error"]["fields"]) == ["asked"]
    theirs = catalogue.add_product(tenant=stranger.tenant, name="t", units_micros=1, price_minor=1, currency="CNY")
    assert call("PATCH", f"products/{variant['id']}/", {"lead": theirs.pk})[0] == 404
