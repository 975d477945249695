"""Forget a person in all rooms: what names them goes, the books stay, what is left in the wallet is lost."""

from __future__ import annotations

from django.db import transaction

from accounts import erasure
from accounts.models import User
from billing import buyers


def name_of(user: User) -> str:
    """Return what a person writes once more, so that nobody is forgotten by a slip."""
    return user.email or user.name or str(user.pk)


@transaction.atomic
def forget(user: User) -> None:
    """Make the person nobody. Raises erasure.StillOwner. It cannot be undone."""
    buyers.forget(user_id=user.pk)
    erasure.erase(user=user)
