"""Customers climb a tenant's ladder of groups by what they paid or used, once, and fall only where a rule says so."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from accounts import keys, tenants
from accounts.models import AuditEvent, Membership, Tenant, User
from billing import refunds
from billing.models import Dispute, Order, PaymentAttempt, PromotionRule
from billing.orders import Buyer, place, start_payment
from foundation.ids import uuid7
from gateway import promotions, rollups
from gateway.models import UsageRecord
from tests.billing.shop import PRICE, pay, sandbox, stocked

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def rule(tenant: Tenant, group: str, rank: int, **fields: Any) -> PromotionRule:
    made = PromotionRule(tenant=tenant, group=group, rank=rank, **fields)
    made.full_clean()
    made.save()
    return made


def use(member: Membership, micros: int, *, days_ago: int = 0) -> None:
    key = keys.issue(membership=member, name="k").key
    at = timezone.now() - days_ago * DAY
    UsageRecord.objects.create(
        id=uuid7(int(at.timestamp() * 1000)), tenant=member.tenant, membership=member, api_key=key, model="m", price_micros=micros
    )
    rollups.roll_up()


def buy(member: Membership, *, quantity: int = 1, days_ago: int = 0) -> PaymentAttempt:
    """Pay an order of so many pieces at 39.00."""
    product = member.tenant.products.first() or stocked(member.tenant, count=20)
    account = member.tenant.gateway_accounts.first() or sandbox(member.tenant)
    order = place(product=product, buyer=Buyer(email="ann@shop.test", membership=member), quantity=quantity).order
    paying = start_payment(order=order, account=account)
    pay(paying)
    Order.objects.filter(pk=order.pk).update(paid_at=timezone.now() - days_ago * DAY)
    return PaymentAttempt.objects.select_related("order", "account").get(pk=paying.pk)


def group_of(member: Membership) -> str:
    member.refresh_from_db()
    return member.group


def run() -> int:
    return promotions.run(now=timezone.now())


def test_who_used_enough_is_promoted_once_and_it_stands_in_the_trail(end_user: Membership) -> None:
    rule(end_user.tenant, "vip", 1, used_micros=1_000_000)
    use(end_user, 999_999)
    assert (run(), group_of(end_user)) == (0, "default")
    use(end_user, 1)
    assert (run(), group_of(end_user), run()) == (1, "vip", 0)
    event = AuditEvent.objects.get(action="membership.promote")
    assert (event.tenant, event.actor, event.target) == (end_user.tenant, None, f"accounts.membership:{end_user.pk}")
    assert (event.before, event.after) == ({"group": "default"}, {"group": "vip", "rule": "vip", "rank": 1})


def test_only_what_was_used_in_the_last_days_counts(end_user: Membership) -> None:
    rule(end_user.tenant, "vip", 1, used_micros=100, days=30)
    use(end_user, 100, days_ago=31)
    assert (run(), group_of(end_user)) == (0, "default")
    use(end_user, 100, days_ago=29)
    assert (run(), group_of(end_user)) == (1, "vip")


def test_only_what_was_paid_in_the_last_days_counts(end_user: Membership) -> None:
    rule(end_user.tenant, "vip", 1, paid_minor=2 * PRICE, days=30)
    buy(end_user, days_ago=31)
    buy(end_user, days_ago=29)
    assert (run(), group_of(end_user)) == (0, "default")
    buy(end_user)
    assert (run(), group_of(end_user)) == (1, "vip")


def test_who_reaches_several_groups_gets_the_best(end_user: Membership) -> None:
    rule(end_user.tenant, "gold", 2, paid_minor=2 * PRICE)
    rule(end_user.tenant, "silver", 1, used_micros=10)
    rule(end_user.tenant, "platinum", 3, paid_minor=2 * PRICE + 1)
    use(end_user, 10)
    assert (run(), group_of(end_user)) == (1, "silver")
    buy(end_user, quantity=2)
    assert (run(), group_of(end_user), run()) == (1, "gold", 0)


def test_what_was_refunded_or_is_disputed_or_never_paid_does_not_count(end_user: Membership) -> None:
    rule(end_user.tenant, "vip", 1, paid_minor=2 * PRICE)
    refunded = buy(end_user, quantity=2)
    refunds.send(refunds.start(attempt=refunded, actor=None, reason="slow day", gesture_minor=1))
    unpaid = place(product=refunded.order.product, buyer=Buyer(email="ann@shop.test", membership=end_user), quantity=9).order
    assert (unpaid.state, run(), group_of(end_user)) == ("pending", 0, "default")
    dispute = Dispute.objects.create(attempt=buy(end_user, quantity=2), reference="d1", amount_minor=2 * PRICE, currency="CNY")
    assert (run(), group_of(end_user)) == (0, "default")
    Dispute.objects.filter(pk=dispute.pk).update(state=Dispute.State.WON)
    assert (run(), group_of(end_user)) == (1, "vip")


def test_a_refund_in_the_gateways_currency_returns_its_share(end_user: Membership) -> None:
    """The order cost 78.00 CNY and was paid as 12.00 elsewhere: a refund of 6.00 is half of it."""
    vip = rule(end_user.tenant, "vip", 1, paid_minor=PRICE + 1)
    payment = buy(end_user, quantity=2)
    PaymentAttempt.objects.filter(pk=payment.pk).update(amount_minor=1200, currency="USD")
    payment.refunds.create(key="r1", amount_minor=600, currency="USD", state="succeeded")
    assert run() == 0
    PromotionRule.objects.filter(pk=vip.pk).update(paid_minor=PRICE)
    assert run() == 1


def test_staff_strangers_and_groups_without_a_rule_are_left_alone(
    end_user: Membership, reseller_owner: Membership, stranger: Membership
) -> None:
    rule(end_user.tenant, "vip", 1, used_micros=1, falls_back=True)
    partner = tenants.join(tenant=end_user.tenant, user=User.objects.create_user(email="partner@shop.test"))
    tenants.set_group(membership=partner, group="partner")
    for member in (reseller_owner, stranger, partner):
        use(member, 5_000)
    assert run() == 0
    assert [group_of(member) for member in (reseller_owner, stranger, partner)] == ["default", "default", "partner"]


def test_nobody_falls_unless_the_rule_says_so(end_user: Membership) -> None:
    gold = rule(end_user.tenant, "gold", 3, used_micros=100, days=30)
    rule(end_user.tenant, "silver", 2, used_micros=1_000)
    rule(end_user.tenant, "bronze", 1, used_micros=50)
    use(end_user, 60, days_ago=40)
    tenants.set_group(membership=end_user, group="gold")
    assert (run(), group_of(end_user)) == (0, "gold")
    PromotionRule.objects.filter(pk=gold.pk).update(falls_back=True)
    assert (run(), group_of(end_user), run()) == (1, "bronze", 0)
    event = AuditEvent.objects.get(action="membership.promote")
    assert (event.before["group"], event.after) == ("gold", {"group": "bronze", "rule": "gold", "rank": 3})


def test_who_reaches_nothing_any_more_falls_to_the_beginning(end_user: Membership) -> None:
    rule(end_user.tenant, "vip", 1, used_micros=100, days=30, falls_back=True)
    tenants.set_group(membership=end_user, group="vip")
    assert (run(), group_of(end_user), run()) == (1, "default", 0)


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_promote_once(end_user: Membership) -> None:
    rule(end_user.tenant, "vip", 1, used_micros=1)
    use(end_user, 1)
    start, moved = threading.Barrier(2), []

    def climb() -> None:
        try:
            start.wait(10)
            moved.append(run())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=climb) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (sorted(moved), group_of(end_user)) == ([0, 1], "vip")
    assert AuditEvent.objects.filter(action="membership.promote").count() == 1
