"""Celery's doors of the health check."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Tenant
from channels_app import channels, tasks
from channels_app.models import ChannelCheck
from foundation.models import ScheduledTask

pytestmark = pytest.mark.django_db


def test_checks_are_spread_over_the_interval(root_tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [channels.add(name=f"up {number}", provider="demo").pk for number in range(4)]
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.check_channel, "apply_async", lambda **options: sent.append(options))
    assert tasks.check_channels() == "4 channels"
    assert [(options["args"], options["countdown"]) for options in sent] == list(
        zip([(pk,) for pk in made], [0, 60, 120, 180], strict=True)
    )
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
