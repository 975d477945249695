"""What orders cost: tiers and coupons, each used exactly as often as allowed."""

from __future__ import annotations

import datetime
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import offers, orders
from billing.models import Coupon, Order, Product
from tests.billing.shop import pay, sandbox, stocked

pytestmark = pytest.mark.django_db


def coupon(tenant: Tenant, **changes: object) -> Coupon:
    return Coupon.objects.create(**{"tenant": tenant, "code": "SPRING", "kind": "percent", "value": 1000, "currency": "CNY"} | changes)


def buy(product: Product, *, email: str = "guest@example.test", contact: str = "", text: str = "spring") -> Order:
    return orders.place(product=product, buyer=orders.Buyer(email=email, contact=contact), coupon=text).order


def used(tenant: Tenant) -> int:
    return Coupon.objects.get(tenant=tenant).used


def test_the_highest_tier_reached_is_the_price(tenant: Tenant) -> None:
    product = stocked(tenant)
    product.tiers = [{"from": 10, "price_minor": 3700}, {"from": 50, "price_minor": 3500}]
    assert [offers.unit_price(product, count) for count in (1, 9, 10, 49, 50, 500)] == [3900, 3900, 3700, 3700, 3500, 3500]
    assert offers.quote(product=product, quantity=10) == offers.Quote(3700, 37_000, 0, 37_000)


@pytest.mark.parametrize("tiers", [[(1, 3000)], [(10, 3900)], [(10, 3000), (5, 2000)], [(10, 3000), (20, 3000)], [(10, 0)]])
def test_tiers_must_rise_in_pieces_and_fall_in_price(tiers: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="Each tier needs more pieces"):
        offers.check_tiers([{"from": pieces, "price_minor": price} for pieces, price in tiers], price_minor=3900)


@pytest.mark.parametrize(
    ("changes", "discount"),
    [
        ({}, 390),  # 10 % of 39.00
        ({"value": 3333}, 1299),  # 33.33 % of 39.00 = 12.9987, rounded in the shop's favour
        ({"value": 5000, "most_minor": 1000}, 1000),
        ({"kind": "fixed", "value": 500}, 500),
        ({"kind": "fixed", "value": 99_900}, 3899),  # no gateway takes an order for nothing
        ({"value": 10_000}, 3899),
    ],
)
def test_coupons_take_off_what_they_say(tenant: Tenant, changes: dict[str, object], discount: int) -> None:
    product = stocked(tenant)
    coupon(tenant, **changes)
    price = offers.quote(product=product, quantity=1, coupon=" spring ")
    assert (price.discount_minor, price.total_minor) == (discount, 3900 - discount)


def test_coupons_that_do_not_count_say_why(tenant: Tenant, stranger: object) -> None:
    product, now = stocked(tenant), timezone.now()
    cases: list[tuple[dict[str, object], str]] = [
        ({"is_active": False}, "There is no such coupon"),
        ({"starts_at": now + datetime.timedelta(hours=1)}, "There is no such coupon"),
        ({"ends_at": now - datetime.timedelta(hours=1)}, "There is no such coupon"),
        ({"least_minor": 5000}, "counts from ¥50"),
        ({"kind": "fixed", "currency": "USD"}, "another currency"),
        ({"most_uses": 0}, "used up"),
    ]
    for changes, why in cases:
        Coupon.objects.all().delete()
        coupon(tenant, **changes)
        with pytest.raises(offers.BadCoupon, match=why):
            offers.quote(product=product, quantity=1, coupon="SPRING")
    Coupon.objects.all().delete()
    other = stocked(tenant)
    coupon(tenant).products.add(other)
    with pytest.raises(offers.BadCoupon, match="other products"):
        offers.quote(product=product, quantity=1, coupon="SPRING")
    assert offers.quote(product=other, quantity=1, coupon="SPRING").discount_minor == 390


@pytest.mark.parametrize("changes", [{"value": 5000, "most_minor": 1000}, {"least_minor": 1000}])
def test_amounts_of_a_coupon_mean_its_own_currency(tenant: Tenant, changes: dict[str, object]) -> None:
    coupon(tenant, **changes)
    assert offers.quote(product=stocked(tenant), quantity=1, coupon="spring").discount_minor > 0
    with pytest.raises(offers.BadCoupon, match="another currency"):
        offers.quote(product=stocked(tenant, currency="USD"), quantity=1, coupon="spring")
    Coupon.objects.update(most_minor=None, least_minor=0)
    assert offers.quote(product=stocked(tenant, currency="USD"), quantity=1, coupon="spring").discount_minor > 0


