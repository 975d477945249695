"""Messages leave without a worker, at most once, and only while none delivers them."""

from __future__ import annotations

import datetime
import threading
import time
import uuid

import pytest
from django.db import connections
from django.utils import timezone

from foundation import jobs, outbox, standby
from foundation.models import OutboxMessage, ScheduledTask
from foundation.tasks import SWEEP, sweep_outbox

pytestmark = pytest.mark.django_db
delivered: list[uuid.UUID] = []


@pytest.fixture(autouse=True)
def topic(monkeypatch: pytest.MonkeyPatch) -> None:
    delivered.clear()
    monkeypatch.setattr(outbox, "_handlers", {"count": lambda message_id, payload: delivered.append(message_id)})


def ran(seconds: float) -> None:
    """The sweeper ran so long ago."""
    moment = timezone.now() - datetime.timedelta(seconds=seconds)
    ScheduledTask.objects.update_or_create(name=SWEEP, defaults={"every_seconds": 5, "started_at": moment, "finished_at": moment})


def test_it_delivers_once_nobody_did_for_half_a_minute() -> None:
    outbox.put(topic="count", payload={})
    assert standby.look() is None
    ran(30)
    assert standby.look() is None
    assert delivered == []
    ran(36)
    assert standby.look() == 1
    assert len(delivered) == 1
    assert (ScheduledTask.objects.get().result, ScheduledTask.objects.get().every_seconds) == ("1", 5)
    # And a worker that comes back goes on as ever.
    outbox.put(topic="count", payload={})
    assert standby.look() is None
    ran(6)
    assert sweep_outbox() == 1


def test_a_worker_in_the_middle_of_it_is_left_alone() -> None:
    ran(100)
    ScheduledTask.objects.update(finished_at=None)
    assert standby.look() is None
    ScheduledTask.objects.update(started_at=timezone.now() - datetime.timedelta(seconds=jobs.STUCK_SECONDS + 1))
    assert standby.look() == 0


def test_it_delivers_all_that_waits_until_it_is_told_to_stop() -> None:
    for _ in range(250):
        outbox.put(topic="count", payload={})
    ran(60)
    assert standby.look(lambda: len(delivered) >= 100) == 100
    ran(60)
    assert standby.look() == 150


@pytest.mark.django_db(transaction=True)
def test_with_workers_beside_it_each_message_goes_out_once() -> None:
    ran(60)
    for _ in range(60):
        outbox.put(topic="count", payload={})

    def work(look: bool) -> None:
        try:
            standby.look() if look else outbox.deliver(limit=7)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number % 2 == 0,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.deliver()
    assert len(delivered) == len(set(delivered)) == 60
    assert not OutboxMessage.objects.filter(attempts__gt=1).exists()


def test_what_is_needed_is_done_too_once_it_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def failing() -> None:
        done.append("failing")
        raise ValueError("no")

    monkeypatch.setattr(jobs, "_needed", {"broken": failing, "sweep": lambda: done.append("sweep"), "fresh": lambda: done.append("fresh")})
    now = timezone.now()
    for name, ago in (("broken", 70), ("sweep", 70), ("fresh", 40)):
        moment = now - datetime.timedelta(seconds=ago)
        ScheduledTask.objects.create(name=name, every_seconds=30, started_at=moment, finished_at=moment)
    ran(30)
    standby.look()
    assert done == []
    ran(36)
    standby.look()
    assert done == ["failing", "sweep"]
    assert ScheduledTask.objects.get(name="broken").error == "ValueError: no"
    ran(36)
    standby.look()
    assert done == ["failing", "sweep"]


def test_the_thread_ends_when_it_is_told_to() -> None:
    told: list[int] = []
    began = time.monotonic()
    thread = standby.begin(lambda: bool(told))
    told.append(1)
    thread.join(5)
    assert not thread.is_alive()
    assert time.monotonic() - began < 5
