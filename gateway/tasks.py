"""Celery's doors to usage: the nightly audit, the months ahead and behind, and the sums by hour and day."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from billing import audit
from foundation import jobs
from gateway import reconcile, retention, rollups

log = structlog.get_logger(__name__)


class BooksAreWrong(Exception):
    """An invariant does not hold: an operator has to look."""


@shared_task
@jobs.scheduled("audit ledger", every_seconds=24 * 3600)
def audit_ledger() -> str:
    """Recompute every invariant of the money."""
    found = audit.run(more=reconcile.CHECKS)
    for finding in found:
        log.error("the books are wrong", invariant=finding.invariant, subject=finding.subject, detail=finding.detail)
    if found:
        raise BooksAreWrong(f"{len(found)} findings, the first: {found[0].invariant} {found[0].subject}: {found[0].detail}")
    return "no findings"


@shared_task
@jobs.scheduled("make usage partitions", every_seconds=24 * 3600)
def make_partitions() -> int:
    """Keep a year of months ahead."""
    return len(retention.make_months())


@shared_task
@jobs.scheduled("sum usage", every_seconds=20)
def roll_up_usage() -> int:
    """Bring the sums by hour and day up to date."""
    return rollups.roll_up()


@shared_task
@jobs.scheduled("forget old usage", every_seconds=24 * 3600)
def forget_old_usage() -> str:
    """Drop the months and delete the rows whose time is over."""
    return str(retention.sweep(now=timezone.now()))
