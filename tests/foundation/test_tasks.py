"""Celery's doors: the sweeper, and the beat's schedule."""

from __future__ import annotations

import pytest
from celery import current_app

from foundation import notify, outbox, tasks
from foundation.models import OutboxMessage, ScheduledTask

pytestmark = pytest.mark.django_db


def test_the_sweeper_delivers_and_leaves_its_run() -> None:
    notify.http(url="http://127.0.0.1/", payload={})
    assert tasks.sweep_outbox() == 0
    assert OutboxMessage.objects.get().attempts == 1
    assert ScheduledTask.objects.get(name="deliver outbox").result == "0"


def test_the_hurrying_task_has_the_name_that_the_outbox_calls() -> None:
    assert tasks.deliver_outbox.name == outbox.SWEEPER
    assert tasks.deliver_outbox() == 0


def test_old_messages_are_purged() -> None:
    assert tasks.purge_outbox() == 0
    assert ScheduledTask.objects.get(name="purge outbox").every_seconds == 86400


def test_the_beat_knows_every_periodic_task() -> None:
    current_app.loader.import_default_modules()
    entry = current_app.conf.beat_schedule["foundation.tasks.sweep_outbox"]
    assert (entry["task"], entry["schedule"]) == ("foundation.tasks.sweep_outbox", 5.0)
