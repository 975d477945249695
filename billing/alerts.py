"""Tell people in time that a limit or a wallet is being used up (80 % and 100 % of each window, below a balance), or credit or codes end.

Each threshold of each window is told once, however often it is looked at, and in the transaction that remembers it.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import events, mailing
from accounts.models import ApiKey, Membership, Tenant
from billing import order_mail, quota_units
from billing.models import QUOTA, Code, LedgerAccount, LimitAlert, Order, WalletWatch

NEAR_PERCENT = 80
# So long before credit ends its owner is told.
EXPIRES_SOON = datetime.timedelta(days=3)
# So long before codes can no longer be redeemed their buyer is told, unless they were bought just now.
CODES_END_SOON, _JUST_NOW = datetime.timedelta(days=7), datetime.timedelta(days=1)
# Longer than the longest window: a month.
_KEEP = datetime.timedelta(days=62)
# A sentence for each scope of a limit.
_WINDOWS = {
    "key": _("This is its allowance for good."),
    "5h": _("This is the limit for five hours."),
    "day": _("This is the limit for a day."),
    "week": _("This is the limit for a week."),
    "month": _("This is the limit for a month."),
}

# The stored figures find the few budgets worth a closer look: a window that has passed counts as unused there.
_USED_UP = """
SELECT b.id, b.api_key_id, b.membership_id, w.scope, w.cap, w.spent, extract(epoch FROM w.start)::bigint, w.resets
FROM billing_keybudget b CROSS JOIN LATERAL keyosk_windows(b) w
WHERE (b.total_used * 100 >= b.total_limit * %(near)s OR b.five_hours_used * 100 >= b.five_hours_limit * %(near)s
    OR b.day_used * 100 >= b.day_limit * %(near)s OR b.week_used * 100 >= b.week_limit * %(near)s
    OR b.month_used * 100 >= b.month_limit * %(near)s)
  AND w.cap > 0 AND w.spent * 100 >= w.cap * %(near)s
