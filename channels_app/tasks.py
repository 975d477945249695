"""Celery's doors: check channels, ask for balances and lists of models, keep the history in bounds. All are spread and claimed."""

from __future__ import annotations

import random

from celery import shared_task
from django.utils import timezone

from channels_app import asking, balances, health, history, listings, rounds
from channels_app.models import Channel
from foundation import jobs
from foundation.models import Job

TICK_SECONDS = 30
BALANCES_SECONDS = 3600
DAY_SECONDS = 24 * 3600
# A check or a question that takes longer is given up.
MOST_SECONDS = 300
_JITTER_SECONDS = 5.0


@shared_task
@jobs.scheduled("check_channels", TICK_SECONDS)
def check_channels() -> str:
    """Send out the checks that are due, spread over most of the time to the next tick, and rounds that nobody has taken up."""
    due = health.due()
    for position, channel_id in enumerate(due):
        countdown = position * TICK_SECONDS * 0.8 / len(due) + random.uniform(0, _JITTER_SECONDS)  # noqa: S311  # no secret
        check_channel.apply_async(args=(channel_id,), countdown=countdown, expires=MOST_SECONDS)
    for job in rounds.waiting():
        check_round.apply_async(args=(str(job.pk),), expires=TICK_SECONDS)
    return f"{len(due)} channels"


@shared_task(time_limit=MOST_SECONDS + 30, soft_time_limit=MOST_SECONDS)
def check_channel(channel_id: int) -> str:
    """Check one channel; one that was deleted meanwhile is no error."""
    try:
        result = health.probe(channel_id)
    except Channel.DoesNotExist:
        return "gone"
    if result is None:
        return "not now"
    return "ok" if result.failure is None else result.failure.kind.value


@shared_task
def check_round(job_id: str) -> str:
    """Check the channels somebody chose, one after the other, and show how far that is."""
    return rounds.run(Job.objects.get(pk=job_id))


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


@shared_task
@jobs.scheduled("ask for models", DAY_SECONDS)
def ask_models() -> str:
    """Send out one question per channel for the models it could serve, spread over an hour."""
    due = list(Channel.objects.exclude(state=Channel.State.DISABLED).order_by("pk").values_list("pk", flat=True))
    for position, channel_id in enumerate(due):
        ask_model_list.apply_async(args=(channel_id,), countdown=position * 3600 / len(due), expires=DAY_SECONDS)
    return f"{len(due)} channels"


@shared_task(time_limit=MOST_SECONDS + 30, soft_time_limit=MOST_SECONDS)
def ask_model_list(channel_id: int) -> str:
    """Ask for one channel's models; vendors without a list are no error."""
    try:
        found = listings.fetch(channel_id)
    except (Channel.DoesNotExist, asking.NotOffered):
        return "gone"
    return found.problem or f"{len(found.names)} models"


@shared_task
@jobs.scheduled("keep channel history", DAY_SECONDS)
def keep_history() -> str:
    """Make months for checks ahead, and forget what is old."""
    return history.keep(now=timezone.now())
