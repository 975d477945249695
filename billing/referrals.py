"""Rewards for who brings customers: paid once the first purchase stands, taken back when it is paid back or disputed.

All comes from the tenant's own funds: store credit, which the shop owes, or quota of its stock. The first purchase decides:
one that is too small, or beyond the limit of rewards, earns nothing later either. What a stock does not cover waits.
Sweepers call `settle_due` and `reverse_due`; both are safe to run twice at once.
"""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import events, mailing
from accounts.models import Membership, Referral, Tenant
from billing import ledger, money, quota_units, self_referrals, store_credit
from billing.codes import stock_of
from billing.models import Dispute, Order, PaymentAttempt, Product, ReferralProgram, ReferralReward, Refund, Suspicion
from billing.models.referrals import WHOLE

Paid = ReferralProgram.Paid
_KEPT = (Order.State.PAID, Order.State.DELIVERED)
# For so long what could not be taken back at once (leased, held) is tried again.
_TAKEN_FOR = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a first purchase was: money that came (minor units of the tenant's currency), and the quota it bought (µ$)."""

    cash_minor: int
    quota_micros: int


@dataclass(frozen=True, slots=True)
class Reward:
    """What a member got: as who brought somebody, or (`is_welcome`) as who was brought."""

    referral_id: int
    is_welcome: bool
    amount: str
    paid_in: str
    is_reversed: bool


def program(tenant: Tenant) -> ReferralProgram | None:
    """Return the tenant's program where it is switched on."""
    return ReferralProgram.objects.filter(tenant=tenant, is_active=True).first()


def amount_text(settings: ReferralProgram, amount: int) -> str:
    """Write an amount of a program: quota in the active unit, or the shop's currency."""
    if settings.paid_in == Paid.QUOTA:
        return quota_units.short(amount)
    return money.format_minor(amount, currency=settings.tenant.currency)


def spell(settings: ReferralProgram, *, fixed: int | None, percent: int | None) -> str:
    """Say what one side gets: an amount, a share of the purchase, or nothing."""
    kind = settings.get_paid_in_display()
    if fixed:
        return f"{amount_text(settings, fixed)} ({kind})"
    return f"{share_text(percent)} ({kind})" if percent else ""


def share_text(percent: int) -> str:
    """Write hundredths of a percent: 1250 is 12.5 %."""
    return f"{Decimal(percent) / 100:f} %"


def terms(settings: ReferralProgram) -> list[str]:
    """Say in sentences what a shop gives."""
    mine = spell(settings, fixed=settings.referrer_fixed, percent=settings.referrer_percent)
    theirs = spell(settings, fixed=settings.referred_fixed, percent=settings.referred_percent)
    found = [_("You get %(amount)s for the first purchase of everybody you bring.") % {"amount": mine}] if mine else []
    found += [_("They get %(amount)s for it.") % {"amount": theirs}] if theirs else []
    if settings.cap is not None:
        found.append(_("At most %s each.") % amount_text(settings, settings.cap))
    if settings.least_minor:
        least = money.format_minor(settings.least_minor, currency=settings.tenant.currency)
        found.append(_("The purchase must be worth %s at least.") % least)
    if settings.wait_days:
        found.append(_("It comes %d days after the purchase.") % settings.wait_days)
    if settings.most_rewards:
        found.append(_("For %d people at most.") % settings.most_rewards)
    return found


def rewards(member: Membership, *, most: int = 100) -> list[Reward]:
    """Return what a member got, the newest first."""
    rows = ReferralReward.objects.filter(member=member).select_related("referral")[:most]
    return [
        Reward(
            row.referral_id,
            row.is_welcome,
            written(row, row.amount),
            row.get_paid_in_display(),
            bool(row.reversed_at),
        )
        for row in rows
    ]


def written(reward: ReferralReward, amount: int) -> str:
    """Write an amount of a reward as it was paid."""
    if reward.paid_in == Paid.QUOTA:
        return quota_units.short(amount)
    return money.format_minor(amount, currency=reward.currency)


def settle_due(*, limit: int = 200) -> int:
    """Reward the first purchases that nobody rewarded yet, at most `limit`; return how many. Those that wait hold up no others."""
    bought = Order.objects.filter(membership=OuterRef("referred"), paid_at__isnull=False, state__in=_KEPT).exclude(pk__in=_unsure())
    rows = Referral.objects.filter(Exists(bought), settled_at=None, referrer__tenant__referral_program__is_active=True)
    rows = rows.exclude(doubt__in=Referral.WAITING)
    settled = (pk for pk in list(rows.order_by("pk").values_list("pk", flat=True)) if _settle(pk))
    return len(list(itertools.islice(settled, limit)))


def reverse_due(*, limit: int = 200) -> int:
    """Take back what was given for purchases that were paid back or are disputed; return how many rewards that touched."""
    now = timezone.now()
    unfinished = Q(reversed_at__gt=now - _TAKEN_FOR, taken_back__lt=F("amount"))
    lost = Q(reversed_at=None, order__in=_undone())
    rows = ReferralReward.objects.filter(unfinished | lost).order_by(F("reversed_at").asc(nulls_first=True), "pk")
    return sum(_reverse(pk, now) for pk in list(rows.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _settle(pk: int) -> bool:
    """Look at one referral's first purchase and pay for it, once; False while it waits."""
    rows = Referral.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    referral = rows.select_related("referrer__tenant", "referrer__user", "referred__user").filter(pk=pk, settled_at=None).first()
    settings = program(referral.referrer.tenant) if referral is not None else None
    order = _first_purchase(referral.referred, settings) if referral is not None and settings is not None else None
    if referral is None or settings is None or order is None or self_referrals.doubt(referral):
        return False
    try:
        with transaction.atomic():
            for member, amount in _amounts(referral, settings, _worth(order)):
                _pay(referral, settings, member, amount, order)
    except ledger.InsufficientFunds:
        return False
    Referral.objects.filter(pk=pk).update(settled_at=timezone.now())
    return True


def _first_purchase(member: Membership, settings: ReferralProgram) -> Order | None:
    """Return a member's first paid order that stands, when its days are over. What store credit alone paid is no purchase."""
    paid = PaymentAttempt.objects.filter(order=OuterRef("pk"), settles_order=True).exclude(account__driver=store_credit.DRIVER)
    rows = Order.objects.filter(Exists(paid), membership=member, state__in=_KEPT).exclude(pk__in=_unsure())
    order = rows.order_by("paid_at", "pk").first()
    until = timezone.now() - datetime.timedelta(days=settings.wait_days)
    return order if order is not None and order.paid_at is not None and order.paid_at <= until else None


def _worth(order: Order) -> Worth:
    """Return what counts of an order: what did not come out of store credit, and the quota that is its share."""
    attempt = order.attempts.get(settles_order=True)
    paid = order.total_minor - attempt.credit_minor
    quota = order.units_micros * order.quantity if order.kind in Product.QUOTA_KINDS else 0
    return Worth(cash_minor=paid if order.currency == order.tenant.currency else 0, quota_micros=quota * paid // order.total_minor)


def _amounts(referral: Referral, settings: ReferralProgram, worth: Worth) -> list[tuple[Membership, int]]:
    """Return who gets how much: nothing for a purchase that is too small, nor for a referrer who has gone or had enough."""
    if worth.cash_minor < settings.least_minor:
        return []
    base = worth.quota_micros if settings.paid_in == Paid.QUOTA else worth.cash_minor
    sides = [(referral.referred, settings.referred_fixed, settings.referred_percent)]
    if _may_earn(referral.referrer, settings):
        sides.append((referral.referrer, settings.referrer_fixed, settings.referrer_percent))
    found = [(member, _capped(settings, (fixed or 0) + base * (percent or 0) // WHOLE)) for member, fixed, percent in sides]
    return [(member, amount) for member, amount in found if amount > 0]


def _may_earn(referrer: Membership, settings: ReferralProgram) -> bool:
    """Tell whether a referrer is there and below the limit. The lock makes two purchases at once count one after the other."""
    member = Membership.objects.select_for_update(no_key=True).get(pk=referrer.pk)
    if member.state != Membership.State.ACTIVE or not referrer.user.is_active:
        return False
    had = ReferralReward.objects.filter(referral__referrer=referrer, member=referrer, reversed_at=None).count()
    return settings.most_rewards is None or had < settings.most_rewards


def _capped(settings: ReferralProgram, amount: int) -> int:
    return amount if settings.cap is None else min(amount, settings.cap)


def _pay(referral: Referral, settings: ReferralProgram, member: Membership, amount: int, order: Order) -> None:
    """Give one side its reward, once."""
    tenant = referral.referrer.tenant
    key = f"referral:{referral.pk}:{member.pk}"
    with translation.override(mailing.language_of(member)):
        memo = _("Referral")
    if settings.paid_in == Paid.QUOTA:
        source = ledger.account(kind="issuer").pk if tenant.is_root else stock_of(tenant.pk)
        line = ledger.Line(source, ledger.wallet(membership_id=member.pk).pk, amount)
        ledger.post(kind="referral", key=key, lines=[line], tenant_id=tenant.pk, memo=memo)
    else:
        store_credit.give(membership=member, amount_minor=amount, reason=memo, key=key)
    reward = ReferralReward.objects.create(
        referral=referral, member=member, order=order, paid_in=settings.paid_in, amount=amount,
        currency=tenant.currency if settings.paid_in == Paid.CREDIT else "",
    )  # fmt: skip
    _tell(reward)


def _tell(reward: ReferralReward) -> None:
    """Tell who got a reward by mail, and whoever the shop tells, in the transaction that pays it."""
    member, is_welcome = reward.member, reward.is_welcome
    with quota_units.speaking(tenant=member.tenant, language=mailing.language_of(member)):
        amount = f"{written(reward, reward.amount)} ({reward.get_paid_in_display()})"
    template = "referral_welcome" if is_welcome else "referral_reward"
    mailing.tell(member, template=template, context={"amount": amount}, key=f"referral:{reward.pk}")
    data = {
        "customer": member.pk, "referred": reward.referral.referred_id, "is_welcome": is_welcome,
        "paid_in": reward.paid_in, "amount": reward.amount, "currency": reward.currency,
    }  # fmt: skip
    events.emit(tenant_id=member.tenant_id, kind="referral.rewarded", data=data, key=str(reward.pk))


def _undone() -> QuerySet[Order, int]:
    """Select the numbers of orders that were paid back, give quota back for money, or are disputed and not won."""
    refunds = Refund.objects.filter(state__in=Refund.COUNTING, takes_back=True, attempt__settles_order=True)
    disputes = Dispute.objects.exclude(state=Dispute.State.WON)
    lost = Q(state=Order.State.REFUNDED) | Q(pk__in=refunds.values("attempt__order")) | Q(pk__in=disputes.values("attempt__order"))
    return Order.objects.filter(lost).values_list("pk", flat=True)


def _unsure() -> QuerySet[Order, int]:
    """Select the numbers of orders that earn nothing now: those undone, and those the shop may have placed itself."""
    lost = Q(pk__in=_undone()) | Q(suspicion__state__in=Suspicion.WITHHOLDING)
    return Order.objects.filter(lost).values_list("pk", flat=True)


@transaction.atomic
def _reverse(pk: int, now: datetime.datetime) -> bool:
    """Take one reward back as far as it is free; the rest is tried again for a day."""
    rows = ReferralReward.objects.select_for_update(of=("self",), skip_locked=True, no_key=True).select_related("member__tenant")
    reward = rows.filter(pk=pk).first()
    if reward is None:
        return False
    amount = _take(reward, reward.amount - reward.taken_back)
    reward.taken_back += amount
    reward.reversed_at = reward.reversed_at or now
    reward.save(update_fields=["taken_back", "reversed_at"])
    return True


def _take(reward: ReferralReward, wanted: int) -> int:
    """Move what is free of an amount back to where it came from; return how much that was."""
    tenant = reward.member.tenant
    if reward.paid_in == Paid.QUOTA:
        source = ledger.wallet(membership_id=reward.member_id)
        target = ledger.account(kind="issuer").pk if tenant.is_root else stock_of(tenant.pk)
    else:
        source = store_credit.book(reward.member, currency=reward.currency)
        target = ledger.account(kind="adjust", tenant_id=tenant.pk, ledger=f"M:{reward.currency}").pk
    source.refresh_from_db()
    amount = min(wanted, max(0, source.balance - source.held - source.floor))
    if amount <= 0:
        return 0
    line, key = ledger.Line(source.pk, target, amount), f"referral-back:{reward.pk}:{reward.taken_back}"
    try:
        ledger.post(kind="referral_back", key=key, lines=[line], tenant_id=tenant.pk)
    except ledger.InsufficientFunds:
        return 0
    return amount
