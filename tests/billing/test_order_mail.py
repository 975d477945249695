"""Mails about orders: each occasion once, in the buyer's language, with nothing secret waiting in the outbox."""

from __future__ import annotations

import json

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import Tenant
from billing import refunds, settlement
from billing.models import Order, PaymentAttempt
from billing.payments.base import ProviderEvent
from foundation import outbox
from foundation.models import OutboxMessage
from tests.billing.shop import attempt, sandbox, stocked

pytestmark = pytest.mark.django_db


def order_in(tenant: Tenant, *, language: str = "en") -> Order:
    """An order through the shop's form, as a visitor in a language."""
    stocked(tenant)
    client = Client(headers={"host": "shop.test", "accept-language": language})
    client.post("/p/five-dollars/", {"quantity": "1", "email": "guest@example.test", "contact": ""})
    return Order.objects.get()


def pay(paying: PaymentAttempt, *, off: int = 0) -> None:
    event = ProviderEvent(
        attempt_token=paying.token, event_id=f"paid:{paying.pk}", kind="paid", transaction=f"t{paying.pk}",
        amount_minor=paying.amount_minor + off, currency=paying.currency, occurred_at=timezone.now(),
    )  # fmt: skip
    settlement.settle(account=paying.account, event=event)
    settlement.settle(account=paying.account, event=event)


def delivered() -> list[tuple[str, str]]:
    mail.outbox.clear()
    outbox.deliver()
    return [(str(message.subject), str(message.body)) for message in mail.outbox]


def test_a_placed_order_leads_back_to_where_it_was_placed(tenant: Tenant) -> None:
    order = order_in(tenant)
    waiting = json.dumps([row.payload for row in OutboxMessage.objects.all()])
    [(subject, body)] = delivered()
    assert subject == f"Your order {order.number} at Tea House waits for payment"
    link = next(line for line in body.splitlines() if line.startswith("http"))
    assert link.startswith("http://shop.test/o/")
    assert link.rstrip("/").rpartition("/")[2] not in waiting
    assert Client(headers={"host": "shop.test"}).get(link).status_code == 200
    assert "¥39.00" in body


def test_mails_are_written_in_the_buyers_language(tenant: Tenant) -> None:
    order = order_in(tenant, language="zh-hans")
    [(subject, body)] = delivered()
    assert subject == f"您在 Tea House 的订单 {order.number} 待付款"
    assert "http://shop.test/o/" in body


def test_delivery_review_and_refund_are_told_once(tenant: Tenant) -> None:
    account = sandbox(tenant)
    good, wrong = attempt(stocked(tenant), account), attempt(stocked(tenant), account)
    delivered()
    pay(good)
    pay(wrong, off=100)
    assert sorted(subject.split(" ")[0] for subject, _ in delivered()) == ["We", "Your"]
    refunds.send(refunds.start(attempt=PaymentAttempt.objects.get(pk=wrong.pk), actor=None, reason="x"))
    [(subject, body)] = delivered()
    assert subject == f"¥40.00 of your order {wrong.order.number} was paid back"
    assert "Tea House has paid ¥40.00" in body
    asked = refunds.request(order=good.order, reason="no")
    refunds.decline(refund=asked, actor=None, reason="It works: see the log.")
    [(subject, body)] = delivered()
    assert "It works: see the log." in body


def test_who_left_no_address_gets_none(tenant: Tenant) -> None:
    stocked(tenant)
    Client(headers={"host": "shop.test"}).post("/p/five-dollars/", {"quantity": "1", "email": "", "contact": "QQ 10001"})
    assert Order.objects.get().contact == "QQ 10001"
    assert delivered() == []