def test_one_that_is_not_for_many_counts_below_the_first_tier(tenant: Tenant) -> None:
    product = stocked(tenant)
    product.tiers = [{"from": 10, "price_minor": 3700}]
    coupon(tenant, not_with_tiers=True)
    assert offers.quote(product=product, quantity=9, coupon="spring").discount_minor == 3_510
    with pytest.raises(offers.BadCoupon, match="prices for many"):
        offers.quote(product=product, quantity=10, coupon="spring")


def test_one_for_a_group_is_for_its_members_alone(tenant: Tenant, end_user: Membership) -> None:
    product = stocked(tenant)
    coupon(tenant, group="vip")
    for member in (None, end_user):
        with pytest.raises(offers.BadCoupon, match="other customers"):
            offers.quote(product=product, quantity=1, coupon="spring", email="a@example.test", membership=member)
    end_user.group = "vip"
    assert offers.quote(product=product, quantity=1, coupon="spring", membership=end_user).discount_minor == 390


def test_one_for_a_first_order_is_taken_once_by_who_never_paid(tenant: Tenant) -> None:
    product = stocked(tenant, count=9)
    coupon(tenant, first_only=True)
    first = buy(product)
    with pytest.raises(offers.BadCoupon, match="used this coupon before"):
        buy(product)
    orders.cancel(order=first)
    again = buy(product)
    pay(orders.start_payment(order=again, account=sandbox(tenant)))
    with pytest.raises(offers.BadCoupon, match="used this coupon before"):
        buy(product)
    Coupon.objects.update(used=0)
    again.coupon_use.delete()
    with pytest.raises(offers.BadCoupon, match="first order"):
        buy(product)
    assert buy(product, email="other@example.test").coupon_use.discount_minor == 390


def test_an_order_keeps_its_coupon_and_gives_it_back_unpaid(tenant: Tenant) -> None:
    """W12: an order that ends unpaid has used none."""
    product = stocked(tenant)
    coupon(tenant, most_uses=1)
    order = buy(product)
    assert (order.total_minor, used(tenant)) == (3510, 1)
    with pytest.raises(offers.BadCoupon, match="used up"):
        buy(product, email="other@example.test")
    orders.cancel(order=order)
    orders.expire_due()
    assert used(tenant) == 0
    assert buy(product, email="other@example.test").total_minor == 3510
    assert used(tenant) == 1


def test_each_customer_uses_it_as_often_as_each_may(tenant: Tenant) -> None:
    product = stocked(tenant)
    coupon(tenant, most_uses_each=1)
    buy(product)
    with pytest.raises(offers.BadCoupon, match="before"):
        buy(product, email="Guest@Example.test")
    buy(product, email="other@example.test")
    assert used(tenant) == 2


def test_who_leaves_a_telephone_number_uses_it_no_more_often(tenant: Tenant) -> None:
    product = stocked(tenant)
    coupon(tenant, most_uses_each=1)
    buy(product, email="", contact="13800000000")
    for email in ("", "another@example.test"):
        with pytest.raises(offers.BadCoupon, match="before"):
            buy(product, email=email, contact=" 13800000000")
    assert used(tenant) == 1


def test_a_refused_order_takes_no_coupon(tenant: Tenant) -> None:
    product = stocked(tenant, count=1)
    coupon(tenant)
    buy(product, email="first@example.test")
    with pytest.raises(Exception, match="sold out"):
        buy(product, email="second@example.test")
    assert used(tenant) == 1


def test_a_coupon_for_three_is_taken_three_times_by_ten_at_once(transactional_db: None, root_tenant: Tenant) -> None:
    """W12: counted by compare-and-swap, never below nothing."""
    product = stocked(root_tenant, count=10)
    coupon(root_tenant, most_uses=3)
    barrier = threading.Barrier(10)

    def order(n: int) -> bool:
        try:
            barrier.wait()
            buy(product, email=f"buyer{n}@example.test")
        except offers.BadCoupon:
            return False
        else:
            return True
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(order, range(10))) == 3
    assert (used(root_tenant), Order.objects.count()) == (3, 3)


def test_pieces_per_order_and_per_customer_are_bounded(tenant: Tenant) -> None:
    product = stocked(tenant, count=9)
    Product.objects.update(least_pieces=2, most_pieces=4, most_each=5)
    product.refresh_from_db()
    who = orders.Buyer(email="guest@example.test")
    for count in (1, 5):
        with pytest.raises(orders.BadOrder, match="Order 2 to 4 pieces"):
            orders.place(product=product, buyer=who, quantity=count)
    first = orders.place(product=product, buyer=who, quantity=4).order
    with pytest.raises(orders.BadOrder, match="you can order 1 more"):
        orders.place(product=product, buyer=who, quantity=2)
    orders.cancel(order=first)
    orders.place(product=product, buyer=who, quantity=2)
