"""Celery's doors: check the channels' health and ask for their balances, spread over the interval."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from channels_app import asking, balances, health
from channels_app.models import Channel
from foundation import jobs

EVERY_SECONDS = 300
BALANCES_SECONDS = 3600
# A check or a question that takes longer is given up.
MOST_SECONDS = 300


@shared_task
@jobs.scheduled("check_channels", EVERY_SECONDS)
def check_channels() -> str:
    """Send out one check per channel, evenly over four fifths of the interval."""
    due = health.due()
    for position, channel_id in enumerate(due):
        check_channel.apply_async(args=(channel_id,), countdown=position * EVERY_SECONDS * 0.8 / len(due), expires=EVERY_SECONDS)
    return f"{len(due)} channels"


@shared_task
def check_channel(channel_id: int) -> str:
    """Check one channel; one that was deleted meanwhile is no error."""
    try:
        result = health.probe(channel_id)
    except Channel.DoesNotExist:
        return "gone"
    return "ok" if result.failure is None else result.failure.kind.value


@shared_task
@jobs.scheduled("ask for balances", BALANCES_SECONDS)
def ask_balances() -> str:
    """Send out one question per channel whose vendor can be asked, spread over ten minutes."""
    due = balances.due()
    for position, channel_id in enumerate(due):
        ask_balance.apply_async(args=(channel_id,), countdown=position * 600 / len(due), expires=BALANCES_SECONDS)
    return f"{len(due)} channels, {balances.forget(now=timezone.now())} readings forgotten"


@shared_task(time_limit=MOST_SECONDS + 30, soft_time_limit=MOST_SECONDS)
def ask_balance(channel_id: int) -> str:
    """Ask for one channel's balance; one that was deleted or changed meanwhile is no error."""
    try:
        found = balances.ask(channel_id)
    except (Channel.DoesNotExist, asking.NotOffered):
        return "gone"
    return ", ".join(str(reading) for reading in found)
