"""Celery's doors to usage: the nightly audit, the months ahead and behind, the sums by hour and day, promotions by spending."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from billing import audit_runs
from foundation import jobs
from gateway import promotions, reconcile, retention, rollups

log = structlog.get_logger(__name__)


class BooksAreWrong(Exception):
    """An invariant does not hold: an operator has to look."""


@shared_task
@jobs.scheduled("audit ledger", every_seconds=24 * 3600)
def audit_ledger() -> str:
    """Recompute every invariant of the money and compare it with the world outside; the back office shows the result."""
    return _audit()


@shared_task
def audit_now() -> str:
    """Do the same because somebody asks."""
    return _audit()


def _audit() -> str:
    audit_runs.forget(now=timezone.now())
    run = reconcile.examine()
    wrong = list(run.findings.filter(is_notice=False).order_by("pk"))
    for finding in wrong:
        log.error("the books are wrong", invariant=finding.check_name, subject=finding.subject, detail=finding.detail)
    if wrong:
        raise BooksAreWrong(f"{len(wrong)} findings, the first: {wrong[0].check_name} {wrong[0].subject}: {wrong[0].detail}")
    return f"no findings, {run.notices} notices"


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


@shared_task
@jobs.scheduled("promote customers", every_seconds=3600)
def promote_customers() -> str:
    """Put customers into the groups that they have reached by paying or using."""
    return f"{promotions.run(now=timezone.now())} customers"
