"""Personal access tokens of the management API: `kp_` and 43 random characters, kept as a keyed digest.

A token acts as its owner at one tenant, never with more than its scopes. Raises `UnknownScope`.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import AccessToken, Membership
from foundation import vault

PREFIX = "kp_"
_SHOWN = 10
# What a token may be for; whoever lacks the role gets nothing from a scope.
CUSTOMER_SCOPES = (
    "account:read", "account:write", "account:erase", "keys:read", "keys:write", "usage:read", "wallet:read", "wallet:write",
    "orders:read", "tokens:read", "tokens:write", "identity:read", "identity:write",
)  # fmt: skip
STAFF_SCOPES = (
    "customers:read", "customers:write", "audit:read",
    "products:read", "products:write", "codes:read", "codes:write", "codes:export", "orders:write", "orders:confirm",
    "prices:read", "prices:write", "channels:read", "channels:write", "payments:read", "payments:write", "webhooks:read", "webhooks:write",
    "limits:read", "limits:write", "ledger:read", "shop:read", "shop:write",
)  # fmt: skip
PLATFORM_SCOPES = ("tenants:read", "tenants:write", "audits:read", "audits:write", "system:read", "system:write")
# What a page asks the password for once more: so does making a token that may do it.
STEP_UP_SCOPES = frozenset({"account:erase", "codes:export", "identity:write", "orders:confirm"})
SCOPES = (*CUSTOMER_SCOPES, *STAFF_SCOPES, *PLATFORM_SCOPES)


class UnknownScope(Exception):
    """There is no such scope."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token and its secret: the only time the secret is seen."""

    token: AccessToken
    secret: str


def issue(
    *, membership: Membership, name: str, scopes: Iterable[str], expires_at: datetime.datetime | None = None, secret: str | None = None
) -> Issued:
    """Make a token; `secret` takes one that follows from elsewhere (the demo's). Raise UnknownScope."""
    wanted = sorted(set(scopes))
    if unknown := [scope for scope in wanted if scope not in SCOPES]:
        raise UnknownScope(", ".join(unknown))
    text = secret or PREFIX + secrets.token_urlsafe(32)
    token = AccessToken.objects.create(
        membership=membership, name=name, digest=digest(text), prefix=text[:_SHOWN], scopes=wanted, expires_at=expires_at
    )
    return Issued(token, text)


def recognise(secret: str) -> AccessToken | None:
    """Return the live token with this secret."""
    if not secret.startswith(PREFIX):
        return None
    rows = AccessToken.objects.select_related("membership__user", "membership__tenant")
    token = rows.filter(digest=digest(secret), revoked_at=None).first()
    is_over = token is not None and token.expires_at is not None and token.expires_at <= timezone.now()
    return None if is_over else token


def revoke(*, token: AccessToken) -> None:
    """Refuse the token from now on."""
    token.revoked_at = token.revoked_at or timezone.now()
    token.save(update_fields=["revoked_at"])


def digest(secret: str) -> str:
    """Return the fingerprint under which a token is kept."""
    return vault.digest(secret, purpose="access-token")


def offered(membership: Membership) -> tuple[str, ...]:
    """Return the scopes that make sense for this member."""
    is_staff = membership.role in Membership.STAFF_ROLES
    staff = STAFF_SCOPES if is_staff else ()
    return (*CUSTOMER_SCOPES, *staff, *(PLATFORM_SCOPES if is_staff and membership.tenant.is_root else ()))
