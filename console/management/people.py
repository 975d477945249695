"""Find the membership a command means by an e-mail address and, where there are several, a tenant."""

from __future__ import annotations

from accounts.models import Membership


class NoSuchPerson(Exception):
    """Nobody, or more than one membership, fits; the message says what to do."""


def membership(*, email: str, slug: str | None) -> Membership:
    """Return the one membership of that person (at that tenant). Raises NoSuchPerson."""
    found = Membership.objects.select_related("tenant", "user").filter(user__email=email.lower())
    if slug:
        found = found.filter(tenant__slug=slug)
    rows = list(found.order_by("tenant__slug")[:10])
    if not rows:
        raise NoSuchPerson(f"{email} is no customer{f' of {slug}' if slug else ''}; the person signs up first")
    if len(rows) > 1:
        raise NoSuchPerson(f"{email} belongs to {', '.join(row.tenant.slug for row in rows)}; say which by --tenant")
    return rows[0]
