"""A name and a password for a sub-key, sent as HTTP Basic: a chat page behind a site's sign-in needs no key of its own.

Kept is one keyed fingerprint of both: telling a right pair takes one look, and nothing here tells a password. They open just what the
key opens, wherever the key works. Raises `BadLogin`.
"""

from __future__ import annotations

import re

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import keys
from accounts.models import ApiKey

SHORTEST_PASSWORD = 12
# What a browser sends is `name:password`: a name with a colon would be cut there.
_NAME = re.compile(r"[^:\s\x00-\x1f]{1,60}")


class BadLogin(ValueError):
    """This pair cannot be used; the message says why. `field` is name or password."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def spelled(name: str, password: str) -> str:
    """Return the one text that stands for a pair in place of a secret."""
    return f"basic:{name}:{password}"


def name_in(secret: str) -> str:
    """Return the name of such a text; empty for a secret."""
    return secret.split(":", 2)[1] if secret.startswith("basic:") else ""


def give(*, key: ApiKey, name: str, password: str) -> None:
    """Let a live key be used by this pair from now on, instead of one it had. Raises BadLogin."""
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise BadLogin("name", _("A name has 1 to 60 characters, without spaces and colons."))
    if not SHORTEST_PASSWORD <= len(password) <= 100:
        raise BadLogin("password", _("A password has 12 to 100 characters: it opens the wallet as the key does."))
    try:
        with transaction.atomic():
            digest = keys.digest(spelled(name, password))
            changed = ApiKey.objects.filter(pk=key.pk).exclude(state=ApiKey.State.REVOKED).update(login=name, login_digest=digest)
    except IntegrityError:
        raise BadLogin("password", _("Choose another password.")) from None
    if not changed:
        raise keys.KeyRevoked("a revoked key has no sign-in")
    key.login = name
    keys.announce()


def take_away(*, key: ApiKey) -> None:
    """Refuse the pair from now on; the key itself stays."""
    ApiKey.objects.filter(pk=key.pk).update(login=None, login_digest=None)
    key.login = None
    keys.announce()
