"""Webhooks are signed, tried again until taken, replayable, logged, and never call inside our own network."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone

from accounts import events, webhooks
from accounts.models import Membership, Tenant, WebhookDelivery, WebhookEndpoint
from accounts.models.hooks import EventKind
from foundation import outbound, outbox
from foundation.models import OutboxMessage

pytestmark = pytest.mark.django_db


@dataclass
class Receiver:
    """A program of the tenant's: it answers as told and keeps what it got."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Generator[Receiver, None, None]:
    """A real server; this once an inner address is allowed."""
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(told.answers.pop(0) if told.answers else 204)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_port}/hook"
    monkeypatch.setattr(outbound, "is_public", lambda address: True)
    yield told
    server.shutdown()
    server.server_close()


def due_now() -> int:
    OutboxMessage.objects.update(available_at=timezone.now() - datetime.timedelta(seconds=1))
    return outbox.deliver()


def test_a_message_is_signed_so_that_its_receiver_can_check_it(tenant: Tenant, receiver: Receiver) -> None:
    _, secret = webhooks.add(tenant=tenant, url=receiver.url, events=["order.paid"])
    events.emit(tenant_id=tenant.pk, kind="order.paid", data={"number": "A1"}, key="A1")
    assert due_now() == 1
    headers, body = receiver.got[0]
    told = json.loads(body)
    row = WebhookDelivery.objects.get()
    assert (told["kind"], told["data"], told["id"]) == ("order.paid", {"number": "A1"}, str(row.event))
    stamp = int(headers["keyosk-timestamp"])
    assert headers["keyosk-signature"] == webhooks.signature(secret=secret, timestamp=stamp, body=body)
    assert headers["keyosk-signature"] != webhooks.signature(secret="other", timestamp=stamp, body=body)
    assert (row.state, row.attempts, row.status) == ("delivered", 1, 204)
    assert secret not in WebhookEndpoint.objects.get().sealed


def test_the_signature_is_what_the_documentation_says() -> None:
    # printf '1700000000.{}' | openssl dgst -sha256 -hmac whsec_test
    expected = "v1=35495024f4ef3f94e5a93e22221544c4b75e9a42300cd965ab81cb85cd994e91"
    assert webhooks.signature(secret="whsec_test", timestamp=1_700_000_000, body=b"{}") == expected


def test_a_refusal_is_tried_again_and_logged(tenant: Tenant, receiver: Receiver) -> None:
    receiver.answers = [500, 302]
    webhooks.add(tenant=tenant, url=receiver.url, events=["order.paid"])
    events.emit(tenant_id=tenant.pk, kind="order.paid", data={})
    assert due_now() == 0
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts, row.status) == ("waiting", 1, 500)
    assert due_now() == 0
    assert due_now() == 1
    row.refresh_from_db()
    assert (row.state, row.attempts, row.status) == ("delivered", 3, 204)
    assert due_now() == 0
    assert len(receiver.got) == 3


def test_one_event_is_told_once_and_a_replay_carries_its_id(tenant: Tenant, receiver: Receiver) -> None:
    webhooks.add(tenant=tenant, url=receiver.url, events=["order.paid"])
    for _ in range(2):
        events.emit(tenant_id=tenant.pk, kind="order.paid", data={}, key="order-1")
    due_now()
    assert len(receiver.got) == 1
    webhooks.replay(delivery=WebhookDelivery.objects.get())
    due_now()
    ids = [json.loads(body)["id"] for _headers, body in receiver.got]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert WebhookDelivery.objects.filter(is_replay=True).count() == 1


def test_only_subscribed_and_active_webhooks_of_the_tenant_are_told(tenant: Tenant, stranger: Membership, receiver: Receiver) -> None:
    webhooks.add(tenant=tenant, url=receiver.url, events=["code.redeemed"])
    webhooks.add(tenant=stranger.tenant, url=receiver.url, events=["order.paid"])
    paused, _ = webhooks.add(tenant=tenant, url=receiver.url, events=["order.paid"])
    WebhookEndpoint.objects.filter(pk=paused.pk).update(is_active=False)
    events.emit(tenant_id=tenant.pk, kind="order.paid", data={})
    due_now()
    assert receiver.got == []


def test_an_inner_address_is_not_called(tenant: Tenant) -> None:
    webhooks.add(tenant=tenant, url="http://127.0.0.1:1/", events=[EventKind.ORDER_PAID])
    events.emit(tenant_id=tenant.pk, kind="order.paid", data={})
    assert due_now() == 0
    assert "private network" in WebhookDelivery.objects.get().error
