"""Write the audit trail: who changed what, in the same transaction as the change."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Model

from accounts import tenants
from accounts.models import AuditEvent, Tenant, User
from accounts.scope import Actor


def record(
    *,
    actor: Actor | User | None,
    action: str,
    target: Model | str,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    address: str | None = None,
    tenant: Tenant | None = None,
) -> AuditEvent:
    """Note a change by staff; `actor` None is the command line or a task. Never pass a secret in `before` or `after`."""
    user = actor.user if isinstance(actor, Actor) else actor
    place = tenant or (actor.tenant if isinstance(actor, Actor) else tenants.root())
    return AuditEvent.objects.create(
        tenant=place,
        actor=user,
        action=action,
        target=target if isinstance(target, str) else f"{target._meta.label_lower}:{target.pk}",
        before=dict(before or {}),
        after=dict(after or {}),
        address=address or None,
    )
