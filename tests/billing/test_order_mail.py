"""Mails about orders: each occasion once, in the buyer's language, with nothing secret waiting in the outbox."""

from __future__ import annotations

import json

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import mail_texts, tenants
from accounts.models import MailText, Tenant, TenantDomain
from billing import bought, capability, orders, refunds, settlement
from billing.models import Code, Order, PaymentAttempt
from billing.payments.base import ProviderEvent
from foundation import outbox
from foundation.models import OutboxMessage
from tests.billing.shop import attempt, manual_product, restock, sandbox, stocked

pytestmark = pytest.mark.django_db
# Registered by being imported, as the worker does.
REGISTERED = (mail_texts.own, bought.text)


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


def test_the_quota_of_an_order_is_mailed_in_the_shops_unit_and_the_buyers_language(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(quota_unit="points")
    order = order_in(tenant, language="zh-hans")
    delivered()
    pay(orders.start_payment(order=order, account=sandbox(tenant)))
    [(_subject, body)] = delivered()
    assert "1 × 2,500,000 点" in body


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


def test_an_order_of_nowhere_leads_to_its_shop(tenant: Tenant) -> None:
    order = order_in(tenant)
    Order.objects.filter(pk=order.pk).update(site="")
    [(_subject, body)] = delivered()
    link = next(line for line in body.splitlines() if line.startswith("http"))
    assert link == f"http://shop.test/o/{capability.of(order)}/"
    tenants.add_domain(tenant=tenant, host="tea.example", is_primary=False)
    TenantDomain.objects.filter(host="shop.test").update(proven_at=None)
    assert capability.link_to(Order.objects.get()).startswith("http://tea.example/o/")
    TenantDomain.objects.all().delete()
    assert capability.link_to(Order.objects.get()).startswith("http://platform.test/o/")


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


@pytest.mark.parametrize(("off", "begins"), [(100, "We received more money than order"), (-100, "We received less money than order")])
def test_a_wrong_amount_is_told_as_what_it_is(tenant: Tenant, off: int, begins: str) -> None:
    paying = attempt(stocked(tenant), sandbox(tenant))
    delivered()
    pay(paying, off=off)
    [(subject, body)] = delivered()
    assert subject == f"{begins} {paying.order.number} costs"
    assert "http" not in subject
    assert "Nothing is lost" in body


def test_late_and_double_money_are_told_as_what_they_are(tenant: Tenant) -> None:
    account = sandbox(tenant)
    paying = attempt(stocked(tenant, count=1), account)
    orders.run_out(order=paying.order)
    attempt(paying.order.product, account, email="other@example.test")
    delivered()
    pay(paying)
    assert [subject for subject, _ in delivered()] == [f"We received your money for order {paying.order.number}"]
    good = attempt(manual_product(tenant), account)
    again = orders.second_payment(good.order, good)
    pay(good)
    delivered()
    pay(again)
    assert [subject for subject, _ in delivered()] == [f"We received your money for order {good.order.number} again"]


def test_codes_stand_in_the_mail_only_where_the_shop_wants_it(tenant: Tenant) -> None:
    MailText.objects.create(tenant=tenant, template="order_delivered", language="en", subject="Thanks", body="Yours:\n{{ codes }}\n")
    product = stocked(tenant, count=1)
    Code.objects.update(state="revoked")
    [code] = restock(product, count=1)
    paying = attempt(product, sandbox(tenant))
    delivered()
    pay(paying)
    assert code not in str(list(OutboxMessage.objects.values_list("payload", flat=True)))
    assert delivered() == [("Thanks", f"Yours:\n{code}\n")]
