"""Celery's doors to this room: the outbox sweeper."""

from __future__ import annotations

import datetime

from celery import shared_task

from foundation import jobs, notify, outbox

# Importing the notifier registers its outbox topics.
__all__ = ["deliver_outbox", "notify", "purge_outbox", "sweep_outbox"]

# How the sweeper is called in its row.
SWEEP = "deliver outbox"
KEEP_ENDED = datetime.timedelta(days=30)


@shared_task
def deliver_outbox() -> int:
    """Deliver what is due: called when a message was just written; sweepers never meet."""
    return outbox.deliver()


@shared_task
@jobs.scheduled(SWEEP, every_seconds=5)
def sweep_outbox() -> int:
    """Deliver what is due, whether or not somebody called."""
    return outbox.deliver()


@shared_task
@jobs.scheduled("purge outbox", every_seconds=24 * 3600)
def purge_outbox() -> int:
    """Forget what was delivered or given up long ago."""
    return outbox.purge(older_than=KEEP_ENDED)
