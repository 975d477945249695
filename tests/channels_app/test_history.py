"""The timeline of checks, and the months it lies in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.models import Tenant
from channels_app import channels, history
from channels_app.models import Channel, CheckRun
from foundation.ids import uuid7

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def channel(root_tenant: Tenant) -> Channel:
    return channels.add(name="up", provider="demo")


def run(channel: Channel, at: datetime, *, ok: bool = True) -> None:
    CheckRun.objects.create(id=uuid7(int(at.timestamp() * 1000)), channel=channel, kind="chat", ok=ok, latency_ms=5)


def test_the_timeline_says_how_the_channel_was_in_each_part(channel: Channel) -> None:
    hour = timedelta(hours=1)
    run(channel, NOW - timedelta(minutes=150))
    run(channel, NOW - timedelta(minutes=90), ok=False)
    run(channel, NOW - timedelta(minutes=80))
    run(channel, NOW - timedelta(minutes=1), ok=False)
    run(channel, NOW)  # begins the next part
    slots = history.timeline(channel.pk, until=NOW, slots=4, each=hour)
    assert [slot.state for slot in slots] == ["unknown", "ok", "mixed", "failed"]
    assert [slot.start for slot in slots] == [NOW - back * hour for back in (4, 3, 2, 1)]


def test_the_last_checks_come_newest_first(channel: Channel) -> None:
    for minutes in (3, 1, 2):
        run(channel, NOW - timedelta(minutes=minutes))
    assert [row.at for row in history.latest(channel.pk, limit=2)] == [NOW - timedelta(minutes=1), NOW - timedelta(minutes=2)]


def test_months_are_made_ahead_and_dropped_whole(channel: Channel) -> None:
    old = datetime(2020, 1, 15, tzinfo=UTC)
    history.keep(now=old)
    run(channel, old)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM channels_app_checkrun_2020_01")
        assert cursor.fetchone() == (1,)
    assert "13 dropped" in history.keep(now=datetime(2021, 6, 1, tzinfo=UTC))
    assert not CheckRun.objects.exists()
