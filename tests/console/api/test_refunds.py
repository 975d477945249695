"""Refunds over the API: declined, sent again, marked as done by hand; disputes are looked at."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent, Membership
from billing import refunds
from billing.models import Dispute, PaymentAttempt
from tests.billing.shop import attempt, sandbox, stocked
from tests.console.api.conftest import program
from tests.console.api.test_orders import pay

pytestmark = pytest.mark.django_db


def paid(member: Membership) -> PaymentAttempt:
    made = attempt(stocked(member.tenant), sandbox(member.tenant))
    pay(made)
    return PaymentAttempt.objects.select_related("order").get(pk=made.pk)


def test_a_buyers_wish_is_declined_once(reseller_owner: Membership) -> None:
    asked = refunds.request(order=paid(reseller_owner).order, reason="does not work")
    call = program(reseller_owner)
    listed = call("GET", "refunds/?state=requested")[1]["results"]
    assert [(one["id"], one["reason"]) for one in listed] == [(asked.pk, "does not work")]
    status, told = call("POST", f"refunds/{asked.pk}/decline/", {"reason": "it works"})
    assert (status, told["state"], told["problem"]) == (200, "declined", "it works")
    assert call("POST", f"refunds/{asked.pk}/decline/", {"reason": "again"})[0] == 409


def test_a_refund_is_sent_or_marked_as_done(reseller_owner: Membership) -> None:
    made = paid(reseller_owner)
    first, second = (refunds.start(attempt=made, actor=None, reason="r", gesture_minor=100) for _ in range(2))
    call = program(reseller_owner)
    assert call("POST", f"refunds/{first.pk}/send/")[1]["state"] == "succeeded"
    status, told = call("POST", f"refunds/{second.pk}/finish/", {"reason": "in cash"})
    assert (status, told["state"], told["problem"]) == (200, "succeeded", "in cash")
    assert [one.action for one in AuditEvent.objects.order_by("pk")] == ["refund.send", "refund.finish"]


def test_strangers_find_no_refund_and_no_dispute(reseller_owner: Membership, stranger: Membership) -> None:
    made = paid(stranger)
    refund = refunds.start(attempt=made, actor=None, reason="r", gesture_minor=100)
    dispute = Dispute.objects.create(attempt=made, reference="d", amount_minor=1, currency="CNY")
    call = program(reseller_owner)
    assert (call("GET", "refunds/")[1]["results"], call("GET", "disputes/")[1]["results"]) == ([], [])
    assert [call("POST", f"refunds/{refund.pk}/{act}/", {"reason": "x"})[0] for act in ("send", "finish", "decline")] == [404] * 3
    assert call("GET", f"disputes/{dispute.pk}/")[0] == 404
    assert program(stranger, host="elsewhere.test")("GET", f"disputes/{dispute.pk}/")[1]["state"] == "open"
