"""Deliver the outbox, and do what else cannot wait, while no worker does: a Redis that is away, or says nothing, tells none to.

Runs beside other work of a process that needs no Redis. It takes the tasks' own rows, and messages are claimed one by one:
a worker that comes back meets nothing that is done already.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from celery import current_app
from django.db import connections

from foundation import jobs, outbox
from foundation.tasks import SWEEP

LOOK_SECONDS = 5.0
# The sweeper's clock ticks every five seconds; a worker that is busy is not yet one that is gone.
LATE_SECONDS = 30
_TICK_SECONDS = 0.5

log = structlog.get_logger(__name__)


def begin(is_stopping: Callable[[], bool]) -> threading.Thread:
    """Look after the outbox in a thread until told to stop; a process that ends does not wait for it long."""
    thread = threading.Thread(target=_run, args=(is_stopping,), name="standby", daemon=True)
    thread.start()
    return thread


def look(is_stopping: Callable[[], bool] = bool) -> int | None:
    """Deliver what is due if no worker did for `LATE_SECONDS`; return how many were delivered, None where there was no need.

    Then do the tasks that are needed and as late.
    """
    delivered = jobs.stand_in(SWEEP, late_seconds=LATE_SECONDS, work=lambda: _drain(is_stopping))
    if delivered is not None:
        for name, work in jobs.needed().items():
            if not is_stopping():
                _do(name, work)
    return delivered


def _drain(is_stopping: Callable[[], bool]) -> int:
    # What messages ask for is written in the rooms' tasks: known to workers from the start, here only once there is need.
    current_app.loader.import_default_modules()
    log.warning("no worker is at work: this process does what cannot wait")
    found = 0
    while not is_stopping() and (delivered := outbox.deliver()):
        found += delivered
    return found


def _do(name: str, work: Callable[[], object]) -> None:
    """Do one task where no worker did; one that fails keeps no other from being done."""
    try:
        jobs.stand_in(name, late_seconds=LATE_SECONDS, work=work)
    except Exception as error:  # its own run tells what failed
        log.warning("a needed task failed", task=name, error=type(error).__name__)


def _run(is_stopping: Callable[[], bool]) -> None:
    # After a start the workers, which start as well, have as long as ever.
    due = time.monotonic() + LATE_SECONDS
    while not is_stopping():
        time.sleep(_TICK_SECONDS)
        if time.monotonic() < due:
            continue
        due = time.monotonic() + LOOK_SECONDS
        try:
            look(is_stopping)
        except Exception as error:  # a database that is away, too: it is asked again
            log.warning("the outbox could not be looked after", error=type(error).__name__)
        finally:
            connections.close_all()
