"""A round of checks that somebody asked for: a job with progress, taken up once by whichever worker comes first."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from channels_app import health
from channels_app.models import Channel
from foundation import jobs, queue
from foundation.models import Job

KIND = "check channels"
TASK = "channels_app.tasks.check_round"
CHECK = "channels_app.tasks.check_channel"
# A round that waits longer has lost its message; the clock sends it out again.
_LOST = datetime.timedelta(seconds=20)


def ask_for(*, channels: Collection[int], scope_id: int | None) -> Job:
    """Write a round down and wake a worker for it on commit; without a queue the clock does it."""
    job = jobs.start(kind=KIND, scope_id=scope_id, total=len(channels), arguments={"channels": sorted(channels)})
    transaction.on_commit(lambda: _send(TASK, str(job.pk)), robust=True)
    return job


def after_change(channel: Channel) -> None:
    """Let a channel be checked soon after its settings have changed, on commit."""
    transaction.on_commit(lambda: _send(CHECK, channel.pk), robust=True)


def waiting() -> list[Job]:
    """Return the rounds that nobody has taken up."""
    return list(Job.objects.filter(kind=KIND, state=Job.State.WAITING, created_at__lt=timezone.now() - _LOST))


def run(job: Job) -> str:
    """Check the round's channels one after the other; nothing when another worker does it."""
    if not jobs.take(job):
        return "taken"
    results: dict[str, object] = {}
    for done, channel_id in enumerate(job.arguments["channels"], start=1):
        results[str(channel_id)] = _outcome(channel_id)
        jobs.progress(job, done=done)
    jobs.finish(job, result=results)
    return f"{len(results)} channels"


def _outcome(channel_id: int) -> str:
    try:
        result = health.probe(channel_id)
    except Channel.DoesNotExist:
        return "gone"
    if result is None:
        return "not now"
    return f"{result.latency_ms} ms" if result.failure is None else result.failure.kind.value


def _send(task: str, argument: object) -> None:
    queue.send(task, argument, expires=health.LONGEST.total_seconds())