ORDER BY b.id
"""
_REMEMBER = "INSERT INTO billing_limitalert (subject) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING RETURNING subject"

# One statement, one snapshot: wallets that have enough for the first time are watched, full ones armed again, low ones told of.
_WALLETS = """
WITH money AS (
  SELECT owner, sum(balance)::bigint AS balance FROM billing_ledgeraccount
  WHERE ledger = 'Q' AND kind IN ('wallet', 'lot') AND (expires_at IS NULL OR expires_at > now()) GROUP BY owner
), found AS (
  INSERT INTO billing_walletwatch (membership_id, below_micros, is_armed)
  SELECT owner, %(below)s::bigint, true FROM money JOIN accounts_membership m ON m.id = owner
  WHERE %(below)s::bigint > 0 AND balance >= %(below)s::bigint ON CONFLICT (membership_id) DO NOTHING
), armed AS (
  UPDATE billing_walletwatch w SET is_armed = true FROM money
  WHERE owner = w.membership_id AND NOT w.is_armed AND balance >= w.below_micros
)
UPDATE billing_walletwatch w SET is_armed = false FROM money
WHERE owner = w.membership_id AND w.is_armed AND balance < w.below_micros RETURNING w.membership_id, balance, w.below_micros
"""


@dataclass(frozen=True, slots=True)
class _Use:
    """A window of a limit that is nearly or wholly used up."""

    budget: int
    api_key_id: int | None
    membership_id: int | None
    scope: str
    cap: int
    spent: int
    start: int | None
    resets: datetime.datetime | None

    @property
    def is_reached(self) -> bool:
        return self.spent >= self.cap

    @property
    def subject(self) -> str:
        """Name the window, the limit it had and the threshold: a raised limit is told of anew."""
        level = 100 if self.is_reached else NEAR_PERCENT
        return f"budget:{self.budget}:{self.scope}:{self.start or 0}:{self.cap}:{level}"


@transaction.atomic
def tell_of_limits() -> int:
    """Tell the owners of limits that are nearly or wholly used up; return how many messages were written."""
    with connection.cursor() as cursor:
        cursor.execute(_USED_UP, {"near": NEAR_PERCENT})
        uses = {use.subject: use for use in (_Use(*row) for row in cursor.fetchall())}
        cursor.execute(_REMEMBER, [sorted(uses)])
        new = [uses[subject] for (subject,) in cursor.fetchall()]
    names = {key.pk: key for key in ApiKey.objects.filter(pk__in=[use.api_key_id for use in new])}
    owners = [names[use.api_key_id].membership_id if use.api_key_id else use.membership_id or 0 for use in new]
    members = _members(owners)
    told = 0
    for use, owner in zip(new, owners, strict=True):
        member = members[owner]
        name = names[use.api_key_id].name if use.api_key_id else ""
        told += mailing.tell(member, template="limit_reached" if use.is_reached else "limit_near", context=_about(use, name, member))
        if use.is_reached and use.api_key_id:
            about = {"key": use.api_key_id, "customer": owner, "scope": use.scope, "spent_micros": use.spent, "limit_micros": use.cap}
            events.emit(tenant_id=member.tenant_id, kind="key.exhausted", data=about, key=use.subject)
    return told


@transaction.atomic
def tell_of_wallets() -> int:
    """Tell the owners of wallets that fell below their threshold; return how many messages were written."""
    with connection.cursor() as cursor:
        cursor.execute(_WALLETS, {"below": settings.LOW_WALLET_CENTS * 10_000})
        low = cursor.fetchall()
    members = _members([membership_id for membership_id, _, _ in low])
    told = 0
    for membership_id, balance, below in low:
        member = members[membership_id]
        with _spoken_to(member):
            context = {"balance": quota_units.short(balance), "below": quota_units.short(below)}
        told += mailing.tell(member, template="wallet_low", context=context)
        about = {"customer": membership_id, "balance_micros": balance, "below_micros": below}
        events.emit(tenant_id=member.tenant_id, kind="balance.low", data=about)
    return told


@transaction.atomic
def tell_of_expiring() -> int:
    """Tell the owners of credit that ends in some days, once for each lot; return how many messages were written."""
    now = timezone.now()
    ending = LedgerAccount.objects.filter(
        kind=LedgerAccount.Kind.LOT, ledger=QUOTA, expires_at__range=(now, now + EXPIRES_SOON), balance__gt=0
    )
    lots = {f"lot:{lot.pk}": lot for lot in ending}
    new = [lots[subject] for subject in _remember(lots)]
    members = _members([lot.owner for lot in new])
    told = 0
    for lot in new:
        member = members.get(lot.owner)
        if member is not None and lot.expires_at is not None:
            until = _in_zone(lot.expires_at, member.tenant)
            with _spoken_to(member):
                context = {"amount": quota_units.short(lot.balance), "until": until}
            told += mailing.tell(member, template="credit_expiring", context=context)
    return told


@transaction.atomic
def tell_of_codes() -> int:
    """Tell buyers of codes that nobody redeemed and that end in some days, once an order; return how many mails were written."""
    now = timezone.now()
    ending = Order.objects.filter(
        state=Order.State.DELIVERED, delivered_at__lte=now - _JUST_NOW, codes__state=Code.State.SOLD,
        codes__batch__redeem_by__range=(now, now + CODES_END_SOON),
    )  # fmt: skip
    counted = ending.exclude(email="").annotate(until=Min("codes__batch__redeem_by"), waiting=Count("codes"))
    found = {f"codes:{order.pk}": order for order in counted.select_related("tenant")}
    new = [found[subject] for subject in _remember(found)]
    for order in new:
        order_mail.write(order, "codes_expiring", waiting=str(order.waiting), until=_in_zone(order.until, order.tenant))
    return len(new)


def watch(*, membership_id: int, below_micros: int) -> None:
    """Tell the owner of this wallet when it falls below an amount (µ$); 0 = never."""
    WalletWatch.objects.update_or_create(membership_id=membership_id, defaults={"below_micros": below_micros, "is_armed": False})


def below(*, membership_id: int) -> int:
    """Return below which balance (µ$) the owner of this wallet is told; 0 = never."""
    chosen = WalletWatch.objects.values_list("below_micros", flat=True).filter(membership_id=membership_id).first()
    return settings.LOW_WALLET_CENTS * 10_000 if chosen is None else chosen


def forget() -> int:
    """Forget what was told of windows that are long over; a key's allowance has no end and is remembered."""
    old = LimitAlert.objects.filter(created_at__lt=timezone.now() - _KEEP).exclude(subject__contains=":key:")
    return old.delete()[0]


def _remember(subjects: Iterable[str]) -> list[str]:
    """Note that somebody is told of these; return those of which nobody was."""
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBER, [sorted(subjects)])
        return [subject for (subject,) in cursor.fetchall()]


def _in_zone(moment: datetime.datetime, tenant: Tenant) -> str:
    return f"{moment.astimezone(zoneinfo.ZoneInfo(tenant.zone)):%Y-%m-%d %H:%M} ({tenant.zone})"


def _members(ids: Sequence[int]) -> dict[int, Membership]:
    return {member.pk: member for member in Membership.objects.filter(pk__in=ids).select_related("user", "tenant")}


def _spoken_to(member: Membership) -> AbstractContextManager[None]:
    return quota_units.speaking(tenant=member.tenant, language=mailing.language_of(member))


def _about(use: _Use, name: str, member: Membership) -> dict[str, Any]:
    """Return what a message says of a limit; a name only when it is that of one key."""
    tenant = member.tenant
    resets = "" if use.resets is None else _in_zone(use.resets, tenant)
    with _spoken_to(member):
        amounts = {"used": quota_units.current().short(use.spent, up=True), "limit": quota_units.short(use.cap)}
        window = str(_WINDOWS.get(use.scope, _WINDOWS["month"]))
    return {"name": name, "window": window, "resets": resets, **amounts}
