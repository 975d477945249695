"""How models are served, from the state of their channels and the checks of the last day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Tenant
from channels_app import channels, outlook
from channels_app.models import Channel, ChannelCheck, ChannelKey, CheckRun
from channels_app.outlook import Outlook
from foundation.ids import uuid7

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)


def check(channel: Channel, *, ok: bool, hours_ago: float = 0.5, first_ms: int = 100) -> None:
    at = NOW - timedelta(hours=hours_ago)
    CheckRun.objects.create(id=uuid7(int(at.timestamp() * 1000)), channel=channel, kind="chat", ok=ok, latency_ms=5)
    ChannelCheck.objects.update_or_create(channel=channel, defaults={"state": "ok" if ok else "failed", "first_ms": first_ms})


def of(tenant: Tenant, group: str = "default") -> dict[str, Outlook]:
    return {one.model: one for one in outlook.of_group(tenant_chain=(tenant.pk,), group=group, now=NOW)}


def test_the_best_channel_counts(root_tenant: Tenant) -> None:
    good = channels.add(name="good", provider="demo", models=["m"])
    bad = channels.add(name="bad", provider="demo", models=["m"])
    check(good, ok=True, hours_ago=1.5, first_ms=300)
    check(bad, ok=False, hours_ago=1.5, first_ms=1)
    check(bad, ok=False, hours_ago=3.5)
    found = of(root_tenant)["m"]
    assert (found.state, found.first_ms) == ("ok", 300)
    assert found.slots[-4:] == ("failed", "unknown", "ok", "unknown")
    assert len(found.slots) == outlook.SLOTS
    check(good, ok=False)
    assert (of(root_tenant)["m"].state, of(root_tenant)["m"].first_ms) == ("disturbed", None)


def test_a_channel_that_nobody_has_asked_yet_is_thought_to_answer(root_tenant: Tenant) -> None:
    check(channels.add(name="bad", provider="demo", models=["m"]), ok=False)
    channels.add(name="new", provider="demo", models=["m"])
    assert of(root_tenant)["m"].state == "ok"


def test_what_checks_took_out_is_out_and_what_staff_took_out_is_gone(root_tenant: Tenant) -> None:
    for name, state in (("tired", Channel.State.AUTO_DISABLED), ("closed", Channel.State.DISABLED)):
        row = channels.add(name=name, provider="demo", models=[name, f"{name}-*"])
        Channel.objects.filter(pk=row.pk).update(state=state)
    refused = channels.add(name="refused", provider="openai", models=["keyless"], key="sk-1")
    ChannelKey.objects.filter(channel=refused).update(state=ChannelKey.State.REFUSED)
    assert {name: one.state for name, one in of(root_tenant).items()} == {"keyless": "out", "tired": "out"}


def test_groups_and_tenants_see_what_serves_them(root_tenant: Tenant, tenant: Tenant) -> None:
    row = channels.add(name="vip", provider="demo", models=["m"], groups=["vip"])
    channels.add(name="theirs", provider="demo", models=["own"], tenant=tenant)
    assert list(of(root_tenant)) == []
    assert list(of(root_tenant, "vip")) == ["m"]
    Channel.objects.filter(pk=row.pk).update(state=Channel.State.AUTO_DISABLED)
    assert list(of(root_tenant)) == []
    assert of(root_tenant, "vip")["m"].state == "out"
