"""A failing payment account is told of, once in some hours however often it fails."""

from __future__ import annotations

import pytest

from accounts.models import NotificationTarget, Tenant
from billing import callbacks, gateway_alarms
from billing.models import GatewayAccount
from billing.payments.base import Message
from foundation.models import OutboxMessage
from tests.billing.shop import sandbox

pytestmark = pytest.mark.django_db


def test_refused_messages_are_told_once(tenant: Tenant) -> None:
    NotificationTarget.objects.create(tenant=tenant, preset="email", address="ops@shop.test", events=["gateway.failing"])
    account = sandbox(tenant)
    for body in (b"a", b"b"):
        assert callbacks.receive(account=account, message=Message(method="POST", query={}, form={}, headers={}, body=body)).status == 400
    gateway_alarms.tell(account, "does not answer")
    [row] = OutboxMessage.objects.all()
    assert (row.payload["kind"], row.payload["data"]["gateway"]) == ("gateway.failing", "sandbox")
    assert row.payload["data"]["reason"].startswith("a message was refused: ")


def test_the_last_failure_stays_with_the_account_and_is_written_now_and_then(tenant: Tenant) -> None:
    account = sandbox(tenant)
    for reason in ("no answer", "still none"):
        gateway_alarms.tell(account, reason)
    account.refresh_from_db()
    assert account.failed_at is not None
    assert account.failure == "no answer"
    GatewayAccount.objects.update(failed_at=account.failed_at - gateway_alarms.KEPT_AFTER)
    gateway_alarms.tell(account, "x" * 300)
    account.refresh_from_db()
    assert account.failure == "x" * 200
