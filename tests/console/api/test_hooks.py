"""Webhooks and notification targets over the API: made, tried, looked after; secrets once or never, nothing of strangers."""

from __future__ import annotations

import json

import pytest

from accounts import notices, webhooks
from accounts.models import AuditEvent, Membership, NotificationTarget, WebhookDelivery, WebhookEndpoint
from foundation import vault
from foundation.models import OutboxMessage
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db
URL = "https://93.184.216.34/hook"


def test_a_webhook_lives_its_life(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    status, made = call("POST", "webhooks/", {"url": URL, "events": ["order.paid"], "note": "till"}, idempotency_key="w")
    row = WebhookEndpoint.objects.get()
    assert (status, made["id"], made["is_active"]) == (201, row.pk, True)
    assert vault.unseal(row.sealed, context="webhook") == made["secret"]
    status, told = call("PATCH", f"webhooks/{row.pk}/", {"events": ["order.paid", "code.redeemed"], "is_active": False})
    assert (status, told["events"], told["is_active"]) == (200, ["order.paid", "code.redeemed"], False)
    again = call("POST", f"webhooks/{row.pk}/new-secret/")[1]["secret"]
    row.refresh_from_db()
    assert (vault.unseal(row.sealed, context="webhook"), again != made["secret"]) == (again, True)
    said = json.dumps(
        [call("GET", "webhooks/")[1], call("GET", f"webhooks/{row.pk}/")[1], list(AuditEvent.objects.values("before", "after"))]
    )
    assert again not in said
    assert row.sealed not in said
    assert call("DELETE", f"webhooks/{row.pk}/") == (204, None)
    assert not WebhookEndpoint.objects.exists()
    assert [one.action.partition(".")[2] for one in AuditEvent.objects.order_by("pk")] == ["add", "change", "new_secret", "delete"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/", "http://10.0.0.1/", "https://[::1]/"])
def test_an_address_inside_our_network_is_refused(reseller_owner: Membership, url: str) -> None:
    status, told = program(reseller_owner)("POST", "webhooks/", {"url": url, "events": ["order.paid"]})
    assert (status, list(told["error"]["fields"]), WebhookEndpoint.objects.count()) == (409, ["url"], 0)


def test_a_test_stands_in_the_deliveries_and_is_sent_again(reseller_owner: Membership) -> None:
    row, _ = webhooks.add(tenant=reseller_owner.tenant, url=URL, events=["order.paid"])
    call = program(reseller_owner)
    status, sent = call("POST", f"webhooks/{row.pk}/test/")
    assert (status, OutboxMessage.objects.count()) == (202, 1)
    (told,) = call("GET", f"webhook-deliveries/?event={sent['event']}")[1]["results"]
    assert (told["webhook"], told["kind"], told["state"], told["is_replay"]) == (row.pk, "ping", "waiting", False)
    assert call("POST", f"webhook-deliveries/{told['id']}/replay/") == (202, {"event": sent["event"]})
    listed = call("GET", f"webhook-deliveries/?webhook={row.pk}&state=waiting")[1]["results"]
    assert [(one["event"], one["is_replay"]) for one in listed] == [(sent["event"], True), (sent["event"], False)]
    assert call("GET", "webhook-deliveries/?event=x")[0] == 400


def test_a_target_keeps_its_credential_to_itself(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    body = {"preset": "telegram", "address": "-1001", "credential": "123:secret-token", "events": ["channel.down"]}
    status, made = call("POST", "notification-targets/", body)
    row = NotificationTarget.objects.get()
    assert (status, made["has_credential"], "secret-token" in json.dumps(made)) == (201, True, False)
    call("PATCH", f"notification-targets/{row.pk}/", {"address": "-1002"})
    row.refresh_from_db()
    assert (row.address, vault.unseal(row.sealed, context="notice")) == ("-1002", "123:secret-token")
    assert call("POST", f"notification-targets/{row.pk}/test/")[0] == 202
    assert "secret-token" not in json.dumps(list(AuditEvent.objects.values("before", "after")))
    status, told = call("POST", "notification-targets/", {"preset": "telegram", "events": ["channel.down"]})
    assert (status, set(told["error"]["fields"])) == (409, {"credential", "address"})
    assert call("DELETE", f"notification-targets/{row.pk}/")[0] == 204


def test_nothing_of_strangers(reseller_owner: Membership, stranger: Membership) -> None:
    row, _ = webhooks.add(tenant=stranger.tenant, url=URL, events=["order.paid"])
    delivery = WebhookDelivery.objects.create(endpoint=row, kind="ping")
    target = NotificationTarget.objects.create(tenant=stranger.tenant, preset="bark", sealed=notices.seal("x"), events=["channel.down"])
    call = program(reseller_owner)
    for kind in ("webhooks", "webhook-deliveries", "notification-targets"):
        assert call("GET", f"{kind}/")[1]["results"] == []
    tries = [
        ("PATCH", f"webhooks/{row.pk}/"), ("DELETE", f"webhooks/{row.pk}/"), ("POST", f"webhooks/{row.pk}/test/"),
        ("POST", f"webhooks/{row.pk}/new-secret/"), ("POST", f"webhook-deliveries/{delivery.pk}/replay/"),
        ("PATCH", f"notification-targets/{target.pk}/"), ("POST", f"notification-targets/{target.pk}/test/"),
    ]  # fmt: skip
    assert [call(method, path, {})[0] for method, path in tries] == [404] * 7
    assert OutboxMessage.objects.count() == 0
