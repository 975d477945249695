"""Long work with progress, and periodic tasks that claim their row before they run.

Several clocks (Celery beats) may tick: a run starts only if it wins a conditional UPDATE of its `ScheduledTask`
row, which then tells the back office when it ran, how long, and how it ended.
"""

from __future__ import annotations

import datetime
import functools
import time
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar, cast

import structlog
from django.db.models import F, Q
from django.utils import timezone

from foundation.models import Job, ScheduledTask

P = ParamSpec("P")
R = TypeVar("R")

# A run that never ended (killed) blocks the next one for this long: Celery's hard limit is 600 s.
STUCK_SECONDS = 660
# Clocks tick a little early or late; an exact comparison would skip every second run.
_SLACK = 0.1
_MOST_SLACK_SECONDS = 30.0
# A beat counts an interval from its own start: it asks for daily work this often, so that a restart does not put it off a day.
TICK_SECONDS = 600

log = structlog.get_logger(__name__)
_schedule: dict[str, int] = {}
_needed: dict[str, Callable[[], object]] = {}


def scheduled(name: str, every_seconds: int, *, is_needed: bool = False) -> Callable[[Callable[P, R]], Callable[P, R | None]]:
    """Make a Celery task body run at most once per interval, one run at a time, and record how it went.

    Goes below `@shared_task`; the beat picks the interval up by itself. Returns None when it was not due. What `is_needed` takes
    no arguments and is done without workers, too (`foundation.standby`).
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R | None]:
        _schedule[f"{function.__module__}.{function.__name__}"] = every_seconds
        if is_needed:
            _needed[name] = cast(Callable[[], object], function)

        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R | None:
            if not claim(name=name, every_seconds=every_seconds):
                return None
            return _recorded(name, functools.partial(function, *args, **kwargs))

        return run

    return decorate


def beat_schedule() -> dict[str, dict[str, object]]:
    """Return Celery's beat schedule of every task decorated so far."""
    ticks = {task: min(seconds, TICK_SECONDS) for task, seconds in _schedule.items()}
    return {task: {"task": task, "schedule": float(seconds), "options": {"expires": seconds}} for task, seconds in ticks.items()}


def needed() -> dict[str, Callable[[], object]]:
    """Return what cannot wait for workers of the tasks decorated so far, by the names of their rows."""
    return dict(_needed)


def stand_in(name: str, *, late_seconds: int, work: Callable[[], R]) -> R | None:
    """Do a task's work where its own clock is late by so much, as a run of its row; None where it is not, or is unknown."""
    row = ScheduledTask.objects.filter(name=name).first()
    if row is None or not claim(name=name, every_seconds=row.every_seconds, late_seconds=late_seconds):
        return None
    return _recorded(name, work)


def claim(*, name: str, every_seconds: int, late_seconds: int = 0) -> bool:
    """Take the row for one run; False when it is not due (for `late_seconds`), or still runs."""
    now = timezone.now()
    pause = datetime.timedelta(seconds=every_seconds - min(every_seconds * _SLACK, _MOST_SLACK_SECONDS) + late_seconds)
    ScheduledTask.objects.bulk_create([ScheduledTask(name=name, every_seconds=every_seconds)], ignore_conflicts=True)
    is_due = Q(started_at=None) | Q(started_at__lte=now - pause)
    is_idle = Q(started_at=None) | Q(finished_at__gte=F("started_at")) | Q(started_at__lte=now - datetime.timedelta(seconds=STUCK_SECONDS))
    row = ScheduledTask.objects.filter(is_due, is_idle, name=name)
    return row.update(started_at=now, every_seconds=every_seconds) == 1


def _recorded(name: str, work: Callable[[], R]) -> R:
    began = time.monotonic()
    try:
        result = work()
    except Exception as error:
        log.exception("scheduled task failed", task=name)
        _finish(name, began, error=f"{type(error).__name__}: {error}")
        raise
    _finish(name, began, result="" if result is None else str(result))
    return result


def _finish(name: str, began: float, *, result: str = "", error: str = "") -> None:
    ScheduledTask.objects.filter(name=name).update(
        finished_at=timezone.now(), duration_ms=int((time.monotonic() - began) * 1000), result=result[:300], error=error[:300]
    )


def start(*, kind: str, scope_id: int | None = None, total: int = 0, arguments: Mapping[str, object] | None = None) -> Job:
    """Write down long work that is to be done; the caller's door enqueues it."""
    return Job.objects.create(kind=kind, scope_id=scope_id, total=total, arguments=dict(arguments or {}))


def take(job: Job) -> bool:
    """Claim a waiting job for this worker; False when somebody else has it."""
    now = timezone.now()
    return Job.objects.filter(pk=job.pk, state=Job.State.WAITING).update(state=Job.State.RUNNING, started_at=now) == 1


def progress(job: Job, *, done: int, total: int | None = None) -> None:
    """Show how far a job is."""
    values = {"done": done} if total is None else {"done": done, "total": total}
    Job.objects.filter(pk=job.pk).update(**values)


def finish(job: Job, *, result: Mapping[str, object] | None = None, error: str = "") -> None:
    """End a job: failed when there is an error text."""
    state = Job.State.FAILED if error else Job.State.DONE
    Job.objects.filter(pk=job.pk).update(state=state, result=dict(result or {}), error=error[:300], finished_at=timezone.now())
