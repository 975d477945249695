"""Figures of sales are exact: money by currency, what went back, cost at the price the shop bought for, margin, funnel, products."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import codes, ledger, orders, refunds, sales
from billing.models import Code, Order, PaymentAttempt, Product
from tests.billing.shop import FIVE, PRICE, attempt, bought_from, manual_product, pay, place, sandbox, stocked
from tests.billing.test_direct import product_of, stock_up
from tests.billing.test_settlement import settle

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
Span = dict[str, datetime.datetime]


@pytest.fixture
def span() -> Span:
    today = timezone.now().astimezone(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {"since": today, "until": today + DAY}


def of(shop: Tenant, span: Span) -> dict[str, sales.Sales]:
    """A shop's sales of a span by currency."""
    return sales.fold(sales.by_day(Order.objects.filter(tenant=shop), **span), by=lambda key: key.currency)


def buy_stock(shop: Tenant, *, seller: Tenant) -> None:
    """$10 of stock for 70.00."""
    stock_up(seller, 10_000_000)
    wholesale = product_of(seller, kind="stock")
    made = orders.place(product=wholesale, buyer=orders.Buyer(email="owner@shop.test", recipient=shop)).order
    assert settle(orders.start_payment(order=made, account=sandbox(seller))).state == "delivered"


def test_sales_are_summed_by_shop_day_and_currency(tenant: Tenant, root_tenant: Tenant, span: Span) -> None:
    five, dollars = stocked(tenant, count=5), stocked(root_tenant, currency="USD")
    bought_from(five, quantity=2)
    early = bought_from(five)
    Order.objects.filter(pk=early.pk).update(paid_at=span["since"] - DAY)
    bought_from(dollars)
    place(five)  # never paid
    today = span["since"].date()
    found = sales.by_day(Order.objects.all(), since=span["since"] - DAY, until=span["until"])
    assert found == {
        sales.Key(tenant.pk, today - DAY, "CNY"): sales.Sales(1, 1, PRICE, quota_micros=FIVE, cost_minor=None),
        sales.Key(root_tenant.pk, today, "USD"): sales.Sales(1, 1, PRICE, quota_micros=FIVE, cost_minor=None),
        sales.Key(tenant.pk, today, "CNY"): sales.Sales(1, 2, 2 * PRICE, quota_micros=2 * FIVE, cost_minor=None),
    }
    assert of(tenant, span) == {"CNY": sales.Sales(1, 2, 2 * PRICE, quota_micros=2 * FIVE, cost_minor=None)}


def test_the_margin_is_what_the_stock_did_not_cost(tenant: Tenant, root_tenant: Tenant, span: Span) -> None:
    buy_stock(tenant, seller=root_tenant)
    bought_from(stocked(tenant))
    one = of(tenant, span)["CNY"]
    assert (one.gross_minor, one.cost_minor, one.margin_minor) == (PRICE, 3_500, PRICE - 3_500)


def test_goods_without_quota_cost_nothing_the_books_know(tenant: Tenant, span: Span) -> None:
    bought_from(manual_product(tenant))
    assert of(tenant, span) == {"CNY": sales.Sales(1, 1, PRICE, quota_micros=0, cost_minor=0)}
    assert of(tenant, span)["CNY"].margin_minor == PRICE


def test_what_goes_back_takes_its_share_of_the_cost_along(tenant: Tenant, root_tenant: Tenant, end_user: Membership, span: Span) -> None:
    buy_stock(tenant, seller=root_tenant)
    order = bought_from(stocked(tenant), quantity=2)
    one_code = order.codes.filter(state=Code.State.SOLD).select_related("batch")[:1]
    codes.redeem(membership=end_user, code=codes.reveal(one_code)[0])
    wallet, sink = ledger.wallet(membership_id=end_user.pk).pk, ledger.account(kind="sink_usage").pk
    ledger.transfer(kind="test", key="spent", src_id=wallet, dst_id=sink, amount=FIVE)
    refunds.start(attempt=PaymentAttempt.objects.get(order=order), actor=None, reason="half is unused")
    one = of(tenant, span)["CNY"]
    assert (one.orders, one.gross_minor, one.returned_minor, one.quota_micros) == (1, 2 * PRICE, PRICE, FIVE)
    assert (one.cost_minor, one.margin_minor) == (3_500, PRICE - 3_500)


def test_a_gesture_costs_margin_and_a_lent_accounts_fee_too(tenant: Tenant, root_tenant: Tenant, span: Span) -> None:
    lent = sandbox(root_tenant)
    lent.lent_fee = 200  # 2 %
    lent.save(update_fields=["lent_fee"])
    lent.lent_to.add(tenant)
    order = pay(attempt(manual_product(tenant), lent))
    refunds.start(attempt=PaymentAttempt.objects.get(order=order), actor=None, reason="sorry", gesture_minor=100)
    one = of(tenant, span)["CNY"]
    assert (one.returned_minor, one.fees_minor, one.margin_minor) == (100, 78, PRICE - 178)


def test_a_sum_with_an_unknown_cost_is_unknown() -> None:
    known, unknown = sales.Sales(1, 1, 10, cost_minor=4), sales.Sales(1, 1, 10, cost_minor=None)
    assert (known + known).margin_minor == 12
    assert (known + unknown).cost_minor is None
    assert (known + unknown).margin_minor is None


def test_the_funnel_tells_how_far_orders_came(tenant: Tenant, end_user: Membership, span: Span) -> None:
    five = stocked(tenant, count=9)
    place(five)
    attempt(five, sandbox(tenant), email="second@example.test")
    bought_from(five, email="third@example.test")
    bought_from(manual_product(tenant), email="fourth@example.test")
    redeemed = bought_from(five, email="fifth@example.test")
    codes.redeem(membership=end_user, code=codes.reveal(redeemed.codes.select_related("batch"))[0])
    old = place(five, email="sixth@example.test").order
    Order.objects.filter(pk=old.pk).update(created_at=span["since"] - DAY)
    assert sales.funnel(Order.objects.filter(tenant=tenant), **span) == sales.Funnel(
        placed=5, started=4, paid=3, delivered=2, with_codes=2, redeemed=1
    )


def test_the_best_products_are_the_dearest_of_the_common_currency_first(tenant: Tenant, span: Span) -> None:
    five, manual = stocked(tenant, count=9), manual_product(tenant)
    dollars = stocked(tenant, currency="USD")
    Product.objects.filter(pk=manual.pk).update(name="Set-up")
    for email in ("a@b.test", "c@d.test"):
        bought_from(five, quantity=2, email=email)
    bought_from(manual)
    bought_from(dollars, quantity=3)
    found = sales.best(Order.objects.filter(tenant=tenant), **span, most=3)
    assert found == [
        sales.Best("Five dollars", "CNY", 2, 4, 4 * PRICE),
        sales.Best("Set-up", "CNY", 1, 1, PRICE),
        sales.Best("Five dollars", "USD", 1, 3, 3 * PRICE),
    ]
    assert sales.best(Order.objects.filter(tenant=tenant), **span, most=1) == found[:1]
    Order.objects.filter(email="a@b.test").update(product_name="五美元", language="zh-hans")
    for language, name in (("en", "Five dollars"), ("zh-hant", "五美元")):
        Order.objects.filter(email="c@d.test").update(language=language)
        assert sales.best(Order.objects.filter(tenant=tenant), **span, most=1)[0].name == name
