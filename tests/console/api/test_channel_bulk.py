"""Many channels by one call: added by their keys, changed, checked; all or none, and nobody else's."""

from __future__ import annotations

import json

import pytest

from accounts.models import AuditEvent, Membership
from channels_app import channels, rounds
from channels_app.models import Channel
from foundation import jobs
from foundation.models import Job
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db
SECRET = "sk-a-secret-of-many-0001"


def test_channels_are_added_all_or_none(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    lines = [{"name": "one", "key": SECRET}, {"name": "two", "key": "sk-a-secret-of-many-0002", "base_url": "https://two.example/v1"}]
    body = {"provider": "openai", "models": {"gpt-4o": "gpt-4o"}, "priority": 3, "rpm": 60, "tags": ["fair"]}
    status, told = call("POST", "channels/create-many/", {**body, "channels": lines})
    assert (status, [(one["name"], one["priority"], one["rpm"], one["base_url"]) for one in told["channels"]]) == (
        201, [("one", 3, 60, ""), ("two", 3, 60, "https://two.example/v1")],
    )  # fmt: skip
    assert [row.tenant for row in Channel.objects.all()] == [reseller_owner.tenant] * 2
    assert SECRET not in json.dumps([told, call("GET", "channels/"), *AuditEvent.objects.values("before", "after")])
    status, refused = call("POST", "channels/create-many/", {**body, "channels": [{"name": "three", "key": "x"}, lines[0]]})
    assert (status, list(refused["error"]["fields"]), Channel.objects.count()) == (409, ["channels.1.name"], 2)
    assert SECRET not in json.dumps(refused)
    type(reseller_owner.tenant).objects.filter(pk=reseller_owner.tenant_id).update(may_bring_channels=False)
    assert call("POST", "channels/create-many/", {**body, "channels": [{"name": "four", "key": "x"}]})[0] == 403


def test_channels_are_changed_and_checked_together(reseller_owner: Membership, stranger: Membership, end_user: Membership) -> None:
    mine = [channels.add(name=name, provider="demo", tenant=reseller_owner.tenant, priority=1, tags=["old"]) for name in ("a", "b")]
    theirs = channels.add(name="c", provider="demo", tenant=stranger.tenant)
    numbers, call = [row.pk for row in mine], program(reseller_owner)
    body = {"channels": numbers, "priority": 9, "groups": ["vip"], "daily_cost_micros": 5_000_000}
    assert call("POST", "channels/change-many/", body) == (200, {"channels": 2})
    kept = Channel.objects.filter(pk__in=numbers).values_list("priority", "groups", "tags", "daily_cost_micros")
    assert list(kept) == [(9, ["vip"], ["old"], 5_000_000)] * 2
    assert AuditEvent.objects.filter(action="channel.change").count() == 2
    status, asked = call("POST", "channels/check-many/", {"channels": numbers})
    assert (status, asked["state"], asked["done"], asked["total"], asked["outcomes"]) == (202, "waiting", 0, 2, [])
    assert Job.objects.get().arguments == {"channels": sorted(numbers)}
    path = f"channel-checks/{asked['id']}/"
    assert program(stranger, host="elsewhere.test")("GET", path)[0] == 404
    rounds.run(Job.objects.get())
    told = call("GET", path)[1]
    assert (told["state"], told["done"], [one["channel"] for one in told["outcomes"]]) == ("done", 2, sorted(numbers))
    assert all(one["outcome"].endswith(" ms") for one in told["outcomes"])
    jobs.start(kind="import", scope_id=reseller_owner.tenant.pk)
    assert [one["id"] for one in call("GET", "channel-checks/?state=done")[1]["results"]] == [asked["id"]]
    assert len(call("GET", "channel-checks/")[1]["results"]) == 1
    for act in ("change-many", "check-many"):
        assert call("POST", f"channels/{act}/", {"channels": [*numbers, theirs.pk], "priority": 1})[0] == 404
        assert program(end_user)("POST", f"channels/{act}/", {"channels": numbers})[0] == 404
    assert Channel.objects.get(pk=numbers[0]).priority == 9
