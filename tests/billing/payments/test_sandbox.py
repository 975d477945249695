"""Each button of the sandbox, by its page, through the door of all gateways; and the books after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts.models import Tenant
from billing import audit
from billing.models import Dispute, PaymentAttempt, Refund, WebhookInbox
from billing.payments.sandbox import BUTTONS
from tests.billing.shop import PRICE, attempt, held, sandbox, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_are_clean(db: None) -> Iterator[None]:
    cache.clear()
    yield
    assert audit.run() == []


@pytest.fixture
def payment(tenant: Tenant) -> PaymentAttempt:
    return attempt(stocked(tenant, count=2), sandbox(tenant))


def press(payment: PaymentAttempt, *buttons: str) -> int:
    client = Client(headers={"host": "shop.test"})
    status = 0
    for button in buttons:
        status = client.post(f"/pay/sandbox/{payment.token}/", {"button": button}).status_code
    payment.refresh_from_db()
    payment.order.refresh_from_db()
    return status


def test_pay_delivers(payment: PaymentAttempt) -> None:
    assert press(payment, "pay", "pay") == 302
    assert (payment.order.state, payment.state, payment.received_minor) == ("delivered", "succeeded", PRICE)
    assert WebhookInbox.objects.get().tries == 2


def test_pay_late_comes_after_the_order_has_ended(payment: PaymentAttempt) -> None:
    press(payment, "late")
    steps = list(payment.order.events.filter(attempt=None).values_list("after", flat=True))
    assert steps == ["pending", "expired", "paid", "delivered"]


def test_a_wrong_amount_waits_for_a_person(payment: PaymentAttempt, tenant: Tenant) -> None:
    press(payment, "wrong")
    assert (payment.order.state, payment.received_minor, held("refunds_due", tenant)) == ("review", PRICE + 1, PRICE + 1)


def test_pay_twice_delivers_once_and_owes_the_rest(payment: PaymentAttempt, tenant: Tenant) -> None:
    press(payment, "twice")
    assert (payment.order.state, payment.order.codes.count()) == ("delivered", 1)
    assert (held("revenue", tenant), held("refunds_due", tenant)) == (PRICE, PRICE)
    assert payment.order.attempts.filter(state="succeeded").count() == 2


def test_a_failed_payment_leaves_the_order_open(payment: PaymentAttempt) -> None:
    press(payment, "fail")
    assert (payment.order.state, payment.state) == ("pending", "failed")


def test_a_refund_at_the_bank_takes_the_code_back(payment: PaymentAttempt, tenant: Tenant) -> None:
    press(payment, "pay", "refund", "refund")
    refund = Refund.objects.get()
    assert (payment.order.state, refund.state, refund.amount_minor) == ("refunded", "succeeded", PRICE)
    assert held("clearing", tenant, owner=payment.account_id) == 0


@pytest.mark.parametrize(("end", "state", "code"), [("won", "won", "sold"), ("lost", "lost", "revoked")])
def test_a_dispute_freezes_and_ends(payment: PaymentAttempt, end: str, state: str, code: str) -> None:
    press(payment, "pay", "dispute")
    assert payment.order.codes.get().state == "frozen"
    press(payment, end)
    assert (Dispute.objects.get().state, payment.order.codes.get().state) == (state, code)


def test_what_needs_a_payment_is_refused_before_one(payment: PaymentAttempt) -> None:
    for name, button in BUTTONS.items():
        if button.is_after_payment:
            assert press(payment, name) == 400
    assert (payment.order.state, payment.state) == ("pending", "pending")
    assert set(WebhookInbox.objects.values_list("kind", "reason")) == {("refused", "nothing was paid yet")}


def test_every_button_is_on_the_page_when_it_can_be_pressed(payment: PaymentAttempt) -> None:
    client = Client(headers={"host": "shop.test"})
    address = f"/pay/sandbox/{payment.token}/"
    before = client.get(address).content.decode()
    shown = {name for name in BUTTONS if f'value="{name}"' in before}
    assert shown == {"pay", "late", "wrong", "twice", "fail"}
    press(payment, "pay")
    after = client.get(address).content.decode()
    assert {name for name in BUTTONS if f'value="{name}"' in after} == set(BUTTONS)


def test_it_does_not_exist_in_production(payment: PaymentAttempt, settings: Settings) -> None:
    settings.PRODUCTION = True
    assert press(payment, "pay") == 404
