"""A shop's purchases in itself through a lent account: noticed by each sign, kept back, told, decided once; honest money matures."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.utils import timezone

from accounts.models import Membership, NotificationTarget, Tenant, User
from billing import audit, codes, direct, gateways, ledger, orders, payables, refunds, rungs, self_dealing
from billing.models import Code, GatewayAccount, Order, PaymentAttempt, Suspicion
from billing.rungs import Rung
from foundation.models import OutboxMessage
from tests.billing.shop import FIVE, PRICE, held, pay, sandbox, stocked
from tests.doubles.stripe_api import SECRET_KEY, WEBHOOK_SECRET, StripeApi

pytestmark = pytest.mark.django_db
OLD = datetime.timedelta(days=20)


@pytest.fixture(autouse=True)
def _books_are_clean(db: None) -> Iterator[None]:
    cache.clear()
    yield
    assert audit.run() == []


@pytest.fixture
def lent(root_tenant: Tenant, tenant: Tenant) -> GatewayAccount:
    account = sandbox(root_tenant)
    account.lent_to.add(tenant)
    return account


def paid(tenant: Tenant, account: GatewayAccount, **buyer: object) -> Order:
    """An order paid twenty days ago by somebody."""
    told = orders.Buyer(**{"email": "guest@example.test", **buyer})  # type: ignore[arg-type]  # mixed values
    order = orders.place(product=stocked(tenant, count=1), buyer=told).order
    pay(orders.start_payment(order=order, account=account))
    PaymentAttempt.objects.filter(order=order).update(ended_at=timezone.now() - OLD)
    return Order.objects.get(pk=order.pk)


def signs(order: Order) -> list[str]:
    found = Suspicion.objects.filter(order=order).first()
    return [] if found is None else found.signs


def standing(tenant: Tenant) -> payables.Standing:
    [found] = payables.standings(Tenant.objects.get(pk=tenant.pk))
    return found


def test_an_honest_purchase_matures(tenant: Tenant, lent: GatewayAccount, end_user: Membership, reseller_owner: Membership) -> None:
    UserSession.objects.create(user=reseller_owner.user, ip="8.8.4.4", session_key="a", user_agent="x")
    order = paid(tenant, lent, membership=end_user, email="buyer@example.test", address="8.8.4.5")
    assert (signs(order), self_dealing.look_back()) == ([], 0)
    assert (standing(tenant).available, standing(tenant).in_review) == (PRICE, 0)


def test_what_staff_buys_is_delivered_and_its_money_stays(tenant: Tenant, lent: GatewayAccount, reseller_owner: Membership) -> None:
    order = paid(tenant, lent, membership=reseller_owner, email="other@example.test")
    assert (order.state, signs(order)) == ("delivered", ["account"])
    assert held("payable", tenant) == PRICE
    assert (standing(tenant).available, standing(tenant).maturing, standing(tenant).in_review) == (0, 0, PRICE)
    with pytest.raises(payables.NotAvailable):
        payables.request(tenant=tenant, currency="CNY", amount_minor=1, destination="x", key="1", actor=None)


def test_the_mail_of_staff_is_known_with_a_plus(tenant: Tenant, lent: GatewayAccount, reseller_owner: Membership) -> None:
    assert signs(paid(tenant, lent, email="Owner+2@shop.test")) == ["email"]


def test_the_network_of_staff_is_known(tenant: Tenant, lent: GatewayAccount, reseller_owner: Membership) -> None:
    UserSession.objects.create(user=reseller_owner.user, ip="8.8.4.4", session_key="a", user_agent="x")
    assert signs(paid(tenant, lent, address="8.8.4.4")) == ["address"]


def test_what_staff_redeems_is_noticed_later_and_once(tenant: Tenant, root_tenant: Tenant, lent: GatewayAccount) -> None:
    manager = Membership.objects.create(tenant=tenant, user=User.objects.create_user(email="m@people.test"), role="manager")
    NotificationTarget.objects.create(tenant=root_tenant, preset="email", address="ops@x.test", events=["purchase.suspected"])
    order = paid(tenant, lent)
    [code] = codes.reveal(Code.objects.filter(order=order).select_related("batch"))
    codes.redeem(membership=manager, code=code)
    assert (self_dealing.look_back(), self_dealing.look_back()) == (1, 0)
    assert signs(order) == ["redeemed"]
    [told] = [row.payload for row in OutboxMessage.objects.filter(topic="accounts.notice")]
    assert told["kind"] == "purchase.suspected"
    assert told["data"] == {"shop": tenant.name, "number": order.number, "total": "¥39.00", "signs": "redeemed"}


def test_an_order_of_the_browser_in_which_staff_works_is_noticed(tenant: Tenant, lent: GatewayAccount, stranger: Membership) -> None:
    order = paid(tenant, lent)
    assert self_dealing.seen_with_staff(tenant_id=stranger.tenant_id, orders=[order.pk]) == 0
    assert [self_dealing.seen_with_staff(tenant_id=tenant.pk, orders=[order.pk]) for _ in range(2)] == [1, 0]
    assert signs(order) == ["browser"]


def test_a_shop_of_the_same_owner_below_is_no_buyer(
    tenant: Tenant, root_tenant: Tenant, lent: GatewayAccount, reseller_owner: Membership
) -> None:
    below = Tenant.objects.create(slug="below", name="Below", parent=tenant)
    Membership.objects.create(tenant=below, user=reseller_owner.user, role="owner")
    stock = stocked(tenant, count=1)
    ledger.transfer(kind="wholesale", key="x", src_id=ledger.account(kind="issuer").pk, dst_id=codes.stock_of(tenant.pk), amount=FIVE)
    type(stock).objects.filter(pk=stock.pk).update(kind="stock")
    [product] = direct.wholesale(tenant.pk)
    order = orders.place(product=product, buyer=orders.Buyer(email="b@example.test", recipient=below)).order
    pay(orders.start_payment(order=order, account=lent))
    assert signs(order) == ["account"]


def test_the_card_that_paid_the_shops_stock_is_known(tenant: Tenant, root_tenant: Tenant) -> None:
    with StripeApi() as stripe:
        values = {"secret_key": SECRET_KEY, "webhook_secret": WEBHOOK_SECRET, "api_base": stripe.url}
        account = gateways.add_account(tenant=root_tenant, driver="stripe", values=values, is_operator=True)
        account.lent_to.add(tenant)
        own, sold, other = paid(root_tenant, account), paid(tenant, account), paid(tenant, account, email="b@example.test")
        Order.objects.filter(pk=own.pk).update(recipient=tenant, kind="stock")
        for order, card in ((own, "fp_1"), (sold, "fp_1"), (other, "fp_2")):
            intent = f"t{order.attempts.get().pk}"
            stripe.intents[intent] = {"id": intent, "object": "payment_intent"}
            stripe.means[intent] = {"type": "card", "card": {"fingerprint": card}}
        assert (self_dealing.look_back(), self_dealing.look_back()) == (1, 0)
    assert (signs(sold), signs(other), signs(own)) == (["payment"], [], [])
    kept = set(PaymentAttempt.objects.values_list("payer", flat=True))
    assert len(kept) == 2
    assert not any("fp_" in one for one in kept)


def test_a_gateway_that_does_not_answer_is_asked_again(tenant: Tenant, root_tenant: Tenant) -> None:
    with StripeApi() as stripe:
        values = {"secret_key": SECRET_KEY, "webhook_secret": WEBHOOK_SECRET, "api_base": stripe.url}
        account = gateways.add_account(tenant=root_tenant, driver="stripe", values=values, is_operator=True)
        account.lent_to.add(tenant)
        order = paid(tenant, account)
        assert self_dealing.look_back() == 0
        assert order.attempts.get().payer == ""


def test_cleared_money_matures_and_a_new_sign_opens_it_again(tenant: Tenant, lent: GatewayAccount, reseller_owner: Membership) -> None:
    order = paid(tenant, lent, membership=reseller_owner)
    row = Suspicion.objects.get(order=order)
    self_dealing.clear(suspicion=row, actor=reseller_owner.user, reason="a test by the owner")
    assert (row.state, row.reason, standing(tenant).available) == ("cleared", "a test by the owner", PRICE)
    assert self_dealing.look_back() == 0
    with pytest.raises(self_dealing.WrongStep):
        self_dealing.uphold(suspicion=row, actor=None, reason="x")
    self_dealing.seen_with_staff(tenant_id=tenant.pk, orders=[order.pk])
    row.refresh_from_db()
    assert (row.state, row.signs, standing(tenant).available) == ("open", ["account", "browser"], 0)


def test_upheld_money_stays_until_it_is_paid_back(tenant: Tenant, lent: GatewayAccount, reseller_owner: Membership) -> None:
    order = paid(tenant, lent, membership=reseller_owner)
    paid(tenant, lent, email="honest@example.test")
    row = Suspicion.objects.get(order=order)
    self_dealing.uphold(suspicion=row, actor=None, reason="a stolen card")
    assert (standing(tenant).balance, standing(tenant).in_review, standing(tenant).available) == (2 * PRICE, PRICE, PRICE)
    refunds.send(refunds.start(attempt=order.attempts.get(), actor=reseller_owner.user, reason="stolen"))
    assert (standing(tenant).balance, standing(tenant).in_review, standing(tenant).available) == (PRICE, 0, PRICE)


def test_a_request_is_not_approved_out_of_money_that_is_in_review_since(tenant: Tenant, lent: GatewayAccount) -> None:
    order = paid(tenant, lent)
    asked = payables.request(tenant=tenant, currency="CNY", amount_minor=PRICE, destination="x", key="1", actor=None)
    self_dealing.seen_with_staff(tenant_id=tenant.pk, orders=[order.pk])
    with pytest.raises(payables.NotAvailable, match=r"Only ¥0\.00"):
        payables.approve(withdrawal=asked, actor=None)
    self_dealing.clear(suspicion=Suspicion.objects.get(), actor=None, reason="known")
    payables.approve(withdrawal=asked, actor=None)
    assert asked.state == "approved"


def test_a_shop_whose_payouts_are_stopped_reads_why(tenant: Tenant, lent: GatewayAccount) -> None:
    paid(tenant, lent)
    asked = payables.request(tenant=tenant, currency="CNY", amount_minor=100, destination="x", key="1", actor=None)
    Tenant.objects.filter(pk=tenant.pk).update(payouts_stopped="we wait for your papers")
    with pytest.raises(payables.NotAvailable, match="we wait for your papers"):
        payables.request(tenant=tenant, currency="CNY", amount_minor=100, destination="x", key="2", actor=None)
    with pytest.raises(payables.NotAvailable, match="we wait for your papers"):
        payables.approve(withdrawal=asked, actor=None)
    assert (standing(tenant).available, standing(tenant).balance) == (0, PRICE)


def test_a_suspected_purchase_climbs_no_ladder(tenant: Tenant, lent: GatewayAccount, end_user: Membership) -> None:
    order = paid(tenant, lent, membership=end_user)
    rung = Rung(tenant.pk, "CNY", "vip", 1, None, PRICE, None, falls_back=False)
    assert [row["membership_id"] for row in rungs.paid_enough(rung, since=None)] == [end_user.pk]
    self_dealing.seen_with_staff(tenant_id=tenant.pk, orders=[order.pk])
    assert not rungs.paid_enough(rung, since=None)


def test_a_shops_own_account_is_its_own_affair(tenant: Tenant, reseller_owner: Membership) -> None:
    order = paid(tenant, sandbox(tenant), membership=reseller_owner)
    assert (signs(order), self_dealing.look_back()) == ([], 0)
