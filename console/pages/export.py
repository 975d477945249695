"""Everything that is kept of one member, as plain values for a download."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.utils import timezone

from accounts.models import ApiKey, AuditEvent, Membership, Referral, SupportVisit
from billing import buyers, ledger, referrals, statements
from gateway import selectors as usage
from gateway.models import UsageDay

MOST_ORDERS = 10_000


def of(member: Membership) -> dict[str, Any]:
    """Return a person's data at one shop; secrets and other people are not in it."""
    user, balance = member.user, ledger.balance(membership_id=member.pk)
    return {
        "person": {"email": user.email, "name": user.name, "language": user.language, "joined": user.date_joined.isoformat()},
        "addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary")),
        "sign_in_services": list(SocialAccount.objects.filter(user=user).values("provider", "uid")),
        "sessions": [
            {"address": one.ip, "browser": one.user_agent, "last_seen": one.last_seen_at.isoformat()}
            for one in UserSession.objects.filter(user=user)
        ],
        "shop": {
            "name": member.tenant.name,
            "role": member.role,
            "group": member.group,
            "username": member.username,
            "joined": member.joined_at.isoformat(),
        },
        "accepted": [
            {"page": one.kind, "language": one.language, "version": one.version, "at": one.accepted_at.isoformat()}
            for one in member.acceptances.order_by("pk")
        ],
        "wallet": {"available_micros": balance.available_micros, "held_micros": balance.held_micros},
        "statement": [_entry(one) for one in statements.everything(membership_id=member.pk)],
        "keys": [_key(key) for key in ApiKey.objects.filter(membership=member).order_by("pk")],
        "orders": [_order(one) for one in buyers.page(membership_id=member.pk, limit=MOST_ORDERS)],
        "usage": _usage(member),
        "changes_you_made": [
            {"at": one.created_at.isoformat(), "action": one.action, "target": one.target, "address": one.address}
            for one in AuditEvent.objects.filter(actor=user, tenant=member.tenant).order_by("pk")
        ],
        "staff_who_looked": [_visit(one) for one in SupportVisit.objects.filter(membership=member).order_by("pk")],
        "referrals": _referrals(member),
        "calls_micros": usage.used_micros(membership_id=member.pk),
    }


def _visit(visit: SupportVisit) -> dict[str, str]:
    """Return when somebody of the staff saw the console, and why; who it was stands in the shop's trail."""
    until = visit.ended_at or visit.ends_at
    return {"from": visit.started_at.isoformat(), "until": until.isoformat(), "reason": visit.reason}


def _referrals(member: Membership) -> dict[str, Any]:
    """Return whom the member brought (not who they are), by whom they came or not, and what was given for it."""
    rewards = referrals.rewards(member, most=MOST_ORDERS)
    return {
        "brought_at": [one.created_at.isoformat() for one in Referral.objects.filter(referrer=member).order_by("pk")],
        "came_by_a_link": Referral.objects.filter(referred=member).exists(),
        "rewards": [{"amount": one.amount, "paid_in": one.paid_in, "taken_back": one.is_reversed} for one in rewards],
    }


def _usage(member: Membership) -> list[dict[str, Any]]:
    """Return the sums of each day (UTC), which stay when single calls are gone."""
    days = usage.sums(UsageDay.objects.filter(membership=member), by="start", since=usage.BEGINNING, until=timezone.now())
    return [
        {
            "day": f"{day:%Y-%m-%d}",
            "calls": one.calls,
            "input_tokens": one.input_tokens,
            "output_tokens": one.output_tokens,
            "price_micros": one.price_micros,
        }
        for day, one in sorted(days.items())
    ]


def _entry(entry: statements.Entry) -> dict[str, Any]:
    return {"at": entry.at.isoformat(), "kind": entry.kind, "memo": entry.memo, "micros": entry.amount_micros}


def _key(key: ApiKey) -> dict[str, Any]:
    ends = key.expires_at.isoformat() if key.expires_at else None
    return {"name": key.name, "key": key.masked, "state": key.state, "made": key.created_at.isoformat(), "expires": ends, "tags": key.tags}


def _order(bought: buyers.Bought) -> dict[str, Any]:
    order = bought.order
    placed = order.created_at.isoformat()
    return {
        "number": order.number,
        "what": order.product_name,
        "total": bought.total,
        "state": order.state,
        "placed": placed,
        "email": order.email,
        "contact": order.contact,
        "address": order.address,
        "answers": order.answers,
    }
