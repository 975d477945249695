"""Who brought whom: a link for each member, remembered by a host-only cookie until somebody joins by it.

A mail may be opened in another browser than the one that signed up: the code is then found by the person, for a week.
What is paid for it is `billing.referrals`.
"""

from __future__ import annotations

import secrets

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from accounts.models import Membership, Referral, ReferralCode, Tenant, User

COOKIE = "referral"
KEPT_SECONDS = 30 * 24 * 3600
_SIGN_UP_SECONDS = 7 * 24 * 3600
# Without what is taken for something else.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 8


def code_of(member: Membership) -> str:
    """Return a member's code, made on first use."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return ReferralCode.objects.get_or_create(membership=member, defaults={"code": code})[0].code


def referrer(*, tenant: Tenant, code: str) -> Membership | None:
    """Return whose code this is at a tenant; None for one that leads nowhere (any more)."""
    rows = Membership.objects.filter(tenant=tenant, state=Membership.State.ACTIVE, user__is_active=True)
    return rows.select_related("user").filter(referral_code__code=code.lower()).first() if 0 < len(code) <= 16 else None


def remember(request: HttpRequest, response: HttpResponse, *, code: str) -> None:
    """Keep a code in the browser, for this host alone."""
    response.set_cookie(COOKIE, code, max_age=KEPT_SECONDS, samesite="Lax", secure=request.is_secure(), httponly=True)


def forget(response: HttpResponse) -> None:
    """Let the browser forget it."""
    response.delete_cookie(COOKIE, samesite="Lax")


def carry(request: HttpRequest, *, tenant: Tenant, user: User) -> None:
    """Keep the browser's code for somebody who signs up and has still to confirm the address."""
    if code := request.COOKIES.get(COOKIE, ""):
        cache.set(_carried(tenant, user), code, timeout=_SIGN_UP_SECONDS)


def bind(request: HttpRequest, member: Membership) -> Referral | None:
    """Note who brought a new member; None where nobody did, or they themselves."""
    code = request.COOKIES.get(COOKIE, "") or cache.get(_carried(member.tenant, member.user), "")
    found = referrer(tenant=member.tenant, code=code)
    if found is None or found.user_id == member.user_id or _mailbox(found.user) == _mailbox(member.user):
        return None
    return Referral.objects.get_or_create(referred=member, defaults={"referrer": found})[0]


def masked(user: User) -> str:
    """Return as much of a name as another customer may read."""
    name = user.name or (user.email or "").partition("@")[0]
    return f"{name[:1]}***" if name else "***"


def _mailbox(user: User) -> str:
    """Return where mails to a person arrive: `ann+shop@x.test` is the mailbox of `ann@x.test`. Without an address, nobody else's."""
    name, _at, domain = (user.email or f"{user.pk}@").lower().partition("@")
    return f"{name.partition('+')[0]}@{domain}"


def _carried(tenant: Tenant, user: User) -> str:
    return f"referral:{tenant.pk}:{user.pk}"
