"""Make the platform's first operator through a link that only the server's console shows. Raises `AlreadySetUp`.

The link is signed, not stored: it is worth something only while the platform has no owner.
"""

from __future__ import annotations

import datetime

from django.core import signing
from django.db import transaction

from accounts import people, tenants
from accounts.models import Membership, Tenant

_SALT = "keyosk.setup"
_LIFETIME = datetime.timedelta(days=7)


class AlreadySetUp(Exception):
    """The platform has an owner: who runs it invites further staff."""


def issue_setup_link() -> str | None:
    """Return the path of the one-time page, or None when the platform has an owner."""
    return None if has_owner() else f"/setup/{signing.dumps('first operator', salt=_SALT)}/"


def has_owner() -> bool:
    """Tell whether somebody runs the platform."""
    return Membership.objects.filter(tenant=tenants.root(), role=Membership.Role.OWNER).exists()


def is_valid(token: str) -> bool:
    """Tell whether the link still opens the page."""
    try:
        signing.loads(token, salt=_SALT, max_age=_LIFETIME)
    except signing.BadSignature:
        return False
    return not has_owner()


def make_first_operator(*, email: str, password: str) -> Membership:
    """Make the platform's first owner; of two at once one wins, the other gets AlreadySetUp (or EmailTaken)."""
    with transaction.atomic():
        root = Tenant.objects.select_for_update().get(pk=tenants.root().pk)
        if has_owner():
            raise AlreadySetUp("the platform has an owner already")
        return tenants.join(tenant=root, user=people.add(email=email, password=password), role=Membership.Role.OWNER)
