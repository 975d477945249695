"""Something happened at a tenant: tell the webhooks and people that asked for it, in the transaction in which it happened."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from accounts import notices, webhooks
from accounts.models import NotificationTarget, WebhookEndpoint
from foundation.ids import uuid7

_NAMESPACE = uuid.UUID("6f1f9e4c-5b0e-4d3a-9d0e-0c9f4f8f7a11")


def emit(*, tenant_id: int, kind: str, data: Mapping[str, Any], key: str | None = None) -> None:
    """Tell whoever subscribed to `kind` at this tenant; with a `key`, the same event is told once. Nothing secret in `data`."""
    event = uuid.uuid5(_NAMESPACE, f"{tenant_id}:{kind}:{key}") if key else uuid7()
    for endpoint in WebhookEndpoint.objects.filter(tenant_id=tenant_id, is_active=True, events__contains=[kind]):
        webhooks.send(endpoint=endpoint, kind=kind, data=data, event=event)
    for target in NotificationTarget.objects.filter(tenant_id=tenant_id, is_active=True, events__contains=[kind]):
        notices.send(target=target, kind=kind, data=data, event=event)
