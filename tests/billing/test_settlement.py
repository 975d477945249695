"""Money that comes: on time, late, twice, wrong; once whatever the copies."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connections, transaction
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import audit, code_shelf, codes, orders, settlement
from billing.models import Code, Journal, Order, OrderEvent, PaymentAttempt
from billing.payments.base import ProviderEvent
from tests.billing.locks import somebody_waits_for_us, until
from tests.billing.shop import PRICE, attempt, held, place, restock, sandbox, stocked

pytestmark = pytest.mark.django_db


def event(attempt: PaymentAttempt, kind: str = "paid", **changes: object) -> ProviderEvent:
    said = ProviderEvent(
        attempt_token=attempt.token, event_id=f"{kind}:{attempt.pk}", kind=kind, transaction=f"t{attempt.pk}",
        amount_minor=attempt.amount_minor, currency=attempt.currency, occurred_at=timezone.now(),
    )  # fmt: skip
    return replace(said, **changes)  # type: ignore[arg-type]  # mixed values by table


def settle(attempt: PaymentAttempt, kind: str = "paid", **changes: object) -> Order:
    settlement.settle(account=attempt.account, event=event(attempt, kind, **changes))
    return Order.objects.get(pk=attempt.order_id)


def expire(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(reserved_until=timezone.now() - datetime.timedelta(seconds=1))
    assert orders.expire_due() == 1


def code_states() -> list[str]:
    return sorted(Code.objects.values_list("state", flat=True))


def test_a_paid_order_is_delivered_and_booked(tenant: Tenant) -> None:
    paying = attempt(stocked(tenant), sandbox(tenant), quantity=2)
    order = settle(paying)
    assert order.state == "delivered"
    assert code_states() == ["available", "sold", "sold"]
    assert held("revenue", tenant) == 2 * PRICE
    assert held("clearing", tenant, owner=paying.account_id) == -2 * PRICE
    steps = list(OrderEvent.objects.filter(order=order).values_list("before", "after"))
    assert steps == [("", "pending"), ("", "pending"), ("pending", "succeeded"), ("pending", "paid"), ("paid", "delivered")]
    paying.refresh_from_db()
    assert (paying.settles_order, paying.received_minor, paying.provider_transaction) == (True, 2 * PRICE, f"t{paying.pk}")


def test_a_bought_code_can_be_redeemed(tenant: Tenant, end_user: Membership) -> None:
    order = settle(attempt(stocked(tenant), sandbox(tenant)))
    [text] = codes.reveal(order.codes.select_related("batch"))
    assert codes.redeem(membership=end_user, code=text).units_micros == 5_000_000


def test_the_same_news_again_changes_nothing(tenant: Tenant) -> None:
    paying = attempt(stocked(tenant), sandbox(tenant))
    settle(paying)
    events, journals = OrderEvent.objects.count(), Journal.objects.count()
    assert settle(paying).state == "delivered"
    assert settle(paying, "failed").state == "delivered"
    assert (OrderEvent.objects.count(), Journal.objects.count()) == (events, journals)


def test_a_failed_payment_leaves_the_order_open(tenant: Tenant) -> None:
    account = sandbox(tenant)
    paying = attempt(stocked(tenant), account)
    assert settle(paying, "failed").state == "pending"
    again = orders.start_payment(order=paying.order, account=account)
    assert again != paying
    assert settle(again).state == "delivered"


def test_money_after_a_failure_still_counts(tenant: Tenant) -> None:
    paying = attempt(stocked(tenant), sandbox(tenant))
    settle(paying, "failed")
    assert settle(paying).state == "delivered"


def test_late_money_delivers_while_there_is_stock(tenant: Tenant) -> None:
    """W15: late money is money."""
    paying = attempt(stocked(tenant, count=1), sandbox(tenant))
    expire(paying.order)
    assert settle(paying).state == "delivered"
    assert code_states() == ["sold"]


def test_late_money_without_stock_waits_for_a_person(tenant: Tenant) -> None:
    """W15: and where the shelf is empty, staff finish the order."""
    product = stocked(tenant, count=1)
    paying = attempt(product, sandbox(tenant))
    expire(paying.order)
    place(product, email="faster@example.test")
    order = settle(paying)
    assert (order.state, order.review_reason) == ("review", "paid late: sold out meanwhile")
    assert (held("revenue", tenant), held("refunds_due", tenant)) == (0, PRICE)
    restock(product, count=1)
    settlement.deliver_reviewed(order=order, actor=None, reason="restocked")
    order.refresh_from_db()
    assert order.state == "delivered"
    assert (held("revenue", tenant), held("refunds_due", tenant)) == (PRICE, 0)
    with pytest.raises(orders.WrongState):
        settlement.deliver_reviewed(order=order, actor=None, reason="again")


def test_a_second_payment_is_owed_back(tenant: Tenant) -> None:
    product = stocked(tenant)
    first = attempt(product, sandbox(tenant))
    second = orders.start_payment(order=first.order, account=sandbox(tenant))
    settle(first)
    assert settle(second).state == "delivered"
    second.refresh_from_db()
    assert (second.state, second.settles_order, second.review_reason) == ("succeeded", False, "paid again: the order had been paid before")
    assert (held("revenue", tenant), held("refunds_due", tenant)) == (PRICE, PRICE)
    assert code_states() == ["available", "available", "sold"]


@pytest.mark.parametrize(("amount", "currency"), [(0, "CNY"), (1, "CNY"), (PRICE - 1, "CNY"), (PRICE + 1, "CNY"), (PRICE, "USD")])
def test_a_wrong_amount_delivers_nothing(tenant: Tenant, amount: int, currency: str) -> None:
    """W8: no amount is a wrong amount as well."""
    paying = attempt(stocked(tenant), sandbox(tenant))
    order = settle(paying, amount_minor=amount, currency=currency)
    assert order.state == "review"
    assert order.review_reason == f"wrong amount: {amount} {currency} instead of {PRICE} CNY"
    assert code_states() == ["available"] * 3
    assert held("refunds_due", tenant, currency=currency) == amount
    assert held("revenue", tenant) == 0


def test_another_accounts_word_counts_for_nothing(tenant: Tenant, stranger: Membership) -> None:
    """W18: who signs for one account says nothing about another's orders."""
    paying = attempt(stocked(tenant), sandbox(tenant))
    journals = Journal.objects.count()
    with pytest.raises(settlement.UnknownPayment):
        settlement.settle(account=sandbox(stranger.tenant), event=event(paying))
    with pytest.raises(settlement.UnknownPayment):
        settlement.settle(account=paying.account, event=event(paying, attempt_token=""))
    paying.order.refresh_from_db()
    assert paying.order.state == "pending"
    assert Journal.objects.count() == journals


