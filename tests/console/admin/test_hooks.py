"""Webhooks and targets in the back office: the secret shown once, a test button, messages sent again."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import webhooks
from accounts.models import AuditEvent, Membership, NotificationTarget, WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db
HOOKS = "/reseller/accounts/webhookendpoint/"
TARGETS = "/reseller/accounts/notificationtarget/"


def test_a_webhook_shows_its_secret_once(desk: Client, reseller_owner: Membership) -> None:
    answer = desk.post(f"{HOOKS}add/", {"url": "https://93.184.215.14/hook", "events": ["order.paid", "code.redeemed"], "note": "crm"})
    secret = answer.context["boxes"][0].text
    row = WebhookEndpoint.objects.get()
    assert (row.tenant, row.events) == (reseller_owner.tenant, ["code.redeemed", "order.paid"])
    assert secret.startswith("whsec_")
    assert secret not in desk.get(f"{HOOKS}{row.pk}/change/").content.decode()
    assert secret not in str(AuditEvent.objects.get().after)
    assert "sealed" not in AuditEvent.objects.get().after


def test_an_inner_address_is_refused_in_the_form(desk: Client) -> None:
    for url in ("http://127.0.0.1/", "http://169.254.169.254/latest/", "ftp://x.test/"):
        assert desk.post(f"{HOOKS}add/", {"url": url, "events": ["order.paid"]}).context["form"].errors["url"]
    assert not WebhookEndpoint.objects.exists()


def test_a_test_and_a_replay_are_sent(desk: Client, reseller_owner: Membership) -> None:
    row, _ = webhooks.add(tenant=reseller_owner.tenant, url="https://93.184.215.14/", events=["order.paid"])
    desk.post(f"{HOOKS}{row.pk}/try_out/")
    sent = WebhookDelivery.objects.get()
    assert (sent.kind, sent.endpoint) == ("ping", row)
    desk.post("/reseller/accounts/webhookdelivery/", {"action": "send_again", "_selected_action": [str(sent.pk)]})
    assert WebhookDelivery.objects.filter(event=sent.event, is_replay=True).count() == 1


def test_a_target_keeps_its_credential_to_itself(desk: Client) -> None:
    form = {"preset": "telegram", "address": "4711", "events": ["order.paid"], "is_active": "on"}
    assert desk.post(f"{TARGETS}add/", form).context["adminform"].form.errors["credential"]
    desk.post(f"{TARGETS}add/", form | {"credential": "123:ABC"})
    row = NotificationTarget.objects.get()
    assert "123:ABC" not in row.sealed
    page = desk.get(f"{TARGETS}{row.pk}/change/").content.decode()
    assert "123:ABC" not in page
    desk.post(f"{TARGETS}{row.pk}/change/", form | {"address": "99"})
    row.refresh_from_db()
    assert (row.address, bool(row.sealed)) == ("99", True)
