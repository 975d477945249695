"""Celery's application; tasks are found in each room's tasks.py, periodic ones bring their interval."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_init, import_modules, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("keyosk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


# Connected after autodiscover_tasks, so that the rooms' tasks are imported by then.
@import_modules.connect(sender=app)
def collect_schedule(**_: Any) -> None:
    """Give the beat the interval of every task that is decorated with `foundation.jobs.scheduled`."""
    from foundation import jobs  # noqa: PLC0415  # models: not before Django's apps are ready

    app.conf.beat_schedule = {**app.conf.beat_schedule, **jobs.beat_schedule()}


@worker_ready.connect
@beat_init.connect
def say_ready(**_: Any) -> None:
    """Tell the supervisor, whatever the log level and format are."""
    sys.stderr.write("keyosk: ready\n")
    sys.stderr.flush()
