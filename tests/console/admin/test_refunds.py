"""Refunds in the back office: asked, done, marked, declined; each step in the trail."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Tenant
from billing import refunds, settlement
from billing.models import Code, Order, PaymentAttempt, Refund
from billing.payments.base import GatewayError, ProviderEvent
from billing.payments.sandbox import Sandbox
from tests.billing.shop import attempt, held, sandbox, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(tenant: Tenant) -> PaymentAttempt:
    made = attempt(stocked(tenant), sandbox(tenant))
    event = ProviderEvent(
        attempt_token=made.token, event_id="paid", kind="paid", transaction="t1", amount_minor=3900, currency="CNY",
        occurred_at=timezone.now(),
    )  # fmt: skip
    settlement.settle(account=made.account, event=event)
    return PaymentAttempt.objects.select_related("order").get(pk=made.pk)


def test_an_order_is_paid_back_with_its_reason_in_the_trail(desk: Client, paid: PaymentAttempt, tenant: Tenant) -> None:
    address = f"/reseller/billing/order/{paid.order_id}/pay_back/"
    assert "¥39.00 can be paid back with the quota taken back (1 codes not redeemed, 0 redeemed)" in desk.get(address).content.decode()
    page = desk.post(address, {"reason": "changed their mind", "gesture": ""}, follow=True).content.decode()
    assert "¥39.00 goes back to the buyer." in page
    assert (Order.objects.get().state, Code.objects.filter(state="revoked").count(), held("revenue", tenant)) == ("refunded", 1, 0)
    event = AuditEvent.objects.get(action="order.refund")
    assert (event.before["state"], event.after["state"], event.after["refund_minor"]) == ("delivered", "refunded", 3900)
    again = desk.post(address, {"reason": "again", "gesture": ""}, follow=True).content.decode()
    assert "Nothing of this order can be paid back." in again


@pytest.mark.parametrize(
    ("gesture", "why"), [("50", "at most ¥39.00 can be paid back"), ("much", "is not an amount: write it like 12.50"), ("0", "at most")]
)
def test_a_wrong_amount_is_said_and_pays_nothing(desk: Client, paid: PaymentAttempt, gesture: str, why: str) -> None:
    page = desk.post(f"/reseller/billing/order/{paid.order_id}/pay_back/", {"reason": "x", "gesture": gesture}).content.decode()
    assert why in page
    assert not Refund.objects.exists()


def test_what_a_gateway_refuses_is_sent_again_or_marked(desk: Client, paid: PaymentAttempt, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise GatewayError("the bank is closed")

    with monkeypatch.context() as away:
        away.setattr(Sandbox, "refund", refuse)
        page = desk.post(f"/reseller/billing/order/{paid.order_id}/pay_back/", {"reason": "x", "gesture": "9"}, follow=True)
        assert "¥9.00 is owed; the gateway did not pay: the bank is closed" in page.content.decode()
    refund = Refund.objects.get()
    address = f"/reseller/billing/refund/{refund.pk}"
    assert desk.get(f"{address}/send_again/").status_code == 200
    desk.post(f"{address}/send_again/")
    refund.refresh_from_db()
    assert (refund.state, refund.takes_back) == ("succeeded", False)
    second = refunds.start(attempt=paid, actor=None, reason="y", gesture_minor=100)
    desk.post(f"/reseller/billing/refund/{second.pk}/mark_done/", {"reason": "in cash"})
    second.refresh_from_db()
    assert (second.state, second.problem) == ("succeeded", "in cash")
    assert [event.action for event in AuditEvent.objects.order_by("pk")] == ["order.refund", "refund.send", "refund.finish"]


def test_a_buyers_wish_is_seen_and_declined(desk: Client, paid: PaymentAttempt) -> None:
    asked = refunds.request(order=paid.order, reason="does not work")
    assert "does not work" in desk.get("/reseller/billing/refund/").content.decode()
    desk.post(f"/reseller/billing/refund/{asked.pk}/decline/", {"reason": "it works"})
    asked.refresh_from_db()
    assert (asked.state, asked.problem) == ("declined", "it works")
    page = desk.post(f"/reseller/billing/refund/{asked.pk}/decline/", {"reason": "again"}, follow=True).content.decode()
    assert "has gone on meanwhile" in page


def test_a_refund_that_came_back_is_found_and_sent_again(desk: Client, paid: PaymentAttempt) -> None:
    refund = refunds.send(refunds.start(attempt=paid, actor=None, reason="no"))
    refunds.fail(refund=refund, problem="the bank sent it back")
    page = f"/reseller/billing/order/{paid.order_id}"
    assert "failed and is owed still" in desk.get(f"{page}/pay_back/", follow=True).content.decode()
    assert paid.order.number in desk.get("/reseller/billing/order/?look=yes").content.decode()
    desk.post(f"/reseller/billing/refund/{refund.pk}/send_again/", {})
    refund.refresh_from_db()
    assert (refund.state, refund.problem) == ("succeeded", "")
