"""Disputed payments: codes frozen, redeemed quota owed and paid first, everything undone when the shop wins."""

from __future__ import annotations

import uuid

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import audit, disputes, leases, ledger, refunds, settlement
from billing.models import Code, Dispute, LedgerAccount, OrderEvent, PaymentAttempt
from billing.payments.base import ProviderEvent
from foundation import outbox
from tests.billing.conftest import grant
from tests.billing.shop import FIVE, PRICE, held
from tests.billing.test_refunds import clearing, paid, redeem, spend

pytestmark = pytest.mark.django_db(transaction=True)


def say(payment: PaymentAttempt, kind: str, *, amount: int = PRICE, reference: str = "dp_1") -> None:
    event = ProviderEvent(
        attempt_token=payment.token, event_id=f"{kind}:{reference}", kind=kind, transaction="", amount_minor=amount,
        currency=payment.currency, occurred_at=timezone.now(), reference=reference, raw={"reason": "fraudulent"},
    )  # fmt: skip
    settlement.settle(account=payment.account, event=event)


def wallet(member: Membership) -> LedgerAccount:
    return ledger.wallet(membership_id=member.pk)


def balance(kind: str, member: Membership, *, owner: int) -> int:
    return ledger.balance_of(ledger.account(kind=kind, tenant_id=member.tenant_id, owner=owner))


def debt(member: Membership) -> int:
    return -balance("dispute", member, owner=member.pk)


def stock(tenant: Tenant) -> int:
    return ledger.balance_of(ledger.account(kind="stock", tenant_id=tenant.pk))


def test_codes_nobody_redeemed_freeze_and_the_cash_is_gone(tenant: Tenant, reseller_owner: Membership) -> None:
    payment = paid(tenant)
    mail.outbox.clear()
    say(payment, "disputed")
    say(payment, "disputed")
    assert [code.state for code in payment.order.codes.all()] == ["frozen"]
    # the gateway owed 39.00 and took it back
    assert (clearing(payment), held("revenue", tenant)) == (0, 0)
    assert Dispute.objects.get().quota == {}
    assert OrderEvent.objects.latest("pk").reason == "disputed: ¥39.00, fraudulent"
    outbox.deliver()
    (told,) = [one for one in mail.outbox if "disputed" in one.subject]
    assert (told.to, "¥39.00" in told.body, "fraudulent" in told.body) == (["owner@shop.test"], True, True)
    assert audit.run() == []


def test_what_is_free_is_taken_and_the_rest_is_owed(tenant: Tenant, end_user: Membership) -> None:
    payment = paid(tenant)
    redeem(payment, end_user)
    spend(end_user, 3_000_000)
    say(payment, "disputed")
    # $5 redeemed, $2 left: taken; $3 are owed
    row = wallet(end_user)
    assert (row.balance, row.floor, row.frozen, debt(end_user)) == (0, 3_000_000, True, 3_000_000)
    assert balance("dispute", end_user, owner=-end_user.pk) == FIVE
    assert audit.run() == []


def test_later_money_pays_the_dispute_before_it_can_be_spent(tenant: Tenant, end_user: Membership) -> None:
    payment = paid(tenant)
    redeem(payment, end_user)
    spend(end_user, 3_000_000)
    say(payment, "disputed")
    grant(end_user, 1_000_000)
    assert (wallet(end_user).balance, debt(end_user)) == (0, 2_000_000)
    say(payment, "dispute_lost")
    grant(end_user, 2_500_000)
    row = wallet(end_user)
    assert (row.balance, row.floor, row.frozen, debt(end_user)) == (500_000, 0, False, 0)
    before = stock(tenant)
    assert disputes.settle_claims() == FIVE
    assert (stock(tenant) - before, disputes.settle_claims()) == (FIVE, 0)
    assert audit.run() == []


def test_the_shop_gets_what_was_paid_only_when_it_is_decided(tenant: Tenant, end_user: Membership) -> None:
    payment = paid(tenant)
    redeem(payment, end_user)
    spend(end_user, 4_000_000)
    say(payment, "disputed")
    assert disputes.settle_claims() == 0
    say(payment, "dispute_lost")
    # $1 was there, $4 are still owed
    assert (disputes.settle_claims(), debt(end_user)) == (1_000_000, 4_000_000)


