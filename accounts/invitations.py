"""Invite people to a tenant by a link, and let them in.

InvitationError
├── InvitationEnded   the link is unknown, used, or too old
└── NotForYou         it was made for another address
"""

from __future__ import annotations

import datetime
import secrets

from django.db import transaction
from django.utils import timezone

from accounts import tenants
from accounts.models import Invitation, Membership, Tenant, User
from foundation import vault

LIFETIME = datetime.timedelta(days=7)


class InvitationError(Exception):
    """The invitation does not let this person in."""


class InvitationEnded(InvitationError):
    """The link is unknown, used, or too old."""


class NotForYou(InvitationError):
    """The invitation was made for another address."""


def invite(
    *, tenant: Tenant, role: str, by: User | None, email: str = "", group: str = "default", lifetime: datetime.timedelta = LIFETIME
) -> tuple[Invitation, str]:
    """Make an invitation; return it with the token of its link, which is seen this once."""
    token = secrets.token_urlsafe(24)
    row = Invitation.objects.create(
        tenant=tenant,
        role=Membership.Role(role),
        email=email.strip().lower(),
        group=group or "default",
        invited_by=by,
        digest=_digest(token),
        expires_at=timezone.now() + lifetime,
    )
    return row, token


def withdraw(*, invitation: Invitation) -> None:
    """End an invitation that nobody has accepted; one that has ended stays as it was."""
    now = timezone.now()
    if invitation.accepted_at is None and invitation.expires_at > now:
        invitation.expires_at = now
        invitation.save(update_fields=["expires_at"])


def find(*, tenant: Tenant, token: str) -> Invitation | None:
    """Return the open invitation behind a link of this tenant."""
    rows = Invitation.objects.select_related("tenant", "invited_by")
    return rows.filter(tenant=tenant, digest=_digest(token), accepted_at=None, expires_at__gt=timezone.now()).first()


@transaction.atomic
def accept(*, tenant: Tenant, token: str, user: User) -> Membership:
    """Make the person a member with the invitation's role; of two at once one gets in. Raise InvitationEnded or NotForYou.

    An invitation lifts a customer to staff and never takes a role away.
    """
    found = find(tenant=tenant, token=token)
    row = Invitation.objects.select_for_update().filter(pk=found.pk, accepted_at=None).first() if found else None
    if row is None:
        raise InvitationEnded("this invitation is used or too old")
    if row.email and row.email != (user.email or ""):
        raise NotForYou("this invitation is for another address")
    member = tenants.join(tenant=tenant, user=user, role=row.role)
    tenants.approve(membership=member)
    if member.role == Membership.Role.CUSTOMER and row.role != Membership.Role.CUSTOMER:
        tenants.set_role(membership=member, role=row.role)
    if row.group != "default" and member.group == "default":
        member.group = row.group
        member.save(update_fields=["group"])
    row.accepted_by, row.accepted_at = user, timezone.now()
    row.save(update_fields=["accepted_by", "accepted_at"])
    return member


def _digest(token: str) -> str:
    return vault.digest(token, purpose="invitation")
