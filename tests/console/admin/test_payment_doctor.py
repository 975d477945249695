"""The doctor says in words whether the gateway's messages arrive, and what became of the last ones."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from accounts.models import AuditEvent, Membership
from billing import tasks
from billing.models import GatewayAccount, PaymentAttempt
from tests.billing.payments.world import account_at, shop_at
from tests.billing.shop import attempt, sandbox, stocked
from tests.doubles.stripe_api import StripeApi

pytestmark = pytest.mark.django_db(transaction=True)


def owner_at(account: GatewayAccount, address: str, member: Membership) -> Client:
    Membership.objects.create(tenant=account.tenant, user=member.user, role=Membership.Role.OWNER)
    client = Client(HTTP_HOST=address.removeprefix("http://"))
    client.force_login(member.user)
    return client


def examine(client: Client, account: GatewayAccount) -> str:
    address = f"/reseller/billing/gatewayaccount/{account.pk}/doctor/"
    assert "Examine" in client.get(address).content.decode()
    return client.post(address, {"x": "1"}).content.decode()


def test_it_reaches_the_shop_and_shows_refusals_in_words(live_server: LiveServer, stranger: Membership) -> None:
    with StripeApi() as api:
        account = account_at(api.url, shop_at(live_server.url), "stripe")
        client = owner_at(account, live_server.url, stranger)
        client.post(f"/pay/stripe/{account.token}/webhook/", b"{}", content_type="application/json")
        assert "never yet. Look whether workers run." in examine(client, account)
        tasks.ask_gateways()
        page = examine(client, account)
    assert f"{live_server.url}/pay/stripe/{account.token}/webhook/" in page
    assert "the signature does not fit" in page
    assert "charge.dispute.funds_withdrawn, " in page
    assert "something else answers" not in page
    assert "no: " not in page
    assert "seconds ago" in page
    assert AuditEvent.objects.filter(action="gatewayaccount.examine").count() == 2


def test_it_asks_about_what_waits(live_server: LiveServer, stranger: Membership) -> None:
    with StripeApi() as api:
        account = account_at(api.url, shop_at(live_server.url), "stripe")
        payment = attempt(stocked(account.tenant), account)
        api.holds_events = True
        client = owner_at(account, live_server.url, stranger)
        assert "1; asked about the last 1, of which 0 had an end" in examine(client, account)
        session = {"id": "cs_test_9", "client_reference_id": payment.token, "payment_intent": None, "amount_total": 3900, "currency": "cny"}
        ours = {"metadata": {"attempt": payment.token}, "intent_metadata": {}}
        api.sessions["cs_test_9"] = {**session, "mode": "payment", "payment_status": "unpaid", **ours}
        PaymentAttempt.objects.filter(pk=payment.pk).update(details={"session": "cs_test_9"})
        api.pay("cs_test_9")
        assert "1; asked about the last 1, of which 1 had an end" in examine(client, account)
    payment.order.refresh_from_db()
    assert payment.order.state == "delivered"


def test_what_is_not_reached_is_said(desk: Client, reseller_owner: Membership) -> None:
    account = sandbox(reseller_owner.tenant)
    assert "no: shop.test" in examine(desk, account)
