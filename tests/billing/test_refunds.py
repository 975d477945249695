"""Refunds: what is fair, quota first, cash once, whoever begins them and however often it is said."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import audit, codes, gateways, ledger, refunds, selectors, settlement
from billing.models import Code, Order, PaymentAttempt, Refund
from billing.payments.base import GatewayError, ProviderEvent
from billing.payments.sandbox import Sandbox
from tests.billing.shop import FIVE, PRICE, attempt, held, sandbox, stocked

pytestmark = pytest.mark.django_db


def paid(tenant: Tenant, *, quantity: int = 1, amount_off: int = 0) -> PaymentAttempt:
    made = attempt(stocked(tenant), sandbox(tenant), quantity=quantity)
    event = ProviderEvent(
        attempt_token=made.token, event_id=f"paid:{made.pk}", kind="paid", transaction=f"t{made.pk}",
        amount_minor=made.amount_minor + amount_off, currency=made.currency, occurred_at=timezone.now(),
    )  # fmt: skip
    settlement.settle(account=made.account, event=event)
    return PaymentAttempt.objects.select_related("order", "account").get(pk=made.pk)


def redeem(attempt: PaymentAttempt, member: Membership, *, count: int = 1) -> None:
    rows = attempt.order.codes.filter(state="sold").select_related("batch").order_by("pk")[:count]
    for text in codes.reveal(rows):
        codes.redeem(membership=member, code=text)


def spend(member: Membership, micros: int) -> None:
    wallet, sink = ledger.wallet(membership_id=member.pk).pk, ledger.account(kind="sink_usage").pk
    ledger.transfer(kind="test", key=f"spend:{micros}", src_id=wallet, dst_id=sink, amount=micros)


def said(attempt: PaymentAttempt, kind: str, *, number: str, amount: int, key: str = "") -> ProviderEvent:
    return ProviderEvent(
        attempt_token="", event_id=f"{kind}:{number}", kind=kind, transaction=attempt.provider_transaction or "", amount_minor=amount,
        currency=attempt.currency, occurred_at=timezone.now(), reference=number, raw={"refund": key},
    )  # fmt: skip


def clearing(attempt: PaymentAttempt) -> int:
    return held("clearing", attempt.account.tenant, owner=attempt.account_id)


def test_codes_nobody_redeemed_bring_the_whole_price_back(tenant: Tenant) -> None:
    payment = paid(tenant, quantity=2)
    stock = ledger.account(kind="stock", tenant_id=tenant.pk)
    before = ledger.balance_of(stock)
    assert refunds.offer(payment) == refunds.Offer(2 * PRICE, 2 * PRICE, "CNY", 2, 0)

    refund = refunds.send(refunds.start(attempt=payment, actor=None, reason="changed their mind"))

    assert (refund.state, refund.amount_minor, refund.provider_number) == ("succeeded", 2 * PRICE, f"sandbox-refund-{refund.key}")
    assert sorted(Code.objects.values_list("state", flat=True)) == ["available", "revoked", "revoked"]
    assert ledger.balance_of(stock) - before == 2 * FIVE
    assert (held("revenue", tenant), held("refunds_due", tenant), clearing(payment)) == (0, 0, 0)
    assert Order.objects.get().state == "refunded"
    assert audit.run() == []
    with pytest.raises(refunds.NothingToRefund):
        refunds.start(attempt=payment, actor=None, reason="again")


def test_of_a_redeemed_code_the_unspent_part_comes_back(tenant: Tenant, end_user: Membership) -> None:
    payment = paid(tenant, quantity=2)
    redeem(payment, end_user)
    spend(end_user, 1_000_000)
    # One code unredeemed (5,000,000 µ$), of the other 4,000,000 µ$ are left: 7,800 × 9 ÷ 10 = 7,020.
    assert refunds.offer(payment) == refunds.Offer(7_020, 7_800, "CNY", 1, 1)

    refunds.send(refunds.start(attempt=payment, actor=None, reason="half used"))

    assert ledger.balance(membership_id=end_user.pk).available_micros == 0
    assert (held("revenue", tenant), clearing(payment)) == (780, -780)
    assert Order.objects.get().state == "delivered"
    assert audit.run() == []


def test_a_gesture_takes_nothing_back(tenant: Tenant) -> None:
    payment = paid(tenant)
    refund = refunds.send(refunds.start(attempt=payment, actor=None, reason="slow day", gesture_minor=900))
    assert (refund.takes_back, refund.state) == (False, "succeeded")
    assert Code.objects.filter(state="sold").count() == 1
    assert refunds.offer(payment) == refunds.Offer(3_000, 3_000, "CNY", 1, 0)
    with pytest.raises(refunds.NothingToRefund, match=r"at most ¥30\.00"):
        refunds.start(attempt=payment, actor=None, reason="too much", gesture_minor=3_001)


def test_money_that_bought_nothing_goes_back_whole(tenant: Tenant) -> None:
    """W22: a wrong amount has a way back."""
    payment = paid(tenant, amount_off=1600)
    assert payment.order.state == "review"
    assert refunds.offer(payment).amount_minor == PRICE + 1600
    refunds.send(refunds.start(attempt=payment, actor=None, reason="wrong amount"))
    assert (held("refunds_due", tenant), held("revenue", tenant), clearing(payment)) == (0, 0, 0)
    assert Order.objects.get().state == "refunded"


def test_a_buyer_asks_once_and_is_answered(tenant: Tenant) -> None:
    payment = paid(tenant)
    asked = refunds.request(order=payment.order, reason="does not work")
    assert refunds.request(order=payment.order, reason="again") == asked
    refunds.decline(refund=asked, actor=None, reason="it works")
    with pytest.raises(refunds.WrongStep):
        refunds.decline(refund=asked, actor=None, reason="again")
    second = refunds.request(order=payment.order, reason="really not")
    done = refunds.send(refunds.start(attempt=payment, actor=None, reason="all right"))
    assert (done.pk, done.state) == (second.pk, "succeeded")
    assert Refund.objects.count() == 2


def test_a_gateway_that_cannot_pay_keeps_the_money_owed_until_it_can(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = paid(tenant)
    refund = refunds.start(attempt=payment, actor=None, reason="x")
    with monkeypatch.context() as away:

        def refuse(*_: object, **__: object) -> str:
            raise GatewayError("the bank is closed")

        away.setattr(Sandbox, "refund", refuse)
        refund = refunds.send(refund)
    assert (refund.state, refund.problem, held("refunds_due", tenant)) == ("submitted", "the bank is closed", PRICE)
    assert refunds.send_due() == 1
    refund.refresh_from_db()
    assert (refund.state, refund.problem, held("refunds_due", tenant)) == ("succeeded", "", 0)
    assert refunds.send_due() == 0


def test_what_was_paid_by_hand_is_marked_once(tenant: Tenant) -> None:
    refund = refunds.start(attempt=paid(tenant), actor=None, reason="x")
    refunds.finish(refund=refund, reason="by bank transfer")
    refunds.finish(refund=refund, reason="by bank transfer")
    assert held("refunds_due", tenant) == 0


def test_a_late_failure_is_owed_again_and_may_still_be_done(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sandbox, "refunds_at_once", False)
    payment = paid(tenant)
    refund = refunds.send(refunds.start(attempt=payment, actor=None, reason="x"))
    assert refund.state == "submitted"
    failed = said(payment, "refund_failed", number=refund.provider_number or "", amount=PRICE)
    settlement.settle(account=payment.account, event=failed)
    refund.refresh_from_db()
    assert (refund.state, held("refunds_due", tenant)) == ("failed", PRICE)
    assert refunds.offer(payment).left_minor == 0  # owed, so that it is not offered a second time
    refunds.finish(refund=refund, reason="by hand")
    settlement.settle(account=payment.account, event=replace(failed, event_id="a copy that comes late"))
    refund.refresh_from_db()
    assert (refund.state, held("refunds_due", tenant)) == ("succeeded", 0)


def test_a_refund_that_fails_after_it_had_succeeded_is_owed_again(tenant: Tenant) -> None:
    """Banks send money of refunds back days later."""
    payment = paid(tenant)
    refund = refunds.send(refunds.start(attempt=payment, actor=None, reason="x"))
    number = refund.provider_number or ""
    assert (refund.state, clearing(payment)) == ("succeeded", 0)
    for kind in ("refund_failed", "refund_failed", "refunded"):  # and what overtook it is told last
        settlement.settle(account=payment.account, event=said(payment, kind, number=number, amount=PRICE))
    refund.refresh_from_db()
    assert (refund.state, clearing(payment), held("refunds_due", tenant)) == ("failed", -PRICE, PRICE)
    assert list(selectors.to_look_at(Order.objects.all())) == [payment.order]
    assert audit.run() == []
    settlement.settle(account=payment.account, event=said(payment, "refund_failed", number="re_unknown", amount=PRICE))
    sent = refunds.send_again(refund)
    assert (sent.state, clearing(payment), held("refunds_due", tenant)) == ("succeeded", 0, 0)
    assert list(selectors.to_look_at(Order.objects.all())) == []
    assert audit.run() == []


def test_a_failed_refund_that_a_person_repeats_at_the_gateway_is_the_same_refund(tenant: Tenant) -> None:
    payment = paid(tenant)
    refund = refunds.send(refunds.start(attempt=payment, actor=None, reason="x"))
    settlement.settle(account=payment.account, event=said(payment, "refund_failed", number=refund.provider_number or "", amount=PRICE))
    for _ in range(2):
        settlement.settle(account=payment.account, event=said(payment, "refunded", number="re_anew", amount=PRICE))
    refund.refresh_from_db()
    assert (refund.state, refund.provider_number, Refund.objects.count()) == ("succeeded", "re_anew", 1)
    assert (clearing(payment), held("refunds_due", tenant)) == (0, 0)
    assert audit.run() == []


def test_a_gateway_that_may_pay_twice_is_asked_once_by_itself(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def lost(_: object, attempt: PaymentAttempt, *, amount_minor: int, key: str) -> str:
        asked.append(key)
        raise GatewayError("no answer")

    monkeypatch.setattr(Sandbox, "refund", lost)
    monkeypatch.setattr(Sandbox, "repeats_refunds", False)
    refund = refunds.send(refunds.start(attempt=paid(tenant), actor=None, reason="x"))
    assert (refund.problem, refunds.send_due(), refunds.send(refund).state) == ("no answer", 0, "submitted")
    assert len(asked) == 1
    refunds.send_again(refund)  # a person has looked
    assert len(asked) == 2
    # whoever died while asking, and whoever asks at the same moment
    Refund.objects.update(problem=refunds.NO_ANSWER)
    refund.refresh_from_db()
    assert (refunds.send_due(), refunds.send_again(refund).state, len(asked)) == (0, "submitted", 2)


def test_our_own_refunds_event_may_come_before_the_answer(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sandbox, "refunds_at_once", False)
    payment = paid(tenant)
    refund = refunds.start(attempt=payment, actor=None, reason="x")
    event = said(payment, "refunded", number="re_1", amount=PRICE, key=refund.key)
    settlement.settle(account=payment.account, event=event)
    settlement.settle(account=payment.account, event=replace(event, event_id="again"))
    refund.refresh_from_db()
    assert (refund.state, refund.provider_number, Refund.objects.count()) == ("succeeded", "re_1", 1)


def test_a_refund_made_at_the_gateway_takes_the_codes_back(tenant: Tenant) -> None:
    payment = paid(tenant)
    for number in ("re_9", "re_9"):
        settlement.settle(account=payment.account, event=said(payment, "refunded", number=number, amount=PRICE))
    assert Code.objects.filter(state="revoked").count() == 1
    assert (Refund.objects.get().state, clearing(payment), Order.objects.get().state) == ("succeeded", 0, "refunded")


def test_the_whole_price_refunded_at_the_gateway_takes_back_what_is_left_of_a_redeemed_code(tenant: Tenant, end_user: Membership) -> None:
    payment = paid(tenant)
    redeem(payment, end_user)
    spend(end_user, 2_000_000)
    settlement.settle(account=payment.account, event=said(payment, "refunded", number="re_9", amount=PRICE))
    assert (Refund.objects.get().amount_minor, ledger.wallet(membership_id=end_user.pk).balance) == (PRICE, 0)
    assert (Order.objects.get().state, clearing(payment), held("revenue", tenant)) == ("refunded", 0, 0)
    assert audit.run() == []


def test_a_part_refunded_at_the_gateway_is_a_gesture(tenant: Tenant) -> None:
    payment = paid(tenant)
    settlement.settle(account=payment.account, event=said(payment, "refunded", number="re_1", amount=900))
    assert (Refund.objects.get().takes_back, Code.objects.filter(state="sold").count(), held("revenue", tenant)) == (False, 1, 3000)


def test_twice_at_once_pays_back_once(transactional_db: None, root_tenant: Tenant) -> None:
    payment = paid(root_tenant)
    barrier = threading.Barrier(6)

    def go(_: int) -> str:
        try:
            barrier.wait()
            return refunds.send(refunds.start(attempt=payment, actor=None, reason="race")).state
        except refunds.NothingToRefund:
            return "nothing"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(go, range(6))) == ["nothing"] * 5 + ["succeeded"]
    assert (held("revenue", root_tenant), held("refunds_due", root_tenant)) == (0, 0)
    assert gateways.usable(tenant=root_tenant)
