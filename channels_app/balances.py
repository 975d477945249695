"""What our accounts at vendors hold: asked, kept as the vendor said it, and carried forward to the day they run dry.

A balance never takes a channel out: some servers answer 200 to anything. It sounds an alarm, and money that has come
brings back a key that was out of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from channels_app import asking, channels, notices, registry, selectors
from channels_app.inquiry import Balance, NoAnswer
from channels_app.models import BalanceCheck, BalanceReading, Channel, ChannelKey

EVERY = timedelta(hours=1)
# Two questions for one channel are never nearer than this, whoever asks.
LEAST_PAUSE = timedelta(seconds=20)
WINDOW = timedelta(days=7)
KEPT = timedelta(days=400)
ALARM_DAYS = 3
MOST_KEYS = 50
# A burn rate needs a day's worth of readings, or a cheap hour would look like a drought.
_LEAST_SPAN = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is left, what leaves a day, and how many days that lasts (None: nothing leaves, or too little is known)."""

    amount: Decimal
    currency: str
    per_day: Decimal
    days_left: Decimal | None


Point = tuple[datetime, Decimal]


def due() -> list[int]:
    """Return the channels whose vendors can be asked, but those a person disabled."""
    rows = Channel.objects.exclude(state=Channel.State.DISABLED).order_by("pk")
    return [row.pk for row in rows if row.provider in registry.providers() and asking.tells_balance(row.provider)]


def ask(channel_id: int) -> list[BalanceReading]:
    """Ask for the balance behind each key of a channel and keep the answers; nothing when somebody asked just now.

    Raise Channel.DoesNotExist, or NotOffered where the vendor cannot be asked.
    """
    facts = selectors.load_one(channel_id)
    if not asking.tells_balance(facts.provider):
        raise asking.NotOffered(facts.provider)
    now = timezone.now()
    if not _claim(channel_id, now):
        return []
    found: list[tuple[int | None, Balance]] = []
    problem = ""
    for key in (facts.keys or (asking.NO_KEY,))[:MOST_KEYS]:
        try:
            found.append((key.id or None, asking.balance(facts, key, today=now.date())))
        except NoAnswer as error:
            problem = problem or str(error)
    return record(channel_id=channel_id, found=found, problem=problem)


@transaction.atomic
def record(*, channel_id: int, found: Sequence[tuple[int | None, Balance]], problem: str = "") -> list[BalanceReading]:
    """Keep what vendors said of (key, balance); bring back keys that have money again, and sound or end the alarm."""
    channel = Channel.objects.select_related("tenant").get(pk=channel_id)
    made = [
        BalanceReading(channel=channel, key_id=key, amount=one.amount, currency=one.currency[:12], at=timezone.now()) for key, one in found
    ]
    BalanceReading.objects.bulk_create(made)
    paid = [reading.key_id for reading in made if reading.amount > 0 and reading.key_id is not None]
    for key in ChannelKey.objects.filter(pk__in=paid, state=ChannelKey.State.EMPTY):
        channels.set_key_state(key=key, state=ChannelKey.State.ACTIVE, reason="the account holds money again")
    BalanceCheck.objects.update_or_create(
        channel=channel, defaults={"problem": problem[:300]}, create_defaults={"problem": problem[:300], "asked_at": timezone.now()}
    )
    if made:
        _alarm(channel)
    return made


def forecasts(channel_id: int, *, now: datetime | None = None) -> list[Forecast]:
    """Return the outlook of each account behind a channel's keys, the one that runs dry first at the front."""
    until = now or timezone.now()
    rows = BalanceReading.objects.filter(channel_id=channel_id, at__gt=until - WINDOW, at__lte=until).order_by("key_id", "currency", "at")
    found = [
        forecast([(row.at, row.amount) for row in group], currency=currency)
        for (_, currency), group in itertools.groupby(rows, key=lambda row: (row.key_id, row.currency))
    ]
    return sorted(found, key=lambda one: (one.days_left is None, one.days_left or 0, one.amount))


def forecast(points: Sequence[Point], *, currency: str) -> Forecast:
    """Carry readings (oldest first, at least one) forward: what left between them; what came in between does not count."""
    amount = points[-1][1]
    span = points[-1][0] - points[0][0]
    left = sum((max(before - after, Decimal(0)) for (_, before), (_, after) in itertools.pairwise(points)), Decimal(0))
    if span < _LEAST_SPAN:
        return Forecast(amount, currency, Decimal(0), None)
    per_day = left * 86_400 / Decimal(int(span.total_seconds()))
    days = max(amount, Decimal(0)) / per_day if per_day > 0 else None
    return Forecast(amount, currency, per_day, days)


def forget(*, now: datetime) -> int:
    """Forget readings whose time is over."""
    return BalanceReading.objects.filter(at__lt=now - KEPT).delete()[0]


def _claim(channel_id: int, now: datetime) -> bool:
    """Take the right to ask now; False when another worker asks or has just asked."""
    BalanceCheck.objects.bulk_create([BalanceCheck(channel_id=channel_id, asked_at=now - EVERY)], ignore_conflicts=True)
    return BalanceCheck.objects.filter(channel_id=channel_id, asked_at__lte=now - LEAST_PAUSE).update(asked_at=now) == 1


def _alarm(channel: Channel) -> None:
    """Tell the owner's staff when an account runs low, once until it has recovered."""
    alarm, cause = next(((name, one) for one in forecasts(channel.pk) if (name := _alarm_of(channel, one))), ("", None))
    check = BalanceCheck.objects.select_for_update().get(channel=channel)
    if cause is not None and not check.alarm:
        days = "" if cause.days_left is None else f"{cause.days_left:.1f}"
        context = {"amount": f"{cause.amount:.2f}", "currency": cause.currency, "days": days}
        notices.tell(channel=channel, template="balance_low", occasion=f"balance:{check.asked_at.isoformat()}", context=context)
    if alarm != check.alarm:
        BalanceCheck.objects.filter(pk=check.pk).update(alarm=alarm)


def _alarm_of(channel: Channel, one: Forecast) -> str:
    if channel.low_balance is not None and one.amount < channel.low_balance:
        return "low"
    return "soon" if one.days_left is not None and one.days_left < ALARM_DAYS else ""
