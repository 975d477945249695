"""Which models a member may call: those with an enabled channel."""

from __future__ import annotations

from accounts import tenants
from accounts.models import Membership
from channels_app import selectors


def models(member: Membership) -> tuple[str, ...]:
    """Name the models served to this member, sorted."""
    table = selectors.load_table()
    return table.models(tenant_chain=tenants.chain(member.tenant_id), group=member.group)
