"""Compare what gateways say went through an account with what is booked: lost payments, unknown ones, other amounts, refunds.

A gateway that lists its movements is asked every night for the last two days; movements that were not begun here (an account
may serve other businesses too) mean nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog

from billing import gateway_alarms, gateways
from billing.audit import Finding
from billing.models import GatewayAccount, PaymentAttempt, Refund
from billing.money import format_minor
from billing.payments.base import GatewayError, Movement

NAME = "gateways"
# What is younger may still be on its way to us; what is booked today may have come days ago (gateways repeat messages so long).
ON_ITS_WAY = datetime.timedelta(hours=1)
LOOKED_AT = datetime.timedelta(days=2)
REPEATED_FOR = datetime.timedelta(days=4)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Compared:
    """What is wrong, and which accounts could not be asked."""

    wrong: tuple[Finding, ...]
    notices: tuple[Finding, ...]


def compare_all(*, now: datetime.datetime) -> Compared:
    """Compare every account whose gateway lists its movements."""
    wrong: list[Finding] = []
    notices: list[Finding] = []
    for account in GatewayAccount.objects.filter(is_enabled=True).select_related("tenant").order_by("pk"):
        try:
            wrong += compare(account, now=now)
        except GatewayError as error:
            log.warning("a gateway does not list its movements", account=account.pk, reason=str(error))
            gateway_alarms.tell(account, str(error))
            notices.append(Finding(NAME, _subject(account), f"could not be asked: {error}"[:400]))
    return Compared(tuple(wrong), tuple(notices))


def compare(account: GatewayAccount, *, now: datetime.datetime) -> list[Finding]:
    """Return where an account's last two days at its gateway and here differ; nothing for gateways without lists. Raises GatewayError."""
    if not gateways.is_ready(account):
        return []
    since, until = now - LOOKED_AT, now - ON_ITS_WAY
    said = gateways.driver_of(account.driver).movements(account, since=since - REPEATED_FOR, until=now)
    if said is None:
        return []
    failed = {one.reference for one in said if one.kind == "refund_failed"}
    said = [one for one in said if one.kind == "paid" or one.reference not in failed]
    recent = [one for one in said if since <= one.at < until]
    details = [*_unbooked(account, recent), *_unknown(account, said, since=since, until=until)]
    return [Finding(NAME, _subject(account), detail) for detail in details]


def _unbooked(account: GatewayAccount, said: Sequence[Movement]) -> Iterator[str]:
    """Yield what went through the gateway and is not booked here, or not so."""
    own = PaymentAttempt.objects.filter(account=account)
    for one in said:
        if one.kind == "paid":
            found = own.filter(provider_transaction=one.transaction).first()
            if found is None and not own.filter(token=one.attempt_token).exists():
                continue
            if found is None or found.received_minor is None:
                yield f"{_spell(one)} was paid ({one.transaction}) and is not booked"
            elif (found.received_minor, found.received_currency) != (one.amount_minor, one.currency):
                booked = format_minor(found.received_minor, currency=found.received_currency or found.currency)
                yield f"{_spell(one)} was paid ({one.transaction}), {booked} is booked"
        elif own.filter(provider_transaction=one.transaction).exists():
            yield from _refund(account, one)


def _refund(account: GatewayAccount, one: Movement) -> Iterator[str]:
    made = Refund.objects.filter(attempt__account=account, provider_number=one.reference).first()
    if made is None:
        yield f"{_spell(one)} was paid back ({one.reference}) and is not booked"
    elif made.amount_minor != one.amount_minor:
        yield f"{_spell(one)} was paid back ({one.reference}), {format_minor(made.amount_minor, currency=made.currency)} is booked"


def _unknown(account: GatewayAccount, said: Sequence[Movement], *, since: datetime.datetime, until: datetime.datetime) -> Iterator[str]:
    """Yield what is booked here and never went through the gateway."""
    paid = {one.transaction for one in said if one.kind == "paid"}
    booked = PaymentAttempt.objects.filter(account=account, state="succeeded", ended_at__range=(since, until), received_minor__gt=0)
    for attempt in booked.exclude(provider_transaction=None).order_by("pk"):
        if attempt.provider_transaction not in paid:
            amount = format_minor(attempt.received_minor or 0, currency=attempt.received_currency or attempt.currency)
            yield f"{amount} is booked as paid ({attempt.provider_transaction}), the gateway has no such payment"
    back = {one.reference for one in said if one.kind == "refunded"}
    refunds = Refund.objects.filter(attempt__account=account, state="succeeded", to_credit=False, created_at__range=(since, until))
    for refund in refunds.exclude(provider_number=None).order_by("pk"):
        if refund.provider_number not in back:
            amount = format_minor(refund.amount_minor, currency=refund.currency)
            yield f"{amount} is booked as paid back ({refund.provider_number}), the gateway has no such refund"


def _spell(one: Movement) -> str:
    return format_minor(one.amount_minor, currency=one.currency)


def _subject(account: GatewayAccount) -> str:
    return f"payment account {account.pk}"
