"""Money confirmed by hand: delivered like any other, once, in the books as cash, and a gateway that is late has paid twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import audit, gateways, ledger, orders, outside, receipts, refunds, sales, selectors
from billing.models import GatewayAccount, Journal, Order, OrderEvent, PaymentAttempt
from tests.billing.shop import PRICE, attempt, held, manual_product, pay, place, sandbox, stocked

pytestmark = pytest.mark.django_db(transaction=True)


def confirm(
    order: Order, *, amount: int = PRICE, currency: str = "CNY", reference: str = "receipt 7", reason: str = "paid in cash"
) -> Order:
    return outside.confirm(order=order, amount_minor=amount, currency=currency, reference=reference, reason=reason, actor=None)


def test_the_order_is_delivered_and_the_money_is_cash(tenant: Tenant, reseller_owner: Membership) -> None:
    order = place(stocked(tenant)).order
    done = outside.confirm(
        order=order, actor=reseller_owner.user, amount_minor=PRICE, currency="CNY", reference="receipt 7", reason="paid in cash"
    )  # fmt: skip
    assert (done.state, done.codes.count()) == ("delivered", 1)
    paying = PaymentAttempt.objects.get()
    assert (paying.account.driver, paying.settles_order, paying.provider_transaction) == ("manual", True, "receipt 7")
    assert (held("cash", tenant), held("revenue", tenant)) == (-PRICE, PRICE)
    assert Journal.objects.get(key=f"pay:{paying.pk}").kind == "manual"
    steps = OrderEvent.objects.filter(order=order, actor=reseller_owner.user, reason="paid in cash").values_list("after", flat=True)
    assert list(steps) == ["pending", "succeeded", "paid"]
    assert audit.run() == []
    [sold] = sales.by_day(Order.objects.all(), since=order.created_at, until=timezone.now()).values()
    assert (sold.gross_minor, sold.manual_minor) == (PRICE, PRICE)


def test_the_audit_counts_what_was_confirmed_again(tenant: Tenant) -> None:
    order = confirm(place(stocked(tenant)).order)
    PaymentAttempt.objects.filter(order=order).update(received_minor=PRICE + 1)
    cash = ledger.account(kind="cash", tenant_id=tenant.pk, ledger=f"M:{order.currency}")
    assert audit.run() == [audit.Finding("I10", f"cash {cash.pk}", f"payments by hand booked {PRICE}, confirmed {PRICE + 1}")]


def test_its_receipt_says_how_it_was_paid(tenant: Tenant) -> None:
    receipt = receipts.of(confirm(place(stocked(tenant)).order))
    assert receipt is not None
    assert dict(receipt.facts)["Paid with"] == "Cash or transfer"


def test_a_reference_counts_once(tenant: Tenant) -> None:
    product = stocked(tenant)
    one, other = place(product).order, place(product).order
    assert confirm(one).state == confirm(one).state == "delivered"
    for order, amount in ((other, PRICE), (one, 1)):
        with pytest.raises(orders.BadOrder, match="used already"):
            confirm(order, amount=amount)
    with pytest.raises(orders.WrongState):
        confirm(one, reference="receipt 8")
    assert (held("revenue", tenant), PaymentAttempt.objects.count()) == (PRICE, 1)


@pytest.mark.parametrize("changes", [{"amount": 0}, {"amount": -1}, {"reference": " "}, {"reason": ""}])
def test_nothing_is_confirmed_without_amount_proof_and_reason(tenant: Tenant, changes: dict[str, object]) -> None:
    order = place(stocked(tenant)).order
    with pytest.raises(orders.BadOrder):
        confirm(order, **changes)  # type: ignore[arg-type]  # mixed values
    assert not PaymentAttempt.objects.exists()


def test_another_amount_goes_to_review_as_any_payment_does(tenant: Tenant) -> None:
    assert confirm(place(stocked(tenant)).order, amount=PRICE - 1).state == "review"
    assert (held("cash", tenant), held("refunds_due", tenant), held("revenue", tenant)) == (1 - PRICE, PRICE - 1, 0)
    assert audit.run() == []


def test_an_expired_order_is_delivered_while_there_is_stock(tenant: Tenant) -> None:
    product = manual_product(tenant, left=2)
    late, later = place(product).order, place(product).order
    for order in (late, later):
        orders.run_out(order=order)
    assert confirm(late).state == "paid"
    place(product)
    assert confirm(later, reference="receipt 8").state == "review"


def test_what_the_gateway_says_later_is_a_double_payment(tenant: Tenant) -> None:
    paying = attempt(stocked(tenant), sandbox(tenant))
    confirm(paying.order)
    order = pay(paying)
    assert (order.state, order.codes.count()) == ("delivered", 1)
    paying.refresh_from_db()
    assert (paying.review_reason, paying.settles_order) == ("paid again: the order had been paid before", False)
    assert (held("revenue", tenant), held("refunds_due", tenant)) == (PRICE, PRICE)
    assert list(selectors.to_look_at(Order.objects.all())) == [order]
    refunds.send(refunds.start(attempt=paying, actor=None, reason="twice"))
    assert list(selectors.to_look_at(Order.objects.all())) == []
    assert audit.run() == []


def test_money_goes_back_by_hand_as_it_came(tenant: Tenant) -> None:
    order = confirm(place(stocked(tenant)).order)
    refund = refunds.send(refunds.start(attempt=order.attempts.get(), actor=None, reason="no"))
    assert (refund.state, "past all gateways" in refund.problem) == ("submitted", True)
    refunds.finish(refund=refund, reason="paid from the till")
    assert (held("cash", tenant), held("revenue", tenant), held("refunds_due", tenant)) == (0, 0, 0)
    assert audit.run() == []


def at_once(*calls: Callable[[], Order]) -> list[str]:
    def run(call: Callable[[], Order]) -> str:
        try:
            return call().state
        except orders.OrderError as refusal:
            return type(refusal).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(run, calls))


def test_two_of_the_staff_at_once_deliver_once(tenant: Tenant) -> None:
    order = place(stocked(tenant)).order
    GatewayAccount.objects.create(tenant=tenant, driver="manual", token="m")
    said = at_once(lambda: confirm(order, reference="mine"), lambda: confirm(order, reference="yours"))
    assert said == ["WrongState", "delivered"]
    assert (Order.objects.get().codes.count(), held("revenue", tenant)) == (1, PRICE)


def test_one_reference_pays_one_of_two_orders_at_once(tenant: Tenant) -> None:
    product = stocked(tenant)
    one, other = place(product).order, place(product).order
    assert at_once(lambda: confirm(one), lambda: confirm(other)) == ["BadOrder", "delivered"]
    assert held("revenue", tenant) == PRICE
    assert ledger.balance_of(ledger.account(kind="refunds_due", tenant_id=tenant.pk, ledger="M:CNY")) == 0
    assert audit.run() == []


def test_buyers_are_never_offered_it_and_nobody_opens_such_an_account(tenant: Tenant) -> None:
    order = confirm(place(stocked(tenant)).order)
    assert gateways.usable(tenant=tenant) == []
    with pytest.raises(orders.BadOrder):
        orders.start_payment(order=place(order.product).order, account=order.attempts.get().account)
    with pytest.raises(gateways.BadAccount, match="confirm them on the order"):
        gateways.add_account(tenant=tenant, driver="manual")
