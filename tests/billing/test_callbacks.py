"""The inbox: each message once, refusals with their reason."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from pytest_django import Settings

from accounts.models import Tenant
from billing import callbacks, gateways, settlement
from billing.models import Journal, Order, PaymentAttempt, WebhookInbox
from billing.payments.base import Message
from tests.billing.shop import attempt, sandbox, stocked

pytestmark = pytest.mark.django_db


def press(attempt: PaymentAttempt, button: str = "pay") -> int:
    message = Message(method="POST", query={}, form={"button": button}, headers={}, body=b"", attempt=attempt.token)
    return callbacks.receive(account=attempt.account, message=message).status


def test_a_message_is_kept_once_and_settles_once(tenant: Tenant) -> None:
    """W11: a repeated message finds the order done."""
    paying = attempt(stocked(tenant), sandbox(tenant))
    assert [press(paying), press(paying)] == [200, 200]
    row = WebhookInbox.objects.get()
    assert (row.state, row.kind, row.tries) == ("processed", "paid", 2)
    assert Order.objects.get().state == "delivered"
    assert Journal.objects.filter(kind="payment").count() == 1


def test_a_message_that_proves_nothing_is_refused_and_kept(tenant: Tenant) -> None:
    paying = attempt(stocked(tenant), sandbox(tenant))
    assert press(paying, "explode") == 400
    row = WebhookInbox.objects.get()
    assert (row.state, row.kind, row.reason) == ("failed", "refused", "no such button or payment")
    assert Order.objects.get().state == "pending"


def test_our_own_failure_asks_for_the_message_again(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """W2: a failure of ours is answered as one, and comes again."""
    paying = attempt(stocked(tenant), sandbox(tenant))
    with monkeypatch.context() as broken:
        broken.setattr(settlement, "_hand_over", lambda *_args, **_kwargs: 1 / 0)
        assert press(paying) == 500
    row = WebhookInbox.objects.get()
    assert (row.state, row.reason) == ("failed", "ZeroDivisionError: division by zero")
    assert Order.objects.get().state == "pending"
    assert Journal.objects.filter(kind="payment").count() == 0
    assert press(paying) == 200
    row.refresh_from_db()
    assert (row.state, row.tries, Order.objects.get().state) == ("processed", 2, "delivered")


def test_the_sandbox_is_closed_in_production(tenant: Tenant, settings: Settings) -> None:
    account = sandbox(tenant)
    assert gateways.usable(tenant=tenant) == [account]
    settings.PRODUCTION = True
    assert gateways.usable(tenant=tenant) == []


def test_an_unknown_gateway_gets_no_account(tenant: Tenant) -> None:
    with pytest.raises(gateways.UnknownGateway, match="there are: credit, epay, epusdt, sandbox, stripe"):
        gateways.add_account(tenant=tenant, driver="piggy-bank")


def test_messages_that_come_at_once_are_one(transactional_db: None, root_tenant: Tenant) -> None:
    paying = attempt(stocked(root_tenant), sandbox(root_tenant))
    barrier = threading.Barrier(8)

    def tell(_: int) -> int:
        try:
            barrier.wait()
            return press(paying)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tell, range(8))) == [200] * 8
    assert WebhookInbox.objects.get().tries == 8
    assert Journal.objects.filter(kind="payment").count() == 1
