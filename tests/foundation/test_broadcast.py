"""What one process tells all hear; with a silent Redis nothing is told, and nobody waits for it twice."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from django.conf import settings
from structlog.testing import capture_logs

from foundation import broadcast
from tests.doubles.silent import SilentServer

CHANNEL = "keyosk:test"


@pytest.fixture
def silent() -> Generator[str, None, None]:
    """The address of a Redis that says nothing."""
    with tempfile.TemporaryDirectory() as folder, SilentServer(Path(folder)) as server:
        yield server.url


@pytest.mark.redis
async def test_what_is_told_is_heard() -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    listening = asyncio.create_task(broadcast.hear(CHANNEL, heard.put_nowait, url=settings.REDIS_URL))
    async with asyncio.timeout(20):
        while heard.empty():  # the subscription takes a moment
            assert broadcast.tell(CHANNEL, "news", url=settings.REDIS_URL)
            await asyncio.sleep(0.02)
    assert heard.get_nowait() == b"news"
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


def test_a_silent_redis_is_waited_for_once(silent: str) -> None:
    began = time.monotonic()
    assert [broadcast.tell(CHANNEL, "news", url=silent) for _ in range(100)] == [False] * 100
    assert time.monotonic() - began < 1.0


async def test_who_listens_to_a_silent_redis_ends_when_told(silent: str) -> None:
    listening = []
    for _ in range(60):
        listening.append(asyncio.create_task(broadcast.hear(CHANNEL, print, url=silent)))
        await asyncio.sleep(0.02)
    for task in listening:
        task.cancel()
    _, left = await asyncio.wait(listening, timeout=10)
    for task in left:  # a second time, or this test would never end
        task.cancel()
    assert not left


async def test_who_cannot_hear_tries_again_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "_RECONNECT_SECONDS", 0.0)
    with capture_logs() as log:
        listening = asyncio.create_task(broadcast.hear(CHANNEL, print, url="unix:///nowhere/redis.sock"))
        await asyncio.sleep(0.3)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert [line["event"] for line in log] == ["other processes cannot be heard"]
