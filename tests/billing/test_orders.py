"""Orders: reservation, limits, expiry, and the race for the last piece."""

from __future__ import annotations

import datetime
import functools
import itertools
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from accounts import tenants
from accounts.models import Membership, Tenant
from billing import capability, code_text, codes, orders, rates
from billing.models import Code, Order, OrderEvent, Product
from tests.billing.payments.world import account_at
from tests.billing.shop import PRICE, attempt, place, sandbox, stocked

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    return sorted(Code.objects.values_list("state", flat=True))


def overdue(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(reserved_until=timezone.now() - datetime.timedelta(seconds=1))


def test_an_order_reserves_codes_and_remembers_the_price(tenant: Tenant) -> None:
    product = stocked(tenant)
    placed = place(product, quantity=2)
    assert states() == ["available", "reserved", "reserved"]
    product.price_minor = 1
    product.save(update_fields=["price_minor"])
    order = Order.objects.get()
    assert (order.total_minor, order.currency, order.state) == (2 * PRICE, "CNY", "pending")
    assert len(placed.capability) == 26
    assert [(event.before, event.after) for event in order.events.all()] == [("", "pending")]


def test_an_order_is_found_by_its_secret_at_its_shop_only(tenant: Tenant, stranger: Membership) -> None:
    """W17: the number opens nothing."""
    placed = place(stocked(tenant))
    assert orders.find(tenant=tenant, secret=placed.capability) == placed.order
    assert orders.find(tenant=stranger.tenant, secret=placed.capability) is None
    assert orders.find(tenant=tenant, secret=placed.order.number) is None
    assert capability.of(placed.order) == placed.capability
    assert placed.capability not in str(Order.objects.values().get())


def test_more_than_the_stock_cannot_be_ordered(tenant: Tenant) -> None:
    product = stocked(tenant)
    with pytest.raises(codes.SoldOut, match="only 3 left"):
        place(product, quantity=4)
    assert Order.objects.count() == 0
    assert states() == ["available"] * 3


@pytest.mark.parametrize("quantity", [0, -1, 21])
def test_a_quantity_without_sense_is_refused(tenant: Tenant, quantity: int) -> None:
    with pytest.raises(orders.BadOrder):
        place(stocked(tenant), quantity=quantity)
    assert states() == ["available"] * 3


def test_somebody_without_any_contact_cannot_order(tenant: Tenant) -> None:
    with pytest.raises(orders.BadOrder):
        place(stocked(tenant), email=" ")
    orders.place(product=Product.objects.get(), buyer=orders.Buyer(contact="QQ 10001"))
    assert Order.objects.get().contact == "QQ 10001"


def test_a_product_off_sale_or_of_a_suspended_shop_is_not_sold(tenant: Tenant) -> None:
    product = stocked(tenant)
    tenants.suspend(tenant=product.tenant)
    with pytest.raises(orders.BadOrder):
        place(product)
    tenants.reopen(tenant=product.tenant)
    seller = tenants.open_tenant(slug="above", name="Above")
    Tenant.objects.filter(pk=tenant.pk).update(parent=seller)
    tenants.suspend(tenant=seller)
    product = Product.objects.get()
    with pytest.raises(orders.BadOrder):
        place(product)
    tenants.reopen(tenant=seller)
    product = Product.objects.get()
    product.is_active = False
    with pytest.raises(orders.BadOrder):
        place(product)
    assert states() == ["available"] * 3


def test_unpaid_orders_of_one_buyer_are_limited(tenant: Tenant) -> None:
    """W14: nobody empties the shelf without paying."""
    product = stocked(tenant, count=10)
    for _ in range(orders.MOST_OPEN):
        place(product)
    with pytest.raises(orders.TooManyOpen):
        place(product)
    place(product, email="other@example.test")
    assert states().count("reserved") == orders.MOST_OPEN + 1


def test_an_overdue_order_gives_its_codes_back_once(tenant: Tenant) -> None:
    """W14: what is set aside comes back."""
    placed = place(stocked(tenant), quantity=2)
    assert orders.expire_due() == 0
    overdue(placed.order)
    assert orders.expire_due() == 1
    assert orders.expire_due() == 0
    assert states() == ["available"] * 3
    assert Order.objects.get().state == "expired"
    assert Code.objects.filter(order=None).count() == 3


def test_a_cancelled_order_gives_its_codes_back(tenant: Tenant) -> None:
    placed = place(stocked(tenant))
    orders.cancel(order=placed.order)
    assert states() == ["available"] * 3
    with pytest.raises(orders.WrongState):
        orders.cancel(order=placed.order)


def test_asking_to_pay_twice_gives_one_attempt(tenant: Tenant) -> None:
    account = sandbox(tenant)
    placed = place(stocked(tenant))
    first = orders.start_payment(order=placed.order, account=account)
    assert orders.start_payment(order=placed.order, account=account) == first
    assert (first.amount_minor, first.currency, first.state) == (PRICE, "CNY", "pending")


def test_a_foreign_account_and_an_overdue_order_cannot_pay(tenant: Tenant, stranger: Membership) -> None:
    placed = place(stocked(tenant))
    with pytest.raises(orders.BadOrder):
        orders.start_payment(order=placed.order, account=sandbox(stranger.tenant))
    overdue(placed.order)
    with pytest.raises(orders.WrongState):
        orders.start_payment(order=placed.order, account=sandbox(tenant))
    assert placed.order.attempts.count() == 0


def test_events_of_orders_cannot_be_rewritten(tenant: Tenant) -> None:
    attempt(stocked(tenant), sandbox(tenant))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        OrderEvent.objects.update(reason="nothing happened")


def test_the_last_piece_goes_to_exactly_one_buyer(transactional_db: None, root_tenant: Tenant) -> None:
    """W14: what is ordered is set aside."""
    product = stocked(root_tenant, count=1)
    barrier = threading.Barrier(8)

    def buy(number: int) -> bool:
        try:
            barrier.wait()
            place(product, email=f"racer{number}@example.test")
        except codes.SoldOut:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(buy, range(8)))
    assert won.count(True) == 1
    assert Order.objects.count() == 1
    assert states() == ["reserved"]


def test_numbers_tell_nothing_of_how_much_is_sold(tenant: Tenant) -> None:
    """W17: a number is the day and 40 random bits: neighbours in time are no neighbours."""
    product = stocked(tenant, count=5)
    numbers = [place(product, email=f"guest{n}@example.test").order.number for n in range(5)]
    assert all(re.fullmatch(r"\d{6}-[0-9A-HJKMNP-TV-Z]{8}", number) for number in numbers)
    values = sorted(functools.reduce(lambda value, letter: 32 * value + code_text.ALPHABET.index(letter), n[7:], 0) for n in numbers)
    assert min(after - before for before, after in itertools.pairwise(values)) > 1_000_000


def test_every_try_of_an_order_costs_the_same_whatever_the_rate_does(tenant: Tenant) -> None:
    rates.put(base="USD", quote="CNY", rate=Decimal("7.10"))
    product = stocked(tenant, currency="USD")
    order, first, other = place(product).order, *(account_at("https://pay.example.test", tenant, gateway) for gateway in ("epay", "epusdt"))
    tries = [orders.start_payment(order=order, account=first)]
    rates.put(base="USD", quote="CNY", rate=Decimal("7.50"))
    tries.append(orders.start_payment(order=order, account=other))
    assert [(one.amount_minor, one.currency) for one in tries] == [(27_690, "CNY")] * 2
    later = place(product, email="later@example.test").order
    assert orders.start_payment(order=later, account=first).amount_minor == 29_250
