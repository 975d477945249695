"""Make people who need no confirmation mail, and find them. Raises `EmailTaken`."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from accounts.models import User


class EmailTaken(Exception):
    """Somebody has this address already."""


def add(*, email: str, password: str | None = None, name: str = "") -> User:
    """Make a person whose address counts as verified: the operator vouches for it. Raise EmailTaken."""
    try:
        with transaction.atomic():
            user = User.objects.create_user(email=email, password=password)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    except IntegrityError:
        raise EmailTaken(f"{email} is taken already") from None
    if name:
        user.name = name
        user.save(update_fields=["name"])
    return user


def add_nobody(*, name: str) -> User:
    """Make somebody without an address or a password, to whom a wallet belongs until a person claims it."""
    user = User(name=name)
    user.set_unusable_password()
    user.save(force_insert=True)
    return user


def by_email(email: str) -> User | None:
    """Return the person with this address, in any case."""
    return User.objects.filter(email=email.strip().lower()).first()
