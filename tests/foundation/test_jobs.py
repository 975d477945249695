"""Scheduled tasks claim their row; jobs show progress."""

from __future__ import annotations

import datetime
import threading

import pytest
from django.db import connections
from django.utils import timezone

from foundation import jobs
from foundation.models import Job, ScheduledTask

pytestmark = pytest.mark.django_db


@jobs.scheduled("sweep", every_seconds=60)
def sweep() -> int:
    return 7


@jobs.scheduled("daily", every_seconds=86_400)
def daily() -> None: ...


@jobs.scheduled("fail", every_seconds=60)
def fail() -> int:
    raise ValueError("no luck")


def _age(name: str, seconds: float) -> None:
    moment = timezone.now() - datetime.timedelta(seconds=seconds)
    ScheduledTask.objects.filter(name=name).update(started_at=moment, finished_at=moment)


def test_a_task_runs_once_per_interval() -> None:
    assert sweep() == 7
    assert sweep() is None
    _age("sweep", 60)
    assert sweep() == 7


def test_a_run_leaves_its_result_and_duration() -> None:
    sweep()
    row = ScheduledTask.objects.get(name="sweep")
    assert (row.result, row.error, row.every_seconds) == ("7", "", 60)
    assert row.finished_at is not None
    assert row.duration_ms is not None


def test_a_failure_is_recorded_and_raised() -> None:
    with pytest.raises(ValueError, match="no luck"):
        fail()
    assert ScheduledTask.objects.get(name="fail").error == "ValueError: no luck"


def test_a_run_that_has_not_ended_keeps_the_next_one_out_until_it_must_be_dead() -> None:
    assert jobs.claim(name="long", every_seconds=1)
    ScheduledTask.objects.update(started_at=timezone.now() - datetime.timedelta(seconds=30))
    assert not jobs.claim(name="long", every_seconds=1)
    ScheduledTask.objects.update(started_at=timezone.now() - datetime.timedelta(seconds=jobs.STUCK_SECONDS))
    assert jobs.claim(name="long", every_seconds=1)


@pytest.mark.django_db(transaction=True)
def test_of_many_clocks_one_wins() -> None:
    start = threading.Barrier(8)
    wins: list[bool] = []

    def tick() -> None:
        start.wait()
        wins.append(jobs.claim(name="tick", every_seconds=60))
        connections.close_all()

    threads = [threading.Thread(target=tick) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wins) == [False] * 7 + [True]


def test_the_beat_learns_the_interval_from_the_decorator() -> None:
    name = f"{__name__}.sweep"
    assert jobs.beat_schedule()[name] == {"task": name, "schedule": 60.0, "options": {"expires": 60}}


def test_daily_work_is_asked_for_often_and_done_daily() -> None:
    name = f"{__name__}.daily"
    assert jobs.beat_schedule()[name] == {"task": name, "schedule": 600.0, "options": {"expires": 600}}
    assert jobs.claim(name="daily", every_seconds=86_400)
    task = ScheduledTask.objects.filter(name="daily")
    now = timezone.now()
    for seconds, is_due in ((86_400 - 31, False), (86_400 - 30, True)):
        task.update(started_at=now - datetime.timedelta(seconds=seconds), finished_at=now)
        assert jobs.claim(name="daily", every_seconds=86_400) is is_due


def test_a_job_is_taken_once_and_shows_how_far_it_is() -> None:
    job = jobs.start(kind="mint", scope_id=3, total=200)
    assert (jobs.take(job), jobs.take(job)) == (True, False)
    jobs.progress(job, done=50)
    job.refresh_from_db()
    assert (job.state, job.percent) == ("running", 25)
    jobs.finish(job, result={"codes": 200})
    assert Job.objects.get().percent == 100


def test_a_failed_job_says_why() -> None:
    job = jobs.start(kind="mint")
    jobs.finish(job, error="no money")
    job.refresh_from_db()
    assert (job.state, job.error, job.percent) == ("failed", "no money", 0)
