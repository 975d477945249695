"""Tell the staff of a channel's owner what happened to it, in their own language, once per occasion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts import tenants
from accounts.models import Membership
from channels_app.models import Channel
from foundation import notify


def tell(*, channel: Channel, template: str, occasion: str, context: Mapping[str, Any]) -> int:
    """Write one e-mail to each owner and manager; call it in the transaction of the change. Return how many were written.

    The same `occasion` of a channel is told to a person once, however often it is noticed.
    """
    tenant = channel.tenant
    roles = (Membership.Role.OWNER, Membership.Role.MANAGER)
    staff = Membership.objects.filter(tenant=tenant, role__in=roles, user__is_active=True).select_related("user")
    people = [member.user for member in staff if member.user.email]
    for person in people:
        notify.email(
            to=person.email or "",
            template=template,
            context={"channel": channel.name, "shop": tenant.name, **context},
            language=person.language or tenant.language,
            sender_name=tenants.root().name,
            key=f"channel:{channel.pk}:{occasion}:{person.pk}",
        )
    return len(people)
