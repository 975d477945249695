"""Categories, coupons and offers in the back office, typed as people write them."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import tenants
from accounts.models import AuditEvent, Tenant, User
from billing import catalogue
from billing.models import Category, Coupon, Product

pytestmark = pytest.mark.django_db

COUPONS = "/reseller/billing/coupon/"


def values(**changes: str) -> dict[str, str]:
    common = {"code": "SPRING", "kind": "percent", "amount": "10", "currency": "CNY", "is_active": "on", "least": "", "most": ""}
    return common | changes


def test_a_shop_makes_a_shelf(desk: Client, tenant: Tenant) -> None:
    desk.post("/reseller/billing/category/add/", {"name": "Big ones", "slug": "big", "sort": "0", "is_active": "on"})
    shelf = Category.objects.get()
    assert (shelf.tenant, shelf.slug) == (tenant, "big")


def test_a_coupon_is_typed_in_per_cents_or_money(desk: Client, tenant: Tenant) -> None:
    assert desk.post(f"{COUPONS}add/", values(amount="12.5", most="20")).status_code == 302
    assert desk.post(f"{COUPONS}add/", values(code="FIVE", kind="fixed", amount="5.00", least="30")).status_code == 302
    found = {one.code: (one.tenant, one.value, one.least_minor, one.most_minor) for one in Coupon.objects.all()}
    assert found == {"SPRING": (tenant, 1250, 0, 2000), "FIVE": (tenant, 500, 3000, None)}
    page = desk.get(COUPONS).content.decode()
    assert "12.5 %" in page
    assert "¥5.00" in page


@pytest.mark.parametrize(
    ("changes", "why"), [({"amount": "101"}, "at most 100"), ({"amount": "x"}, "write it like"), ({"amount": "0"}, "more than 0")]
)
def test_what_is_no_reduction_is_said(desk: Client, tenant: Tenant, changes: dict[str, str], why: str) -> None:
    assert why in desk.post(f"{COUPONS}add/", values(**changes)).content.decode()
    assert not Coupon.objects.exists()


def test_a_changed_coupon_keeps_its_count_and_is_in_the_trail(desk: Client, tenant: Tenant) -> None:
    coupon = Coupon.objects.create(tenant=tenant, code="SPRING", kind="percent", value=1000, used=3)
    assert 'value="10.00"' in desk.get(f"{COUPONS}{coupon.pk}/change/").content.decode()
    desk.post(f"{COUPONS}{coupon.pk}/change/", values(amount="15", most_uses="9"))
    coupon.refresh_from_db()
    assert (coupon.value, coupon.used, coupon.most_uses) == (1500, 3, 9)
    event = AuditEvent.objects.get(action="coupon.change")
    assert (event.before["value"], event.after["value"]) == (1000, 1500)


def test_prices_for_many_are_typed_in_one_line(desk: Client, tenant: Tenant) -> None:
    product = catalogue.add_product(tenant=tenant, name="Five", units_micros=5_000_000, price_minor=3900, currency="CNY")
    address = f"/reseller/billing/product/{product.pk}/change/"
    form = {
        "name": "Five", "price": "39.00", "is_active": "on", "sort": "0", "compare": "45", "many": "10 = 37.00, 50 = 35",
        "stock_shown": "exact", "least_pieces": "1", "most_pieces": "50", "most_each": "", "description": "", "instructions": "",
        "slug": "five", "pictures-TOTAL_FORMS": "0", "pictures-INITIAL_FORMS": "0", "bonus_days": "30",
    }  # fmt: skip
    assert desk.post(address, form).status_code == 302
    product.refresh_from_db()
    assert product.tiers == [{"from": 10, "price_minor": 3700}, {"from": 50, "price_minor": 3500}]
    assert (product.compare_minor, product.stock_shown, product.most_pieces) == (4500, "exact", 50)
    assert "10 = 37.00, 50 = 35.00" in desk.get(address).content.decode()
    for wrong, why in (("10: 37", "Write pieces = price"), ("10 = 40", "Each tier needs"), ("10 = x", "write it like")):
        assert why in desk.post(address, {**form, "many": wrong}).content.decode()
    assert "At most must not be less" in desk.post(address, {**form, "least_pieces": "60"}).content.decode()
    assert Product.objects.get().tiers == product.tiers


def test_support_reads_what_a_coupon_takes_off(tenant: Tenant) -> None:
    coupon = Coupon.objects.create(tenant=tenant, code="SPRING", kind="percent", value=1250, least_minor=3_000, most_minor=2_000)
    helper = tenants.join(tenant=tenant, user=User.objects.create_user(email="help@shop.test"), role="support")
    client = Client(HTTP_HOST="shop.test")
    client.force_login(helper.user)
    page = client.get(f"{COUPONS}{coupon.pk}/change/").content.decode()
    assert [text in page for text in ("12.50", "30.00", "20.00", 'name="amount"')] == [True, True, True, False]
