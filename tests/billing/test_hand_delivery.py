"""What staff deliver: a queue of paid orders, a sealed text, a mail; and the number that is left."""

from __future__ import annotations

import pytest
from django.core import mail

from accounts.models import Membership, Tenant
from billing import audit, bought, catalogue, codes, hand_delivery, orders, refunds
from billing.models import Order, OrderEvent, PaymentAttempt, Product
from foundation import outbox
from tests.billing.shop import PRICE, attempt, bought_from, manual_product, pay, place, sandbox, stocked

pytestmark = pytest.mark.django_db


def left(product: Product) -> int | None:
    return Product.objects.values_list("stock_left", flat=True).get(pk=product.pk)


def test_a_paid_order_waits_for_staff_and_is_delivered_once(tenant: Tenant, reseller_owner: Membership) -> None:
    """W11: an order done by hand is done once."""
    order = bought_from(manual_product(tenant))
    assert (order.state, order.kind, bought.pieces(order)) == ("paid", "manual", [])
    hand_delivery.deliver(order=order, text="  Account: ann / pass-1\n", actor=reseller_owner.user)
    order.refresh_from_db()
    assert order.state == "delivered"
    assert order.delivered_at is not None
    assert "pass-1" not in order.delivery_sealed
    assert [piece.text for piece in bought.pieces(order)] == ["Account: ann / pass-1"]
    hand_delivery.deliver(order=order, text="Account: ann / pass-1", actor=reseller_owner.user)
    assert OrderEvent.objects.filter(order=order, after="delivered").count() == 1


def test_a_delivered_text_can_be_corrected_and_the_buyer_hears_of_it(tenant: Tenant) -> None:
    order = bought_from(manual_product(tenant))
    for text in ("first", "second"):
        hand_delivery.deliver(order=order, text=text, actor=None)
    order.refresh_from_db()
    assert hand_delivery.text_of(order) == "second"
    assert list(OrderEvent.objects.filter(order=order, after="delivered").values_list("before", "reason")) == [
        ("paid", ""), ("delivered", "delivered anew"),
    ]  # fmt: skip
    mail.outbox.clear()
    outbox.deliver()
    subjects = [str(message.subject) for message in mail.outbox]
    assert subjects.count(f"Your order {order.number} at Tea House is here") == 2
    assert f"Your order {order.number} at Tea House is paid" in subjects
    assert not any("second" in str(message.body) for message in mail.outbox)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_is_no_delivery(tenant: Tenant, text: str) -> None:
    order = bought_from(manual_product(tenant))
    with pytest.raises(orders.BadOrder):
        hand_delivery.deliver(order=order, text=text, actor=None)
    assert Order.objects.get().state == "paid"


def test_neither_unpaid_orders_nor_other_kinds_are_delivered_by_hand(tenant: Tenant) -> None:
    sandbox(tenant)
    for order in (place(manual_product(tenant)).order, bought_from(stocked(tenant))):
        with pytest.raises(orders.WrongState):
            hand_delivery.deliver(order=order, text="x", actor=None)


def test_the_number_left_is_taken_given_back_and_never_passed(tenant: Tenant) -> None:
    product = manual_product(tenant, left=3)
    order = place(product, quantity=2).order
    assert left(product) == 1
    with pytest.raises(codes.SoldOut):
        place(product, quantity=2)
    orders.cancel(order=order)
    assert left(product) == 3
    place(product, quantity=3)
    assert catalogue.on_sale(tenant=tenant).get().stock == 0  # type: ignore[attr-defined]  # annotated


def test_without_a_number_it_never_sells_out(tenant: Tenant) -> None:
    product = manual_product(tenant)
    place(product, quantity=20)
    assert left(product) is None
    assert catalogue.on_sale(tenant=tenant).get().stock == catalogue.ANY_NUMBER  # type: ignore[attr-defined]  # annotated


def test_a_waiting_order_is_paid_back_whole_a_delivered_one_only_as_a_gesture(tenant: Tenant) -> None:
    product = manual_product(tenant, left=5)
    waiting, done = bought_from(product), bought_from(product, email="other@example.test")
    hand_delivery.deliver(order=done, text="x", actor=None)
    assert refunds.offer(PaymentAttempt.objects.get(order=done)).amount_minor == 0
    with pytest.raises(refunds.NothingToRefund):
        refunds.request(order=done, reason="")
    paid = PaymentAttempt.objects.get(order=waiting)
    assert refunds.offer(paid).amount_minor == PRICE
    refunds.start(attempt=paid, actor=None, reason="changed my mind")
    assert Order.objects.get(pk=waiting.pk).state == "refunded"
    assert left(product) == 4
    with pytest.raises(orders.WrongState):
        hand_delivery.deliver(order=waiting, text="x", actor=None)
    refunds.start(attempt=PaymentAttempt.objects.get(order=done), actor=None, reason="sorry", gesture_minor=100)
    assert audit.run() == []


def test_late_money_takes_its_piece_again(tenant: Tenant) -> None:
    product = manual_product(tenant, left=1)
    paying = attempt(product, sandbox(tenant))
    orders.cancel(order=paying.order)
    assert left(product) == 1
    assert pay(paying).state == "paid"
    assert left(product) == 0
