"""Enqueueing: a hint that never holds its caller up."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings as current
from pytest_django import Settings
from redis import Redis

from foundation import queue
from tests.doubles.silent import SilentServer

TASK = "foundation.tasks.deliver_outbox"


@pytest.fixture
def silent_broker(settings: Settings) -> Generator[None, None, None]:
    """A broker that takes connections and says nothing."""
    with tempfile.TemporaryDirectory() as folder, SilentServer(Path(folder)) as silent:
        settings.REDIS_URL = silent.url
        yield


@pytest.mark.redis
def test_a_task_waits_in_the_queue() -> None:
    with Redis.from_url(current.REDIS_URL) as client:
        client.delete("celery")
        assert queue.send(TASK, expires=60)
        assert client.llen("celery") == 1
        client.delete("celery")


def test_a_silent_broker_holds_nobody_up(silent_broker: None) -> None:
    began = time.monotonic()
    assert not queue.send(TASK, expires=60)
    assert time.monotonic() - began < 1.0

    began = time.monotonic()
    assert [queue.send(TASK, expires=60) for _ in range(100)] == [False] * 100
    assert time.monotonic() - began < 1.0


def test_a_broker_that_falls_silent_later_is_given_up_in_seconds() -> None:
    assert current_app.conf.broker_transport_options["socket_timeout"] <= 5.0
    assert current_app.conf.broker_transport_options["socket_connect_timeout"] <= 5.0
