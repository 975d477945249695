"""Celery's doors: check the channels' health, spread over the interval."""

from __future__ import annotations

from celery import shared_task

from channels_app import health
from channels_app.models import Channel
from foundation import jobs

EVERY_SECONDS = 300


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