def test_copies_that_come_at_once_deliver_once(transactional_db: None, root_tenant: Tenant) -> None:
    """W8 and W11: the order is locked before it is read, and its code is taken once."""
    paying = attempt(stocked(root_tenant), sandbox(root_tenant))
    barrier = threading.Barrier(8)

    def tell(_: int) -> str:
        try:
            barrier.wait()
            return settle(paying).state
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(tell, range(8)))
    assert seen == ["delivered"] * 8
    assert code_states() == ["available", "available", "sold"]
    assert Journal.objects.filter(kind="payment").count() == 1
    assert held("revenue", root_tenant) == PRICE


def test_money_of_a_wrong_amount_buys_the_order_when_a_person_says_so(tenant: Tenant) -> None:
    """W22: 55 for 50 is delivered with a reason, or paid back; the money is never lost sight of."""
    order = settle(attempt(stocked(tenant), sandbox(tenant)), amount_minor=PRICE + 500)
    assert (held("refunds_due", tenant), held("revenue", tenant)) == (PRICE + 500, 0)
    settlement.deliver_reviewed(order=order, actor=None, reason="typed 5 too much, keeps it")
    order.refresh_from_db()
    assert (order.state, code_states()) == ("delivered", ["available", "available", "sold"])
    assert (held("refunds_due", tenant), held("revenue", tenant)) == (0, PRICE + 500)
    assert audit.run() == []


def test_an_order_paid_while_it_expires_stays_paid(transactional_db: None, root_tenant: Tenant) -> None:
    """W13: the expiry has found the order due, waits for the payment to end, and then looks again."""
    paying = attempt(stocked(root_tenant), sandbox(root_tenant))
    Order.objects.filter(pk=paying.order_id).update(reserved_until=timezone.now() - datetime.timedelta(seconds=1))

    def expire_elsewhere() -> int:
        try:
            return orders.expire_due()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            settle(paying)
            expiry = pool.submit(expire_elsewhere)
            until(somebody_waits_for_us, "the expiry looks at nothing")
        assert expiry.result(timeout=30) == 0
    assert Order.objects.get().state == "delivered"
    assert code_states() == ["available", "available", "sold"]
    assert audit.run() == []


def test_a_frozen_batch_is_not_delivered_while_another_one_is_there(tenant: Tenant) -> None:
    paying = attempt(stocked(tenant), sandbox(tenant), quantity=2)
    leaked = Code.objects.filter(state="reserved").first().batch  # type: ignore[union-attr]  # the order has two
    code_shelf.freeze(batch=leaked, actor=None, reason="leak")
    restock(paying.order.product, count=2)
    order = settle(paying)
    assert order.state == "delivered"
    assert order.codes.exclude(batch=leaked).filter(state="sold").count() == 2
    assert set(leaked.codes.values_list("state", "frozen_from", "order")) == {("frozen", "available", None)}


@pytest.mark.parametrize("stop", [code_shelf.freeze, code_shelf.revoke])
def test_money_for_codes_that_were_stopped_waits_for_a_person(tenant: Tenant, stop: Callable[..., int]) -> None:
    paying = attempt(stocked(tenant, count=2), sandbox(tenant), quantity=2)
    order = paying.order
    stop(batch=Code.objects.filter(serial=2).get().batch, actor=None, reason="leak", serials=[2])
    with pytest.raises(orders.WrongState, match="Nothing was paid"):
        orders.start_payment(order=order, account=paying.account)
    assert settle(paying).state == "review"
    assert (held("refunds_due", tenant), held("revenue", tenant)) == (PRICE * 2, 0)
    assert Code.objects.get(serial=1).state == "available"
    restock(order.product, count=1)
    settlement.deliver_reviewed(order=order, actor=None, reason="new codes")
    assert order.codes.filter(state="sold").count() == 2
    assert audit.run() == []
