"""Forget a person who asks for it: what names them goes, the books stay, their keys end.

Rows of money name memberships, not people: they stay as they are. Raises `StillOwner`.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone

from accounts import audit, keys, past
from accounts.models import AccessToken, ApiKey, Membership, User


class StillOwner(Exception):
    """The person is the only owner of a shop: it must get another first."""


@transaction.atomic
def erase(*, user: User) -> None:
    """Make the person nobody, everywhere. Raise StillOwner. It cannot be undone."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    members = list(Membership.objects.select_related("tenant").filter(user=locked))
    for member in members:
        if member.role == Membership.Role.OWNER and not _others(member):
            raise StillOwner(member.tenant.name)
    for key in ApiKey.objects.filter(membership__in=members).exclude(state=ApiKey.State.REVOKED):
        keys.revoke(key=key)
    past.forget_people(members)
    AccessToken.objects.filter(membership__in=members, revoked_at=None).update(revoked_at=timezone.now())
    Membership.objects.filter(user=locked).update(username=None, note="", role=Membership.Role.CUSTOMER)
    for model in (EmailAddress, SocialAccount, Authenticator):
        model.objects.filter(user=locked).delete()
    for session in UserSession.objects.filter(user=locked):
        session.end()
    locked.email, locked.name, locked.is_active = None, "", False
    locked.set_unusable_password()
    locked.save(update_fields=["email", "name", "is_active", "password"])
    for member in members:
        audit.record(actor=None, action="user.erase", target=f"accounts.membership:{member.pk}", tenant=member.tenant)


def _others(member: Membership) -> bool:
    rows = Membership.objects.filter(tenant=member.tenant, role=Membership.Role.OWNER, user__is_active=True)
    return rows.exclude(pk=member.pk).exists()
