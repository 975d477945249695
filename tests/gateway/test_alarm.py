"""An alarm breaks off what is inside, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from gateway.alarm import Alarm


async def broken_off() -> None:
    alarm = Alarm()
    with alarm:
        alarm.ring(after_seconds=0.0)
        await asyncio.sleep(60)


async def failing() -> None:
    alarm = Alarm()
    with alarm:
        alarm.ring(after_seconds=60.0)
        raise KeyError


async def test_what_is_inside_is_broken_off_and_the_task_lives_on() -> None:
    with pytest.raises(TimeoutError):
        await broken_off()
    await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_an_alarm_that_nobody_rings_or_that_comes_too_late_does_nothing() -> None:
    alarm = Alarm()
    with alarm:
        await asyncio.sleep(0)
    alarm.ring(after_seconds=0.0)
    early = Alarm()
    with early:
        early.ring(after_seconds=0.001)
    await asyncio.sleep(0.01)


async def test_other_errors_and_other_cancellations_pass() -> None:
    with pytest.raises(KeyError):
        await failing()

    task = asyncio.create_task(broken_off())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
