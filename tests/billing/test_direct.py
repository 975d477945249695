"""Quota straight from stock: top-ups with a bonus that ends, wholesale into a shop's stock; each once, and never more than there is."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from accounts import tenants
from accounts.models import Membership, Tenant
from billing import audit, catalogue, codes, direct, disputes, ledger, lots, orders, refunds, settlement
from billing.models import Hold, LedgerAccount, Order, PaymentAttempt, Product
from tests.billing.shop import sandbox
from tests.billing.test_settlement import settle

pytestmark = pytest.mark.django_db
TEN, TWO = 10_000_000, 2_000_000
PRICE = 7_000


@pytest.fixture(autouse=True)
def _books_are_clean(db: None) -> Iterator[None]:
    yield
    assert audit.run() == []


def stock_up(tenant: Tenant, micros: int) -> None:
    source, stock = ledger.account(kind="issuer").pk, codes.stock_of(tenant.pk)
    ledger.transfer(kind="wholesale", key=f"fund:{tenant.pk}:{micros}", src_id=source, dst_id=stock, amount=micros)


def product_of(tenant: Tenant, *, kind: str = "topup", bonus: int = TWO) -> Product:
    made = catalogue.add_product(tenant=tenant, name="Ten dollars", units_micros=TEN, price_minor=PRICE, currency="CNY", kind=kind)
    Product.objects.filter(pk=made.pk).update(bonus_micros=bonus if kind == "topup" else 0, bonus_days=30)
    made.refresh_from_db()
    return made


def pay(product: Product, *, member: Membership | None = None, recipient: Tenant | None = None, quantity: int = 1) -> PaymentAttempt:
    buyer = orders.Buyer(email="ann@shop.test", membership=member, recipient=recipient)
    order = orders.place(product=product, buyer=buyer, quantity=quantity).order
    return orders.start_payment(order=order, account=sandbox(product.tenant))


def stock(tenant: Tenant) -> tuple[int, int]:
    row = LedgerAccount.objects.get(pk=codes.stock_of(tenant.pk))
    return row.balance, row.held


def wallet(member: Membership) -> tuple[int, int]:
    found = ledger.balance(membership_id=member.pk)
    return found.available_micros, found.expiring_micros


def test_a_top_up_lands_in_the_wallet_and_its_bonus_in_a_lot_that_ends(end_user: Membership) -> None:
    shop = end_user.tenant
    stock_up(shop, 30_000_000)
    attempt = pay(product_of(shop), member=end_user, quantity=2)
    assert stock(shop) == (30_000_000, 24_000_000)
    order = settle(attempt)
    settle(attempt)
    assert (order.state, stock(shop), wallet(end_user)) == ("delivered", (6_000_000, 0), (24_000_000, 4_000_000))
    lot = LedgerAccount.objects.get(kind="lot")
    assert lot.expires_at is not None
    left = lot.expires_at - timezone.now()
    assert datetime.timedelta(days=30) <= left <= datetime.timedelta(days=31)
    LedgerAccount.objects.filter(pk=lot.pk).update(expires_at=timezone.now() - datetime.timedelta(seconds=1))
    assert lots.expire_due() == 1
    assert (stock(shop), wallet(end_user)) == ((10_000_000, 0), (20_000_000, 0))


def test_what_the_stock_does_not_cover_is_sold_out(end_user: Membership) -> None:
    stock_up(end_user.tenant, TEN + TWO - 1)
    with pytest.raises(codes.SoldOut):
        pay(product_of(end_user.tenant), member=end_user)
    assert not Order.objects.exists()


def test_an_order_that_ends_unpaid_lets_go_of_the_stock_and_late_money_takes_it_again(end_user: Membership) -> None:
    stock_up(end_user.tenant, TEN + TWO)
    attempt = pay(product_of(end_user.tenant), member=end_user)
    orders.cancel(order=attempt.order)
    assert stock(end_user.tenant) == (TEN + TWO, 0)
    assert settle(attempt).state == "delivered"
    assert (stock(end_user.tenant), wallet(end_user)) == ((0, 0), (TEN + TWO, TWO))
    assert sorted(Hold.objects.values_list("state", flat=True)) == ["voided", "voided"]


def test_late_money_without_stock_waits_for_a_person(end_user: Membership) -> None:
    stock_up(end_user.tenant, TEN + TWO)
    product = product_of(end_user.tenant)
    late = pay(product, member=end_user)
    orders.cancel(order=late.order)
    settle(pay(product, member=end_user))
    assert settle(late).state == "review"
    assert wallet(end_user) == (TEN + TWO, TWO)


def test_only_a_customer_of_the_shop_tops_up(end_user: Membership, stranger: Membership) -> None:
    stock_up(end_user.tenant, 30_000_000)
    product = product_of(end_user.tenant)
    for somebody in (None, stranger):
        with pytest.raises(orders.BadOrder, match="Sign in first"):
            pay(product, member=somebody)


def test_a_refund_takes_back_what_was_not_spent_and_the_bonus(end_user: Membership) -> None:
    shop = end_user.tenant
    stock_up(shop, TEN + TWO)
    attempt = pay(product_of(shop), member=end_user)
    settle(attempt)
    spent = ledger.Line(ledger.wallet(membership_id=end_user.pk).pk, ledger.account(kind="sink_usage").pk, 4_000_000)
    ledger.post(kind="test", key="spend", lines=[spent])
    attempt.refresh_from_db()
    refund = refunds.send(refunds.start(attempt=attempt, actor=None, reason="no"))
    assert (refund.state, refund.amount_minor) == ("succeeded", PRICE * 6 // 10)
    assert (stock(shop), wallet(end_user)) == ((8_000_000, 0), (0, 0))
    with pytest.raises(refunds.NothingToRefund):
        refunds.start(attempt=attempt, actor=None, reason="again")


def test_a_dispute_takes_a_top_up_back(end_user: Membership) -> None:
    stock_up(end_user.tenant, TEN + TWO)
    attempt = pay(product_of(end_user.tenant), member=end_user)
    settle(attempt)
    attempt.refresh_from_db()
    dispute = disputes.begin(attempt=attempt, reference="dp_1", amount_minor=PRICE)
    assert dispute.quota == {str(end_user.pk): TEN}
    disputes.end(dispute=dispute, is_won=True)
    assert wallet(end_user) == (TEN + TWO, TWO)


def test_a_shop_buys_stock_of_the_platform_once(tenant: Tenant, root_tenant: Tenant) -> None:
    attempt = pay(product_of(root_tenant, kind="stock"), recipient=tenant, quantity=3)
    assert stock(tenant) == (0, 0)
    order = settle(attempt)
    settle(attempt)
    assert (order.state, stock(tenant)) == ("delivered", (3 * TEN, 0))
    assert ledger.balance_of(ledger.account(kind="issuer")) == -3 * TEN


def test_a_shop_below_buys_of_a_shop(tenant: Tenant) -> None:
    below = tenants.open_tenant(slug="below", name="Below", parent=tenant, domain="below.test")
    stock_up(tenant, 2 * TEN)
    settle(pay(product_of(tenant, kind="stock"), recipient=below))
    assert (stock(tenant), stock(below)) == ((TEN, 0), (TEN, 0))
    with pytest.raises(codes.SoldOut):
        pay(product_of(tenant, kind="stock"), recipient=below, quantity=2)


def test_nobody_else_buys_stock(tenant: Tenant, root_tenant: Tenant, end_user: Membership, stranger: Membership) -> None:
    below = tenants.open_tenant(slug="below", name="Below", parent=tenant, domain="below.test")
    product = product_of(root_tenant, kind="stock")
    for recipient in (None, below, root_tenant):
        with pytest.raises(orders.BadOrder):
            pay(product, recipient=recipient)
    with pytest.raises(orders.BadOrder):
        pay(product_of(root_tenant), member=end_user, recipient=tenant)


def test_stock_that_was_not_used_goes_back_with_a_refund(tenant: Tenant, root_tenant: Tenant) -> None:
    attempt = pay(product_of(root_tenant, kind="stock"), recipient=tenant)
    settle(attempt)
    codes.mint(tenant=tenant, units_micros=1_000_000, count=4)
    attempt.refresh_from_db()
    refund = refunds.send(refunds.start(attempt=attempt, actor=None, reason="no"))
    assert (refund.amount_minor, stock(tenant)) == (PRICE * 6 // 10, (0, 0))


def test_the_window_shows_neither_and_counts_what_the_stock_covers(end_user: Membership, root_tenant: Tenant) -> None:
    stock_up(end_user.tenant, 30_000_000)
    product = product_of(end_user.tenant)
    pay(product, member=end_user)
    assert not catalogue.on_sale(tenant=end_user.tenant).exists()
    assert direct.presets(end_user.tenant_id) == [product]
    assert direct.wholesale(root_tenant.pk) == []
    assert [row.stock for row in catalogue.stocked(Product.objects.all())] == [1]  # type: ignore[attr-defined]  # annotated


@pytest.mark.django_db(transaction=True)
def test_of_top_ups_begun_at_once_as_many_are_sold_as_the_stock_covers(end_user: Membership) -> None:
    stock_up(end_user.tenant, 2 * (TEN + TWO))
    product = product_of(end_user.tenant)
    barrier = threading.Barrier(4)

    def buy(_number: int) -> str:
        try:
            barrier.wait()
            return settle(pay(product, member=end_user)).state
        except codes.SoldOut:
            return "sold out"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        ended = sorted(pool.map(buy, range(4)))
    assert ended == ["delivered", "delivered", "sold out", "sold out"]
    assert (stock(end_user.tenant), wallet(end_user)) == ((0, 0), (2 * (TEN + TWO), 2 * TWO))


def test_what_is_credited_is_what_the_product_says_whatever_came(end_user: Membership) -> None:
    """W20: neither a gateway's fee nor another unit of the price ever reaches the wallet."""
    stock_up(end_user.tenant, 30_000_000)
    attempt = pay(product_of(end_user.tenant), member=end_user)
    order = settle(attempt, amount_minor=PRICE + 70)
    assert (order.state, wallet(end_user)) == ("review", (0, 0))
    settlement.deliver_reviewed(order=order, actor=None, reason="the gateway's fee came along")
    assert wallet(end_user) == (TEN + TWO, TWO)
