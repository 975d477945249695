"""The doctor of lost payments: messages with their reasons, and asking a gateway again."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Tenant
from billing import callbacks, gateways
from billing.models import Order
from billing.payments.base import Message
from tests.billing.shop import attempt, sandbox, stocked
from tests.doubles.epay import EpayGateway

pytestmark = pytest.mark.django_db


def test_a_refused_message_stands_there_with_its_reason(desk: Client, tenant: Tenant) -> None:
    paying = attempt(stocked(tenant), sandbox(tenant))
    message = Message(method="POST", query={}, form={"button": "explode"}, headers={}, body=b"", attempt=paying.token)
    assert callbacks.receive(account=paying.account, message=message).status == 400
    page = desk.get("/reseller/billing/webhookinbox/").content.decode()
    assert "no such button or payment" in page


def test_a_payment_whose_message_was_lost_is_found_by_asking(desk: Client, tenant: Tenant) -> None:
    with EpayGateway() as gateway:
        values = {"base": gateway.url, "pid": gateway.pid, "key": gateway.key}
        account = gateways.add_account(tenant=tenant, driver="epay", values=values)
        paying = attempt(stocked(tenant), account)
        address = f"/reseller/billing/order/{paying.order_id}/ask_again/"
        assert desk.get(address).status_code == 200
        assert "know nothing new" in desk.post(address, follow=True).content.decode()
        gateway.orders[paying.token] = {
            "trade_no": "2026000001", "out_trade_no": paying.token, "name": "x", "money": "39.00", "status": "1",
        }  # fmt: skip
        assert "1 payment had an end." in desk.post(address, follow=True).content.decode()
    assert Order.objects.get().state == "delivered"
    assert [event.after["found"] for event in AuditEvent.objects.filter(action="order.ask").order_by("pk")] == [0, 1]
