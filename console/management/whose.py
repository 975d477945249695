"""Find the tenant and the member that a command's --tenant and --user mean, or say what to do."""

from __future__ import annotations

from django.core.management.base import CommandError

from accounts import people, tenants
from accounts.models import Membership, Tenant, User


def tenant(slug: str | None) -> Tenant:
    """Return the tenant with this short name; the platform without one."""
    if slug is None:
        return tenants.root()
    found = Tenant.objects.filter(slug=slug).first()
    if found is None:
        slugs = ", ".join(Tenant.objects.order_by("pk").values_list("slug", flat=True)[:20])
        raise CommandError(f"there is no tenant {slug}; there are: {slugs or 'none (add_tenant makes one)'}")
    return found


def person(email: str) -> User:
    """Return the person with this address."""
    user = people.by_email(email)
    if user is None:
        raise CommandError(f"nobody has the address {email}: the person signs up first, or create_key --new-user makes them")
    return user


def member(*, email: str, slug: str | None) -> Membership:
    """Return the person's membership: at the named tenant, or the only one there is."""
    user = person(email)
    if slug is not None:
        place = tenant(slug)
        found = Membership.objects.select_related("tenant", "user").filter(user=user, tenant=place).first()
        if found is None:
            raise CommandError(f"{email} is no member of {slug}: signing in on its host joins, and so does create_key --tenant {slug}")
        return found
    rows = list(Membership.objects.select_related("tenant", "user").filter(user=user).order_by("pk"))
    if len(rows) != 1:
        places = ", ".join(row.tenant.slug for row in rows) or "none"
        raise CommandError(f"{email} is a member of several tenants or of none ({places}): name one with --tenant")
    return rows[0]
