"""Failures are summed up by channel, hour and kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Tenant
from channels_app import channels, tallies
from channels_app.models import Channel, FailureCount

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)


@pytest.fixture
def channel(root_tenant: Tenant) -> Channel:
    return channels.add(name="up", provider="demo")


def test_counts_of_an_hour_add_up(channel: Channel) -> None:
    tallies.add({(channel.pk, "upstream"): 2, (channel.pk, "rate_limited"): 5}, at=NOW)
    tallies.add({(channel.pk, "upstream"): 1}, at=NOW + timedelta(minutes=29))
    tallies.add({(channel.pk, "upstream"): 1}, at=NOW + timedelta(minutes=30))
    rows = FailureCount.objects.order_by("hour", "kind").values_list("hour__hour", "kind", "count")
    assert list(rows) == [(12, "rate_limited", 5), (12, "upstream", 3), (13, "upstream", 1)]
    assert tallies.kinds(channel_id=channel.pk, since=NOW - timedelta(hours=1)) == {"rate_limited": 5, "upstream": 4}


def test_a_channel_that_is_gone_counts_nothing(channel: Channel) -> None:
    tallies.add({(channel.pk + 1, "upstream"): 2}, at=NOW)
    assert not FailureCount.objects.exists()


def test_counts_are_forgotten_after_their_time(channel: Channel) -> None:
    tallies.add({(channel.pk, "upstream"): 2}, at=NOW)
    assert tallies.forget(now=NOW + timedelta(days=89)) == 0
    assert tallies.forget(now=NOW + timedelta(days=91)) == 1
