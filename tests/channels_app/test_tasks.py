"""Celery's doors of the health check."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Tenant
from channels_app import channels, rounds, tasks
from channels_app.models import ChannelCheck
from foundation.models import Job, ScheduledTask

pytestmark = pytest.mark.django_db


def test_checks_are_spread_over_the_interval(root_tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [channels.add(name=f"up {number}", provider="demo").pk for number in range(4)]
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.check_channel, "apply_async", lambda **options: sent.append(options))
    assert tasks.check_channels() == "4 channels"
    assert [options["args"] for options in sent] == [(pk,) for pk in made]
    for options, begins in zip(sent, [0, 6, 12, 18], strict=True):
        assert begins <= options["countdown"] <= begins + 5  # jittered, so that many installations do not ask at once
    assert ScheduledTask.objects.get().result == "4 channels"


def test_a_second_clock_sends_nothing_out(root_tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.check_channel, "apply_async", lambda **_: None)
    assert (tasks.check_channels(), tasks.check_channels()) == ("0 channels", None)


def test_one_check_records_its_result(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="demo")
    assert tasks.check_channel(made.pk) == "ok"
    assert ChannelCheck.objects.get().channel_id == made.pk


def test_a_channel_deleted_meanwhile_is_no_error(root_tenant: Tenant) -> None:
    assert tasks.check_channel(404) == "gone"
    assert tasks.ask_balance(404) == "gone"
    assert tasks.ask_model_list(404) == "gone"


def test_a_channel_that_is_being_checked_is_left_to_that_check(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="demo")
    ChannelCheck.objects.create(channel=made, started_at=timezone.now())
    assert tasks.check_channel(made.pk) == "not now"


def test_vendors_without_a_balance_are_not_asked(root_tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.ask_balance, "apply_async", lambda **_: None)
    made = channels.add(name="up", provider="demo")
    assert tasks.ask_balances() == "0 channels, 0 readings forgotten"
    assert tasks.ask_balance(made.pk) == "gone"
    assert tasks.ask_model_list(made.pk) == "1 models"


def test_the_history_is_kept_in_bounds(root_tenant: Tenant) -> None:
    assert tasks.keep_history() == "0 months made, 0 dropped, 0 counts forgotten"


def test_a_round_that_lost_its_message_is_sent_out_again(root_tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(tasks.check_channel, "apply_async", lambda **_: None)
    monkeypatch.setattr(tasks.check_round, "apply_async", lambda **options: sent.append(options["args"]))
    made = channels.add(name="up", provider="demo")
    job = rounds.ask_for(channels=[made.pk], scope_id=None)
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    tasks.check_channels()
    assert sent == [(str(job.pk),)]
    assert tasks.check_round(str(job.pk)) == "1 channels"
    assert tasks.check_round(str(job.pk)) == "taken"
