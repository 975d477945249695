"""Store credit: given, held at checkout, taken with the rest, back when nothing comes of it; alone and beside a gateway."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import Membership
from billing import audit, callbacks, codes, disputes, gateways, ledger, orders, refunds, settlement, store_credit
from billing.models import GatewayAccount, Hold, Journal, Order, PaymentAttempt
from billing.payments.base import ProviderEvent
from tests.billing.shop import PRICE, held, sandbox, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_are_clean(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    assert audit.run() == []


def give(member: Membership, minor: int, key: str = "1") -> None:
    store_credit.give(membership=member, amount_minor=minor, reason="sorry", key=key)


def order_of(member: Membership, *, quantity: int = 1, count: int = 3) -> Order:
    buyer = orders.Buyer(email="ann@shop.test", membership=member)
    return orders.place(product=stocked(member.tenant, count=count), buyer=buyer, quantity=quantity).order


def pay_by_credit(order: Order) -> Order:
    attempt = orders.start_payment(order=order, account=store_credit.open_for(order.tenant), payer=order.membership)
    callbacks.ask(attempt)
    order.refresh_from_db()
    return order


def mixed(order: Order, account: GatewayAccount | None = None) -> PaymentAttempt:
    account = account or sandbox(order.tenant)
    return orders.start_payment(order=order, account=account, payer=order.membership, with_credit=True)


def say(attempt: PaymentAttempt, kind: str = "paid", *, amount_off: int = 0) -> Order:
    event = ProviderEvent(
        attempt_token=attempt.token, event_id=f"{kind}:{attempt.pk}", kind=kind, transaction=f"t{attempt.pk}",
        amount_minor=attempt.amount_minor + amount_off, currency=attempt.currency, occurred_at=timezone.now(),
    )  # fmt: skip
    settlement.settle(account=attempt.account, event=event)
    return Order.objects.get(pk=attempt.order_id)


def books(member: Membership) -> dict[str, int]:
    shop = member.tenant
    return {
        "free": store_credit.free(member),
        "credit": held("credit", shop, owner=member.pk),
        "revenue": held("revenue", shop),
        "due": held("refunds_due", shop),
    }


def test_a_gift_is_given_once(end_user: Membership) -> None:
    give(end_user, 1_000)
    give(end_user, 1_000)
    assert store_credit.free(end_user) == 1_000
    assert held("adjust", end_user.tenant) == -1_000
    assert [row.driver for row in gateways.usable(tenant=end_user.tenant)] == ["credit"]


def test_it_pays_a_whole_order_at_once(end_user: Membership) -> None:
    give(end_user, 5_000)
    order = pay_by_credit(order_of(end_user))
    assert order.state == "delivered"
    assert books(end_user) == {"free": 1_100, "credit": 1_100, "revenue": PRICE, "due": 0}
    attempt = order.attempts.get()
    assert (attempt.state, attempt.received_minor, attempt.settles_order) == ("succeeded", PRICE, True)
    assert callbacks.ask(attempt)  # asked again, nothing happens again
    assert Journal.objects.filter(kind="payment").count() == 1


def test_it_pays_nothing_that_it_does_not_cover(end_user: Membership) -> None:
    give(end_user, PRICE - 1)
    with pytest.raises(orders.BadOrder, match="does not cover"):
        pay_by_credit(order_of(end_user))
    assert books(end_user)["free"] == PRICE - 1


def test_only_the_customer_who_ordered_spends_it(end_user: Membership, reseller_owner: Membership) -> None:
    give(end_user, 9_000)
    give(reseller_owner, 9_000, key="2")
    order, account = order_of(end_user), store_credit.open_for(end_user.tenant)
    for somebody in (None, reseller_owner):
        with pytest.raises(orders.BadOrder):
            orders.start_payment(order=order, account=account, payer=somebody)
        with pytest.raises(orders.BadOrder):
            orders.start_payment(order=order, account=sandbox(end_user.tenant), payer=somebody, with_credit=True)
    guest = orders.place(product=order.product, buyer=orders.Buyer(email="guest@example.test")).order
    with pytest.raises(orders.BadOrder):
        orders.start_payment(order=guest, account=account, payer=end_user)
    assert (store_credit.free(end_user), store_credit.free(reseller_owner)) == (9_000, 9_000)


def test_beside_a_gateway_it_is_held_then_taken(end_user: Membership) -> None:
    give(end_user, 1_000)
    attempt = mixed(order_of(end_user))
    assert (attempt.amount_minor, attempt.credit_minor) == (PRICE - 1_000, 1_000)
    assert books(end_user) == {"free": 0, "credit": 1_000, "revenue": 0, "due": 0}
    assert say(attempt).state == "delivered"
    assert books(end_user) == {"free": 0, "credit": 0, "revenue": PRICE, "due": 0}
    assert held("clearing", end_user.tenant, owner=attempt.account_id) == -(PRICE - 1_000)
    say(attempt)
    assert books(end_user)["revenue"] == PRICE


def test_the_same_choice_again_is_the_same_payment(end_user: Membership) -> None:
    give(end_user, 1_000)
    order, account = order_of(end_user), sandbox(end_user.tenant)
    assert mixed(order, account) == mixed(order, account)
    assert store_credit.free(end_user) == 0


@pytest.mark.parametrize("kind", ["failed", "expired"])
def test_a_payment_that_fails_lets_go_of_it(end_user: Membership, kind: str) -> None:
    give(end_user, 1_000)
    say(mixed(order_of(end_user)), kind)
    assert store_credit.free(end_user) == 1_000


def test_an_order_that_expires_or_is_cancelled_lets_go_of_it(end_user: Membership) -> None:
    give(end_user, 1_000)
    first = mixed(order_of(end_user)).order
    Order.objects.filter(pk=first.pk).update(reserved_until=timezone.now() - datetime.timedelta(seconds=1))
    assert orders.expire_due() == 1
    assert store_credit.free(end_user) == 1_000
    second = orders.place(product=first.product, buyer=orders.Buyer(email="ann@shop.test", membership=end_user)).order
    mixed(second)
    orders.cancel(order=second)
    assert store_credit.free(end_user) == 1_000
    assert sorted(Hold.objects.values_list("state", flat=True)) == ["voided", "voided"]


def test_another_way_to_pay_takes_the_hold_over(end_user: Membership) -> None:
    give(end_user, 1_000)
    order = order_of(end_user)
    first, second = mixed(order), mixed(order)
    assert first.pk != second.pk
    assert store_credit.free(end_user) == 0
    whole = orders.start_payment(order=order, account=sandbox(end_user.tenant))
    assert (whole.amount_minor, store_credit.free(end_user)) == (PRICE, 1_000)
    assert say(first).state == "delivered"  # the buyer went back to the first page: its part is taken all the same
    assert store_credit.free(end_user) == 0


def test_late_money_delivers_while_the_credit_is_there(end_user: Membership) -> None:
    give(end_user, 1_000)
    attempt = mixed(order_of(end_user))
    orders.cancel(order=attempt.order)
    assert say(attempt).state == "delivered"
    assert books(end_user) == {"free": 0, "credit": 0, "revenue": PRICE, "due": 0}


def test_late_money_whose_credit_is_gone_waits_for_a_person(end_user: Membership) -> None:
    give(end_user, 4_000)
    attempt = mixed(order_of(end_user, quantity=2))
    orders.cancel(order=attempt.order)
    other = orders.place(product=attempt.order.product, buyer=orders.Buyer(email="ann@shop.test", membership=end_user)).order
    pay_by_credit(other)
    order = say(attempt)
    assert (order.state, order.review_reason) == ("review", "paid in part: the store credit for the rest was used meanwhile")
    assert books(end_user) == {"free": 100, "credit": 100, "revenue": PRICE, "due": 2 * PRICE - 4_000}
    settlement.deliver_reviewed(order=order, actor=None, reason="a good customer")
    # The person let them have it for what was left.
    assert books(end_user) == {"free": 0, "credit": 0, "revenue": PRICE + 2 * PRICE - 4_000 + 100, "due": 0}


def test_a_wrong_amount_leaves_the_credit_alone(end_user: Membership) -> None:
    give(end_user, 1_000)
    order = say(mixed(order_of(end_user)), amount_off=-1)
    assert order.state == "review"
    assert books(end_user) == {"free": 1_000, "credit": 1_000, "revenue": 0, "due": PRICE - 1_001}


def test_money_that_came_twice_takes_no_credit_twice(end_user: Membership) -> None:
    give(end_user, 2_000)
    order = order_of(end_user)
    first, second = mixed(order), mixed(order)
    say(second)
    assert say(first).state == "delivered"
    assert books(end_user) == {"free": 0, "credit": 0, "revenue": PRICE, "due": PRICE - 2_000}


def test_credit_never_pays_an_order_twice(end_user: Membership) -> None:
    give(end_user, 9_000)
    order = order_of(end_user)
    gateway = orders.start_payment(order=order, account=sandbox(end_user.tenant))
    own = orders.start_payment(order=order, account=store_credit.open_for(order.tenant), payer=end_user)
    assert store_credit.free(end_user) == 9_000 - PRICE
    say(gateway)
    assert store_credit.free(end_user) == 9_000
    callbacks.ask(own)
    assert books(end_user) == {"free": 9_000, "credit": 9_000, "revenue": PRICE, "due": 0}
    own.refresh_from_db()
    assert own.state == "expired"


def test_a_refund_of_a_whole_credit_order_goes_back_to_it(end_user: Membership) -> None:
    give(end_user, 5_000)
    order = pay_by_credit(order_of(end_user))
    refund = refunds.send(refunds.start(attempt=order.attempts.get(), actor=None, reason="no"))
    assert (refund.state, refund.amount_minor) == ("succeeded", PRICE)
    assert books(end_user) == {"free": 5_000, "credit": 5_000, "revenue": 0, "due": 0}
    order.refresh_from_db()
    assert order.state == "refunded"


def test_a_mixed_order_goes_back_in_proportion(end_user: Membership) -> None:
    give(end_user, 1_000)
    attempt = mixed(order_of(end_user, quantity=2))
    order = say(attempt)
    [text, _other] = codes.reveal(order.codes.select_related("batch").order_by("pk"))
    codes.redeem(membership=end_user, code=text)
    spent = ledger.Line(ledger.wallet(membership_id=end_user.pk).pk, ledger.account(kind="sink_usage").pk, 1_000_000)
    ledger.post(kind="test", key="spend", lines=[spent])
    attempt.refresh_from_db()
    # 9 of 10 dollars are there: 6,800 × 0.9 and 1,000 × 0.9.
    refund = refunds.send(refunds.start(attempt=attempt, actor=None, reason="no"))
    assert (refund.amount_minor, refund.credit_minor, refunds.spell(refund)) == (6_120, 900, "¥61.20 + ¥9.00")
    assert books(end_user) == {"free": 900, "credit": 900, "revenue": 2 * PRICE - 6_120 - 900, "due": 0}
    with pytest.raises(refunds.NothingToRefund):
        refunds.start(attempt=attempt, actor=None, reason="again")


def test_what_the_gateway_gave_back_already_leaves_the_credits_part(end_user: Membership) -> None:
    give(end_user, 1_000)
    attempt = mixed(order_of(end_user))
    say(attempt)
    attempt.refresh_from_db()
    refunds.send(refunds.start(attempt=attempt, actor=None, reason="gesture", gesture_minor=PRICE - 1_000))
    refund = refunds.send(refunds.start(attempt=attempt, actor=None, reason="and the rest"))
    assert (refund.state, refund.amount_minor, refund.credit_minor) == ("succeeded", 0, 1_000)
    assert books(end_user) == {"free": 1_000, "credit": 1_000, "revenue": 0, "due": 0}
    assert Order.objects.get().state == "refunded"


def test_late_money_can_become_store_credit(end_user: Membership) -> None:
    order = order_of(end_user, count=1)
    attempt = orders.start_payment(order=order, account=sandbox(end_user.tenant))
    orders.cancel(order=order)
    orders.place(product=order.product, buyer=orders.Buyer(email="faster@example.test"))
    assert say(attempt).state == "review"
    attempt.refresh_from_db()
    refund = refunds.send(refunds.start(attempt=attempt, actor=None, reason="buy another", to_credit=True))
    assert (refund.state, refund.to_credit) == ("succeeded", True)
    assert books(end_user) == {"free": PRICE, "credit": PRICE, "revenue": 0, "due": 0}
    assert held("clearing", end_user.tenant, owner=attempt.account_id) == -PRICE  # the gateway's money stays the shop's
    assert refunds.send(refund).state == "succeeded"
    assert store_credit.free(end_user) == PRICE


def test_a_guest_gets_no_store_credit(end_user: Membership) -> None:
    order = orders.place(product=stocked(end_user.tenant), buyer=orders.Buyer(email="guest@example.test")).order
    attempt = orders.start_payment(order=order, account=sandbox(end_user.tenant))
    say(attempt)
    attempt.refresh_from_db()
    with pytest.raises(refunds.NothingToRefund, match="account here"):
        refunds.start(attempt=attempt, actor=None, reason="no", to_credit=True)


def test_a_shop_has_one_account_of_store_credit(end_user: Membership) -> None:
    store_credit.open_for(end_user.tenant)
    with pytest.raises(gateways.BadAccount):
        gateways.add_account(tenant=end_user.tenant, driver="credit")


@pytest.mark.django_db(transaction=True)
def test_of_orders_begun_at_once_the_credit_pays_as_many_as_it_covers(end_user: Membership) -> None:
    give(end_user, 2 * PRICE)
    product = stocked(end_user.tenant, count=4)
    buyer = orders.Buyer(email="ann@shop.test", membership=end_user)
    placed = [orders.place(product=product, buyer=buyer).order for _ in range(4)]
    barrier = threading.Barrier(4)

    def pay(order: Order) -> str:
        try:
            barrier.wait()
            return pay_by_credit(order).state
        except orders.BadOrder:
            return "refused"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        ended = sorted(pool.map(pay, placed))
    assert ended == ["delivered", "delivered", "refused", "refused"]
    assert books(end_user) == {"free": 0, "credit": 0, "revenue": 2 * PRICE, "due": 0}


def test_a_bank_takes_back_only_what_it_had_paid(end_user: Membership) -> None:
    give(end_user, 1_950)
    attempt = mixed(order_of(end_user))
    order = say(attempt)
    [text] = codes.reveal(order.codes.select_related("batch"))
    codes.redeem(membership=end_user, code=text)
    attempt.refresh_from_db()
    dispute = disputes.begin(attempt=attempt, reference="dp_1", amount_minor=1_950)
    assert dispute.quota == {str(end_user.pk): 2_500_000}  # half of the $5: store credit had paid the other half
