"""Outbound webhooks: signed, tried again with back-off for a day, replayable, with a log of how each attempt went.

The body is JSON `{id, kind, created, data}`. `Keyosk-Signature: v1=<hex>` is HMAC-SHA256 of `<Keyosk-Timestamp>.<body>`
with the webhook's secret: a receiver refuses old timestamps and ids it has seen. Raises `NotTaken` to be tried again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Tenant, WebhookDelivery, WebhookEndpoint
from foundation import outbound, outbox, vault

TOPIC = "accounts.webhook"
TIMEOUT_SECONDS = 10.0
_ANSWER_LIMIT = 64 * 1024


class NotTaken(Exception):
    """The receiver did not take the message; it is tried again."""


def add(*, tenant: Tenant, url: str, events: Iterable[str], note: str = "") -> tuple[WebhookEndpoint, str]:
    """Make a webhook; return it with its secret, which is shown this once."""
    secret = f"whsec_{secrets.token_urlsafe(32)}"
    row = WebhookEndpoint.objects.create(tenant=tenant, url=url, events=sorted(set(events)), note=note, sealed=_seal(secret))
    return row, secret


def new_secret(*, endpoint: WebhookEndpoint) -> str:
    """Give a webhook another secret, from its next message on."""
    secret = f"whsec_{secrets.token_urlsafe(32)}"
    endpoint.sealed = _seal(secret)
    endpoint.save(update_fields=["sealed"])
    return secret


@transaction.atomic
def send(*, endpoint: WebhookEndpoint, kind: str, data: Mapping[str, Any], event: uuid.UUID, is_replay: bool = False) -> None:
    """Write a message in the caller's transaction; an event that was written already is not written again."""
    row = WebhookDelivery(endpoint=endpoint, event=event, kind=kind, data=dict(data), is_replay=is_replay)
    WebhookDelivery.objects.bulk_create([row], ignore_conflicts=True)
    outbox.put(topic=TOPIC, payload={"delivery": str(row.pk)})


def replay(*, delivery: WebhookDelivery) -> None:
    """Send a message again, with the same event id."""
    send(endpoint=delivery.endpoint, kind=delivery.kind, data=delivery.data, event=delivery.event, is_replay=True)


def signature(*, secret: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message."""
    return "v1=" + hmac.digest(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hex()


@outbox.handler(TOPIC)
def deliver(message_id: uuid.UUID, payload: Mapping[str, Any]) -> None:
    """POST one message and note how it went; anything but 2xx is tried again."""
    row = WebhookDelivery.objects.select_related("endpoint").filter(pk=payload["delivery"]).first()
    if row is None or not row.endpoint.is_active or row.state == WebhookDelivery.State.DELIVERED:
        return
    status, error = _post(row)
    is_taken = status is not None and 200 <= status < 300
    is_over = row.attempts + 1 >= outbox.ATTEMPTS
    state = WebhookDelivery.State.DELIVERED if is_taken else WebhookDelivery.State.DEAD if is_over else WebhookDelivery.State.WAITING
    WebhookDelivery.objects.filter(pk=row.pk).update(
        attempts=F("attempts") + 1, status=status, error=error[:300], state=state, delivered_at=timezone.now() if is_taken else None
    )
    if not is_taken:
        raise NotTaken(error or f"answered {status}")


def _post(row: WebhookDelivery) -> tuple[int | None, str]:
    told = {"id": str(row.event), "kind": row.kind, "created": int(row.created_at.timestamp()), "data": row.data}
    body, now = orjson.dumps(told), int(time.time())
    headers = [
        ("Content-Type", "application/json"),
        ("User-Agent", "Keyosk-Webhook"),
        ("Keyosk-Event", row.kind),
        ("Keyosk-Delivery", str(row.pk)),
        ("Keyosk-Timestamp", str(now)),
        ("Keyosk-Signature", signature(secret=vault.unseal(row.endpoint.sealed, context="webhook"), timestamp=now, body=body)),
    ]
    try:
        answer = outbound.request(
            "POST", row.endpoint.url, headers=headers, content=body, timeout_seconds=TIMEOUT_SECONDS, body_limit=_ANSWER_LIMIT
        )
    except outbound.OutboundError as error:
        return None, str(error)
    return answer.status, ""


def _seal(secret: str) -> str:
    return vault.seal(secret, context="webhook")
