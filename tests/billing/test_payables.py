"""Money of shops at the platform: theirs less the fee, matured, asked for, held, paid once; refunds and disputes come out of it."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import audit, disputes, gateways, orders, payables, refunds
from billing.models import GatewayAccount, Hold, Order, PaymentAttempt, Withdrawal
from tests.billing.shop import PRICE, attempt, held, sandbox, stocked
from tests.billing.test_settlement import settle

pytestmark = pytest.mark.django_db
FEE = 98  # 2.5 % of 39.00, rounded up


@pytest.fixture(autouse=True)
def _books_are_clean(db: None) -> Iterator[None]:
    cache.clear()
    yield
    assert audit.run() == []


@pytest.fixture
def lent(root_tenant: Tenant, tenant: Tenant) -> GatewayAccount:
    account = sandbox(root_tenant)
    account.lent_fee, account.lent_days = 250, 7
    account.save(update_fields=["lent_fee", "lent_days"])
    account.lent_to.add(tenant)
    return account


def sold(tenant: Tenant, account: GatewayAccount, *, days_ago: int = 30) -> PaymentAttempt:
    made = attempt(stocked(tenant, count=1), account, email=f"{timezone.now().timestamp()}@example.test")
    settle(made)
    PaymentAttempt.objects.filter(pk=made.pk).update(ended_at=timezone.now() - datetime.timedelta(days=days_ago))
    return PaymentAttempt.objects.select_related("order__tenant", "account__tenant").get(pk=made.pk)


def ask(tenant: Tenant, amount: int, key: str = "1") -> Withdrawal:
    return payables.request(tenant=tenant, currency="CNY", amount_minor=amount, destination="Bank 1", key=key, actor=None)


def test_a_lent_account_takes_the_money_for_the_shop(tenant: Tenant, root_tenant: Tenant, lent: GatewayAccount) -> None:
    assert [row.pk for row in gateways.usable(tenant=tenant)] == [lent.pk]
    payment = sold(tenant, lent, days_ago=0)
    assert (payment.order.state, payment.fee_minor) == ("delivered", FEE)
    assert (held("payable", tenant), held("revenue", tenant), held("revenue", root_tenant)) == (PRICE - FEE, 0, FEE)
    assert held("clearing", root_tenant, owner=lent.pk) == -PRICE
    [standing] = payables.standings(tenant)
    assert (standing.balance, standing.maturing, standing.available) == (PRICE - FEE, PRICE - FEE, 0)
    settle(payment)
    assert held("payable", tenant) == PRICE - FEE


def test_an_account_that_is_not_lent_is_nobody_elses(
    tenant: Tenant, root_tenant: Tenant, stranger: Membership, lent: GatewayAccount
) -> None:
    order = attempt(stocked(tenant), lent).order
    for account in (sandbox(root_tenant), sandbox(stranger.tenant)):
        account.lent_to.clear()
        with pytest.raises(orders.BadOrder):
            orders.start_payment(order=order, account=account)
    assert gateways.usable(tenant=stranger.tenant) == [GatewayAccount.objects.get(tenant=stranger.tenant)]
    theirs = GatewayAccount.objects.get(tenant=stranger.tenant)
    theirs.lent_to.add(tenant)  # only the platform lends
    with pytest.raises(orders.BadOrder):
        orders.start_payment(order=order, account=theirs)


def test_only_matured_money_can_be_asked_for_and_it_is_held(tenant: Tenant, lent: GatewayAccount) -> None:
    sold(tenant, lent)
    sold(tenant, lent, days_ago=6)
    with pytest.raises(payables.NotAvailable, match=r"At most ¥38\.02"):
        ask(tenant, PRICE - FEE + 1)
    made = ask(tenant, 3_000)
    assert ask(tenant, 3_000) == made
    [standing] = payables.standings(tenant)
    assert (standing.held, standing.available) == (3_000, PRICE - FEE - 3_000)
    with pytest.raises(payables.NotAvailable):
        ask(tenant, PRICE - FEE, key="2")
    with pytest.raises(payables.NotAvailable):
        ask(tenant, 0, key="3")


def test_a_paid_withdrawal_leaves_the_books_once(tenant: Tenant, root_tenant: Tenant, lent: GatewayAccount) -> None:
    sold(tenant, lent)
    made = ask(tenant, 3_000)
    payables.approve(withdrawal=made, actor=None)
    for _ in range(2):
        payables.mark_paid(withdrawal=made, actor=None, reference="B-1")
    assert (held("payable", tenant), held("cash", root_tenant)) == (PRICE - FEE - 3_000, 3_000)
    with pytest.raises(payables.WrongStep):
        payables.mark_paid(withdrawal=made, actor=None, reference="B-2")
    with pytest.raises(payables.WrongStep):
        payables.decline(withdrawal=made, actor=None, reason="late")
    other = ask(tenant, 100, key="2")
    with pytest.raises(payables.WrongStep, match="Another withdrawal"):
        payables.mark_paid(withdrawal=other, actor=None, reference="B-1")
    with pytest.raises(payables.WrongStep, match="Write the number"):
        payables.mark_paid(withdrawal=other, actor=None, reference=" ")


def test_a_declined_one_gives_the_money_back_to_ask_for(tenant: Tenant, lent: GatewayAccount) -> None:
    sold(tenant, lent)
    made = ask(tenant, 3_000)
    payables.decline(withdrawal=made, actor=None, reason="wrong bank")
    assert (made.state, made.reason, Hold.objects.get(key=f"withdrawal:{made.pk}").state) == ("declined", "wrong bank", "voided")
    assert payables.standings(tenant)[0].available == PRICE - FEE
    with pytest.raises(payables.WrongStep):
        payables.approve(withdrawal=made, actor=None)


def test_a_refund_comes_out_of_the_payable_and_never_out_of_what_is_not_there(
    tenant: Tenant, lent: GatewayAccount, reseller_owner: Membership
) -> None:
    first, second = sold(tenant, lent), sold(tenant, lent)
    refund = refunds.send(refunds.start(attempt=first, actor=reseller_owner.user, reason="no"))
    assert (refund.state, held("payable", tenant), held("clearing", lent.tenant, owner=lent.pk)) == ("succeeded", PRICE - 2 * FEE, -PRICE)
    with pytest.raises(refunds.NothingToRefund, match="does not cover"):
        refunds.start(attempt=second, actor=reseller_owner.user, reason="no")
    assert held("payable", tenant) == PRICE - 2 * FEE


def test_a_dispute_may_take_it_below_zero(tenant: Tenant, lent: GatewayAccount) -> None:
    payment = sold(tenant, lent)
    payables.mark_paid(withdrawal=ask(tenant, PRICE - FEE), actor=None, reference="B-1")
    dispute = disputes.begin(attempt=payment, reference="dp_1", amount_minor=PRICE)
    assert held("payable", tenant) == -PRICE
    assert payables.standings(tenant)[0].available == 0
    disputes.end(dispute=dispute, is_won=True)
    assert held("payable", tenant) == 0


def test_late_money_at_the_platform_can_become_the_shops_store_credit(end_user: Membership, lent: GatewayAccount) -> None:
    shop = end_user.tenant
    buyer = orders.Buyer(email="ann@shop.test", membership=end_user)
    order = orders.place(product=stocked(shop, count=1), buyer=buyer).order
    late = orders.start_payment(order=order, account=lent)
    orders.cancel(order=order)
    orders.place(product=order.product, buyer=orders.Buyer(email="faster@example.test"))
    assert settle(late).state == "review"
    assert (held("refunds_due", lent.tenant), held("payable", shop)) == (PRICE, 0)
    late.refresh_from_db()
    refunds.send(refunds.start(attempt=late, actor=None, reason="keep", to_credit=True))
    assert (held("refunds_due", lent.tenant), held("payable", shop)) == (0, PRICE)
    assert held("credit", shop, owner=end_user.pk) == PRICE
    [standing] = payables.standings(shop)
    assert (standing.maturing, standing.available) == (PRICE, 0)
    PaymentAttempt.objects.filter(pk=late.pk).update(ended_at=timezone.now() - datetime.timedelta(days=8))
    assert payables.standings(shop)[0].available == PRICE
    # The buyer's bank takes it from who has it by now: the shop, not the platform.
    dispute = disputes.begin(attempt=late, reference="dp_1", amount_minor=PRICE)
    assert (held("refunds_due", lent.tenant), held("payable", shop), payables.standings(shop)[0].available) == (0, 0, 0)
    disputes.end(dispute=dispute, is_won=True)
    assert (held("refunds_due", lent.tenant), held("payable", shop)) == (0, PRICE)


def test_of_money_kept_in_part_a_dispute_takes_what_is_owed_first(end_user: Membership, lent: GatewayAccount) -> None:
    shop = end_user.tenant
    order = orders.place(product=stocked(shop, count=1), buyer=orders.Buyer(email="ann@shop.test", membership=end_user)).order
    late = orders.start_payment(order=order, account=lent)
    orders.cancel(order=order)
    orders.place(product=order.product, buyer=orders.Buyer(email="faster@example.test"))
    settle(late)
    late.refresh_from_db()
    refunds.send(refunds.start(attempt=late, actor=None, reason="keep", to_credit=True, gesture_minor=1_000))
    assert (held("refunds_due", lent.tenant), held("payable", shop)) == (PRICE - 1_000, 1_000)
    dispute = disputes.begin(attempt=late, reference="dp_1", amount_minor=PRICE)
    assert (held("refunds_due", lent.tenant), held("payable", shop)) == (0, 0)
    disputes.end(dispute=dispute, is_won=True)
    assert (held("refunds_due", lent.tenant), held("payable", shop)) == (PRICE - 1_000, 1_000)


def test_buyers_pay_through_it_on_the_shops_own_host(tenant: Tenant, lent: GatewayAccount) -> None:
    payment = attempt(stocked(tenant), lent)
    client = Client(headers={"host": "shop.test"})
    assert client.post(f"/pay/sandbox/{payment.token}/", {"button": "pay"}).status_code == 302
    payment.order.refresh_from_db()
    assert payment.order.state == "delivered"
    assert Client(headers={"host": "elsewhere.test"}).get(f"/pay/sandbox/{payment.token}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_requests_made_at_once_only_what_is_there_is_granted(tenant: Tenant, lent: GatewayAccount) -> None:
    sold(tenant, lent)
    barrier = threading.Barrier(4)

    def run(number: int) -> str:
        try:
            barrier.wait()
            return ask(tenant, 2_000, key=str(number)).state
        except payables.NotAvailable:
            return "not available"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(run, range(4))) == ["not available"] * 3 + ["requested"]
    assert payables.standings(tenant)[0].held == 2_000


def test_what_is_kept_as_store_credit_matures_no_sooner(tenant: Tenant, end_user: Membership, lent: GatewayAccount) -> None:
    sold(tenant, lent)
    payment = sold(tenant, lent, days_ago=1)
    Order.objects.filter(pk=payment.order_id).update(membership=end_user)
    payment = PaymentAttempt.objects.select_related("order__tenant", "account__tenant").get(pk=payment.pk)
    refunds.send(refunds.start(attempt=payment, actor=end_user.user, reason="buy another", to_credit=True))
    [standing] = payables.standings(tenant)
    # The customer has the credit, the platform still the buyer's money: a bank may take it back.
    assert (standing.balance, standing.maturing, standing.available) == (2 * (PRICE - FEE), PRICE - FEE, PRICE - FEE)
    with pytest.raises(payables.NotAvailable):
        ask(tenant, PRICE - FEE + 1)
