"""Rounds of checks: a job with progress, done once."""

from __future__ import annotations

import pytest

from accounts.models import Tenant
from channels_app import channels, rounds
from foundation import queue
from foundation.models import Job

pytestmark = pytest.mark.django_db


def test_a_round_checks_its_channels_and_shows_what_came_of_it(root_tenant: Tenant) -> None:
    one = channels.add(name="one", provider="demo", options={"delay_ms": "0"})
    two = channels.add(name="two", provider="openai", base_url="http://127.0.0.1:1", key="sk-1")
    job = rounds.ask_for(channels=[two.pk, one.pk, 404], scope_id=root_tenant.pk)
    assert (job.total, job.arguments) == (3, {"channels": sorted([one.pk, two.pk, 404])})
    assert rounds.run(job) == "3 channels"
    job = Job.objects.get()
    assert (job.state, job.done, job.percent) == ("done", 3, 100)
    assert job.result[str(one.pk)].endswith(" ms")
    assert (job.result[str(two.pk)], job.result["404"]) == ("upstream", "gone")


def test_a_round_is_taken_once(root_tenant: Tenant) -> None:
    job = rounds.ask_for(channels=[], scope_id=None)
    assert (rounds.run(job), rounds.run(job)) == ("0 channels", "taken")


def test_a_fresh_round_is_left_to_its_message(root_tenant: Tenant) -> None:
    rounds.ask_for(channels=[], scope_id=None)
    assert rounds.waiting() == []


@pytest.mark.django_db(transaction=True)
def test_a_changed_channel_is_checked_soon(root_tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(queue, "send", lambda task, *args, **_: sent.append((task, args)))
    made = channels.add(name="one", provider="demo")
    rounds.after_change(made)
    assert sent == [("channels_app.tasks.check_channel", (made.pk,))]
