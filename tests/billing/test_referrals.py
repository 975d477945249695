"""Rewards for who brings customers: once, from the shop's own funds, back when the purchase does not stand."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.db import connections
from django.utils import timezone

from accounts import tenants, webhooks
from accounts.models import Membership, Referral, Tenant, User, WebhookDelivery
from billing import audit, ledger, orders, referrals, refunds, self_dealing, self_referrals, statements, store_credit
from billing.models import GatewayAccount, Order, PaymentAttempt, ReferralProgram, ReferralReward, Suspicion
from foundation import outbox
from tests.billing.shop import FIVE, PRICE, held, pay, restock, sandbox, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_are_clean() -> Iterator[None]:
    yield
    assert audit.run() == []


@pytest.fixture
def brought(end_user: Membership) -> Membership:
    """Somebody whom the end user brought."""
    return bring(end_user, "new@people.test")


def bring(referrer: Membership, email: str) -> Membership:
    member = tenants.join(tenant=referrer.tenant, user=User.objects.create_user(email=email))
    Referral.objects.create(referrer=referrer, referred=member)
    return member


def offer(tenant: Tenant, **terms: object) -> ReferralProgram:
    return ReferralProgram.objects.create(tenant=tenant, **({"referrer_fixed": 500} | terms))


def buy(member: Membership, *, quantity: int = 1, count: int = 6, with_credit: bool = False) -> PaymentAttempt:
    account = GatewayAccount.objects.filter(tenant=member.tenant, driver="sandbox").first() or sandbox(member.tenant)
    order = orders.place(
        product=stocked(member.tenant, count=count), buyer=orders.Buyer(email=member.user.email or "", membership=member), quantity=quantity
    ).order
    attempt = orders.start_payment(order=order, account=account, payer=member, with_credit=with_credit)
    pay(attempt)
    return PaymentAttempt.objects.get(pk=attempt.pk)


def stock(tenant: Tenant) -> int:
    return ledger.balance_of(ledger.account(kind="stock", tenant_id=tenant.pk))


def quota(member: Membership) -> int:
    return ledger.balance(membership_id=member.pk).available_micros


def test_a_fixed_reward_comes_once_as_store_credit_of_the_shop(brought: Membership, end_user: Membership) -> None:
    offer(end_user.tenant, referred_fixed=200)
    assert referrals.settle_due() == 0
    buy(brought)
    assert referrals.settle_due() == 1
    assert referrals.settle_due() == 0
    buy(brought)
    assert referrals.settle_due() == 0
    assert (store_credit.free(end_user), store_credit.free(brought)) == (500, 200)
    assert held("adjust", end_user.tenant) == -700
    assert [one.kind for one in store_credit.movements(end_user)] == ["credit"]


def test_both_sides_are_told_by_mail_and_the_shop_by_its_webhook(brought: Membership, end_user: Membership) -> None:
    shop = end_user.tenant
    endpoint, _secret = webhooks.add(tenant=shop, url="https://hooks.test/", events=["referral.rewarded"])
    User.objects.filter(pk=brought.user_id).update(language="zh-hans")
    offer(shop, referred_fixed=200)
    mail.outbox.clear()
    buy(brought)
    referrals.settle_due()
    referrals.settle_due()
    while outbox.deliver():
        pass
    told = {message.to[0]: message for message in mail.outbox if shop.name in message.subject and "¥" in message.subject}
    assert told["ann@shop.test"].subject == f"You got ¥5.00 (store credit) at {shop.name}"
    assert "by your link" in told["ann@shop.test"].body
    assert told["new@people.test"].subject == f"您在 {shop.name} 获得了 ¥2.00 (余额)"
    assert "链接" in told["new@people.test"].body
    rows = {row.data["customer"]: row.data for row in WebhookDelivery.objects.filter(endpoint=endpoint)}
    common = {"referred": brought.pk, "paid_in": "credit", "currency": "CNY"}
    assert rows == {
        end_user.pk: common | {"customer": end_user.pk, "is_welcome": False, "amount": 500},
        brought.pk: common | {"customer": brought.pk, "is_welcome": True, "amount": 200},
    }


def test_a_share_of_the_money_is_capped_and_leaves_store_credit_out(brought: Membership, end_user: Membership) -> None:
    store_credit.give(membership=brought, amount_minor=900, reason="sorry", key="1")
    offer(end_user.tenant, referrer_fixed=None, referrer_percent=1_000, referred_percent=5_000, cap=1_000)
    buy(brought, with_credit=True)
    assert referrals.settle_due() == 1
    # 10 % of 30.00, and half of it, at most 10.00
    assert (store_credit.free(end_user), store_credit.free(brought)) == (300, 1_000)


def test_quota_comes_out_of_the_shops_stock_and_stands_in_the_statement(brought: Membership, end_user: Membership) -> None:
    offer(end_user.tenant, paid_in="quota", referrer_fixed=None, referrer_percent=1_000)
    buy(brought, quantity=2)
    assert referrals.settle_due() == 0  # the stock is all in codes: it waits
    assert quota(end_user) == 0
    restocked = stock(end_user.tenant) + 3 * FIVE
    ledger.transfer(
        kind="wholesale", key="more", src_id=ledger.account(kind="issuer").pk, amount=3 * FIVE,
        dst_id=ledger.account(kind="stock", tenant_id=end_user.tenant_id).pk,
    )  # fmt: skip
    assert referrals.settle_due() == 1
    assert quota(end_user) == FIVE * 2 // 10
    assert stock(end_user.tenant) == restocked - FIVE * 2 // 10
    (entry,) = statements.page(membership_id=end_user.pk).entries
    assert (entry.kind, entry.memo, entry.amount_micros) == ("referral", "Referral", 1_000_000)


def test_the_first_purchase_decides(brought: Membership, end_user: Membership) -> None:
    offer(end_user.tenant, least_minor=PRICE + 1)
    buy(brought)
    assert referrals.settle_due() == 1
    buy(brought, quantity=3)
    assert referrals.settle_due() == 0
    assert not ReferralReward.objects.exists()


def test_what_store_credit_alone_paid_is_no_purchase(brought: Membership, end_user: Membership) -> None:
    offer(end_user.tenant)
    store_credit.give(membership=brought, amount_minor=PRICE, reason="sorry", key="1")
    order = orders.place(product=stocked(brought.tenant), buyer=orders.Buyer(email="new@people.test", membership=brought)).order
    attempt = orders.start_payment(order=order, account=store_credit.open_for(brought.tenant), payer=brought)
    pay(attempt)
    assert Order.objects.get(pk=order.pk).state == "delivered"
    assert referrals.settle_due() == 0


def test_it_waits_its_days_and_for_nothing_that_was_paid_back_meanwhile(brought: Membership, end_user: Membership) -> None:
    offer(end_user.tenant, wait_days=7)
    first, second = buy(brought), buy(brought)
    Order.objects.filter(pk=first.order_id).update(paid_at=timezone.now() - datetime.timedelta(days=8))
    refunds.start(attempt=first, actor=None, reason="sorry")
    assert referrals.settle_due() == 0
    Order.objects.filter(pk=second.order_id).update(paid_at=timezone.now() - datetime.timedelta(days=8))
    assert referrals.settle_due() == 1
    assert ReferralReward.objects.get().order_id == second.order_id


def test_those_that_wait_hold_up_no_others(end_user: Membership) -> None:
    offer(end_user.tenant, wait_days=7)
    waiting, ripe = bring(end_user, "n1@people.test"), bring(end_user, "n2@people.test")
    buy(waiting)
    Order.objects.filter(pk=buy(ripe).order_id).update(paid_at=timezone.now() - datetime.timedelta(days=8))
    assert referrals.settle_due(limit=1) == 1
    assert ReferralReward.objects.get().referral.referred_id == ripe.pk


def test_what_cannot_be_taken_back_yet_holds_up_no_others(end_user: Membership) -> None:
    offer(end_user.tenant, referrer_fixed=None, referred_fixed=500)
    spender, other = bring(end_user, "n1@people.test"), bring(end_user, "n2@people.test")
    paid = [buy(spender), buy(other)]
    assert referrals.settle_due() == 2
    book = store_credit.book(spender, currency=spender.tenant.currency)
    ledger.hold(key="order", account_id=book.pk, amount=500, expires_at=timezone.now() + datetime.timedelta(hours=1))
    refunds.start(attempt=paid[0], actor=None, reason="sorry")
    assert referrals.reverse_due(limit=1) == 1  # nothing is left to take, it is tried for a day
    refunds.start(attempt=paid[1], actor=None, reason="sorry")
    assert referrals.reverse_due(limit=1) == 1
    assert store_credit.free(other) == 0


def test_a_referrer_earns_so_often_and_only_while_they_are_there(end_user: Membership) -> None:
    offer(end_user.tenant, most_rewards=1, referred_fixed=100)
    first, second = (bring(end_user, f"n{number}@people.test") for number in range(2))
    buy(first)
    buy(second)
    assert referrals.settle_due() == 2
    assert (store_credit.free(end_user), store_credit.free(first), store_credit.free(second)) == (500, 100, 100)
    ReferralProgram.objects.update(most_rewards=None)
    third = bring(end_user, "n3@people.test")
    buy(third)
    tenants.set_state(membership=end_user, state="blocked")
    assert referrals.settle_due() == 1
    assert (store_credit.free(end_user), store_credit.free(third)) == (500, 100)


def test_a_program_that_is_switched_off_gives_nothing(brought: Membership, end_user: Membership) -> None:
    offer(end_user.tenant, is_active=False)
    buy(brought)
    assert referrals.settle_due() == 0
    ReferralProgram.objects.update(is_active=True)
    assert referrals.settle_due() == 1


def test_a_purchase_the_shop_may_have_made_itself_waits_until_it_is_cleared(brought: Membership, end_user: Membership) -> None:
    offer(end_user.tenant)
    row = Suspicion.objects.create(order=buy(brought).order, signs=["email"])
    assert (referrals.settle_due(), store_credit.free(end_user)) == (0, 0)
    self_dealing.clear(suspicion=row, actor=None, reason="known")
    assert (referrals.settle_due(), store_credit.free(end_user)) == (1, 500)


@pytest.mark.parametrize(("how", "doubt"), [("mail", "mailbox"), ("session", "place"), ("order", "place")])
def test_who_may_have_brought_themselves_waits_until_the_shop_has_looked(end_user: Membership, how: str, doubt: str) -> None:
    shop = end_user.tenant
    offer(shop)
    webhooks.add(tenant=shop, url="https://hooks.test/", events=["referral.doubted"])
    brought = bring(end_user, "ann+2@shop.test" if how == "mail" else "new@people.test")
    UserSession.objects.create(user=end_user.user, ip="8.8.4.4", session_key="a", user_agent="x")
    if how == "session":
        UserSession.objects.create(user=brought.user, ip="8.8.4.4", session_key="b", user_agent="x")
    order = buy(brought).order
    Order.objects.filter(pk=order.pk).update(address="8.8.4.4" if how == "order" else "8.8.4.5")
    assert (referrals.settle_due(), referrals.settle_due(), store_credit.free(end_user)) == (0, 0, 0)
    row = Referral.objects.get(referred=brought)
    assert (row.doubt, row.settled_at) == (doubt, None)
    [told] = WebhookDelivery.objects.all()
    assert (told.kind, told.data["doubt"]) == ("referral.doubted", doubt)
    if how == "mail":
        self_referrals.refuse(referral=row)
        assert (referrals.settle_due(), store_credit.free(end_user)) == (0, 0)
    else:
        self_referrals.allow(referral=row)
        assert (referrals.settle_due(), store_credit.free(end_user)) == (1, 500)
    for decide in (self_referrals.allow, self_referrals.refuse):
        with pytest.raises(self_referrals.WrongStep):
            decide(referral=row)


def test_two_people_are_rewarded_as_ever(brought: Membership, end_user: Membership) -> None:
    offer(end_user.tenant)
    for member, ip in ((end_user, "8.8.4.4"), (brought, "8.8.4.5"), (end_user, "127.0.0.1"), (brought, "127.0.0.1")):
        UserSession.objects.create(user=member.user, ip=ip, session_key=f"{member.pk}{ip}", user_agent="x")
    buy(brought)
    assert referrals.settle_due() == 1
    assert Referral.objects.get().doubt == ""


@pytest.mark.parametrize("how", ["refund", "dispute"])
def test_it_goes_back_when_the_purchase_does(brought: Membership, end_user: Membership, how: str) -> None:
    offer(end_user.tenant, referred_fixed=200)
    paid = buy(brought)
    referrals.settle_due()
    assert referrals.reverse_due() == 0
    if how == "refund":
        refunds.start(attempt=paid, actor=None, reason="sorry")
    else:
        pay(paid, "disputed", reference="dp_1")
    assert referrals.reverse_due() == 2
    assert referrals.reverse_due() == 0
    assert (store_credit.free(end_user), store_credit.free(brought), held("adjust", end_user.tenant)) == (0, 0, 0)
    assert {row.taken_back for row in ReferralReward.objects.all()} == {500, 200}


def test_what_was_spent_already_is_taken_as_far_as_it_is_free_and_tried_for_a_day(brought: Membership, end_user: Membership) -> None:
    offer(end_user.tenant, paid_in="quota", referrer_fixed=1_000_000)
    restock(stocked(end_user.tenant), count=1)
    ledger.transfer(
        kind="wholesale", key="more", src_id=ledger.account(kind="issuer").pk, amount=FIVE,
        dst_id=ledger.account(kind="stock", tenant_id=end_user.tenant_id).pk,
    )  # fmt: skip
    paid = buy(brought)
    referrals.settle_due()
    before = stock(end_user.tenant)
    wallet = ledger.wallet(membership_id=end_user.pk)
    ledger.hold(key="calls", account_id=wallet.pk, amount=700_000, expires_at=timezone.now() + datetime.timedelta(hours=1))
    refunds.start(attempt=paid, actor=None, reason="sorry")
    left = stock(end_user.tenant) - before  # what the refund itself brought back
    assert referrals.reverse_due() == 1
    assert ReferralReward.objects.get().taken_back == 300_000
    ledger.void(key="calls")
    assert referrals.reverse_due() == 1
    assert (ReferralReward.objects.get().taken_back, quota(end_user)) == (1_000_000, 0)
    assert stock(end_user.tenant) == before + left + 1_000_000
    assert referrals.reverse_due() == 0


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_at_once_pay_once(brought: Membership, end_user: Membership) -> None:
    offer(end_user.tenant, referred_fixed=200)
    paid = buy(brought)
    together = threading.Barrier(4)

    def sweep(verb: str) -> int:
        try:
            together.wait(10)
            return int(getattr(referrals, verb)())
        finally:
            connections.close_all()

    for verb, expected in (("settle_due", 1), ("reverse_due", 2)):
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(sweep, [verb] * 4)) >= expected
        if verb == "settle_due":
            assert (store_credit.free(end_user), store_credit.free(brought)) == (500, 200)
            refunds.start(attempt=paid, actor=None, reason="sorry")
    assert (store_credit.free(end_user), store_credit.free(brought), held("adjust", end_user.tenant)) == (0, 0, 0)