def test_what_relays_hold_comes_back_and_pays(tenant: Tenant, end_user: Membership) -> None:
    payment = paid(tenant)
    redeem(payment, end_user)
    worker_id = uuid.uuid4()
    leases.register(worker_id=worker_id, node="test")
    leases.take(worker_id=worker_id, wallet=end_user.pk, need=2_000_000, want=0, whole=2_000_000, known=[], budgets=[])
    say(payment, "disputed")
    account = wallet(end_user)
    # $3 of $5 were free; $2 are held, called back and leased to nobody
    assert (account.balance, account.held, debt(end_user)) == (2_000_000, 2_000_000, 2_000_000)
    assert leases.beat(worker_id=worker_id) == [(False, account.pk)]
    refused = leases.take(worker_id=worker_id, wallet=end_user.pk, need=1, want=0, whole=1, known=[(False, account.pk, 1)], budgets=[])
    assert refused.no is not None
    leases.give(worker_id=worker_id, gives=[(False, account.pk, 2_000_000, 1)])
    assert (ledger.collect_debts(), debt(end_user), wallet(end_user).balance) == (2_000_000, 0, 0)
    assert audit.run() == []


def test_a_won_dispute_undoes_itself(tenant: Tenant, end_user: Membership) -> None:
    payment = paid(tenant, quantity=2)
    redeem(payment, end_user)
    spend(end_user, 3_000_000)
    before = (clearing(payment), held("revenue", tenant), stock(tenant))
    say(payment, "disputed", amount=2 * PRICE)
    grant(end_user, 500_000)
    say(payment, "dispute_won", amount=2 * PRICE)
    say(payment, "dispute_won", amount=2 * PRICE)
    row = wallet(end_user)
    # $2 were left and 50 cents came: both are back, nothing is owed
    assert (row.balance, row.floor, row.frozen, debt(end_user)) == (2_500_000, 0, False, 0)
    assert balance("dispute", end_user, owner=-end_user.pk) == 0
    assert (clearing(payment), held("revenue", tenant), stock(tenant)) == before
    assert sorted(payment.order.codes.values_list("state", flat=True)) == ["redeemed", "sold"]
    assert audit.run() == []


def test_a_lost_dispute_gives_unredeemed_codes_back_to_the_shop(tenant: Tenant) -> None:
    payment = paid(tenant)
    before = stock(tenant)
    say(payment, "dispute_lost")
    assert (Code.objects.get(order=payment.order).state, stock(tenant) - before) == ("revoked", FIVE)
    assert Dispute.objects.get().state == "lost"
    assert audit.run() == []


def test_a_part_of_the_payment_is_a_part_of_the_quota(tenant: Tenant, end_user: Membership) -> None:
    payment = paid(tenant)
    redeem(payment, end_user)
    say(payment, "disputed", amount=PRICE // 3)
    # 13.00 of 39.00: a third of $5, rounded down
    assert Dispute.objects.get().quota == {str(end_user.pk): 1_666_666}
    assert wallet(end_user).balance == FIVE - 1_666_666


def test_a_second_dispute_keeps_the_wallet_frozen(tenant: Tenant, end_user: Membership) -> None:
    payment = paid(tenant)
    redeem(payment, end_user)
    say(payment, "disputed", amount=PRICE // 3)
    say(payment, "disputed", amount=PRICE // 3, reference="dp_2")
    say(payment, "dispute_won", amount=PRICE // 3)
    assert wallet(end_user).frozen
    say(payment, "dispute_won", amount=PRICE // 3, reference="dp_2")
    assert (wallet(end_user).frozen, wallet(end_user).balance) == (False, FIVE)


def test_a_disputed_payment_is_not_refunded_as_well(tenant: Tenant, reseller_owner: Membership) -> None:
    payment = paid(tenant)
    say(payment, "disputed")
    with pytest.raises(refunds.NothingToRefund, match="through the bank"):
        refunds.start(attempt=payment, actor=reseller_owner.user, reason="asked")


def test_an_inquiry_that_is_answered_by_paying_back_at_the_gateway_leaves_no_quota(tenant: Tenant, end_user: Membership) -> None:
    payment = paid(tenant, quantity=2)
    before = stock(tenant)
    redeem(payment, end_user)
    spend(end_user, 1_000_000)
    say(payment, "disputed", amount=2 * PRICE)
    for _ in range(2):
        say(payment, "refunded", amount=2 * PRICE, reference="re_1")
        say(payment, "dispute_won", amount=2 * PRICE)
    disputes.settle_claims()
    # one dollar was spent, four go back to the shop with the code that nobody redeemed
    assert (wallet(end_user).balance, wallet(end_user).frozen, debt(end_user)) == (0, False, 1_000_000)
    assert stock(tenant) - before == 2 * FIVE - 1_000_000
    assert sorted(payment.order.codes.values_list("state", flat=True)) == ["redeemed", "revoked"]
    assert (clearing(payment), held("revenue", tenant), held("refunds_due", tenant)) == (0, 0, 0)
    assert Dispute.objects.get().state == "won"
    assert audit.run() == []
