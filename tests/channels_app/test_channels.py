"""Setting channels up and switching them."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Tenant
from channels_app import channels
from channels_app.models import Channel, ChannelKey
from channels_app.selectors import KEY_CONTEXT
from foundation import vault

pytestmark = pytest.mark.django_db


def test_a_key_is_sealed_and_only_its_end_can_be_shown(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="openai", key="sk-upstream-secret-9876")
    row = made.keys.get()
    assert "secret" not in row.sealed
    assert (row.masked, str(row), vault.unseal(row.sealed, context=KEY_CONTEXT)) == ("…9876", "…9876", "sk-upstream-secret-9876")


def test_a_short_key_shows_nothing(root_tenant: Tenant) -> None:
    assert channels.add(name="up", provider="openai", key="short").keys.get().masked == "…"


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (["a", "b"], {"a": "a", "b": "b"}),
        ({"a": "up-a"}, {"a": "up-a"}),
        ([], {"demo-chat": "demo-chat"}),
    ],
)
def test_models_are_named_alike_or_apart_or_by_the_vendor(root_tenant: Tenant, models: Any, expected: dict[str, str]) -> None:
    made = channels.add(name="up", provider="demo", models=models)
    assert dict(made.models.values_list("name", "upstream_name")) == expected


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"provider": "nobody"}, channels.NoSuchProvider, "there is no provider nobody; known ones: .*demo.*, openai, "),
        ({"base_url": "up.test/v1"}, channels.BadAddress, "up.test/v1 is no http or https address"),
        ({"base_url": "ftp://up.test"}, channels.BadAddress, "ftp://up.test is no http or https address"),
        ({"provider": "azure"}, channels.Incomplete, "azure has no address of its own: type the base address of yours"),
        ({"options": {"override": "["}}, channels.BadOption, "override: The fields to set must be a JSON object."),
        (
            {"options": {"proxy": "x"}},
            channels.BadOption,
            "proxy: The proxy must be http://, socks4:// or socks5://",
        ),
        ({"key": ""}, channels.Incomplete, "the provider openai needs a key"),
        ({"name": "taken"}, channels.NameTaken, "there is a channel taken already"),
    ],
)
def test_what_cannot_work_is_refused_and_nothing_is_made(
    root_tenant: Tenant, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    channels.add(name="taken", provider="demo")
    with pytest.raises(error, match=message):
        channels.add(**{"name": "up", "provider": "openai", "key": "sk-1", **changes})
    assert (Channel.objects.count(), ChannelKey.objects.count()) == (1, 1)


def test_two_tenants_may_use_the_same_name(tenant: Tenant) -> None:
    channels.add(name="up", provider="demo")
    channels.add(name="up", provider="demo", tenant=tenant)
    assert Channel.objects.filter(name="up").count() == 2


def test_a_new_key_replaces_all_and_an_added_one_joins(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="openai", key="sk-first-secret1")
    channels.add_key(channel=made, key="sk-second-secret2", weight=3)
    assert sorted(made.keys.values_list("last4", "weight")) == [("ret1", 1), ("ret2", 3)]
    channels.set_key(channel=made, key="sk-third-secret3")
    assert list(made.keys.values_list("last4", flat=True)) == ["ret3"]


def test_a_person_switches_a_channel_off_and_on(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="demo")
    channels.disable(channel=made, reason="too dear")
    assert Channel.objects.values_list("state", "reason").get() == ("disabled", "too dear")
    channels.enable(channel=made)
    assert Channel.objects.values_list("state", "reason").get() == ("enabled", "")


def test_a_check_never_overrules_a_person(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="demo")
    channels.disable(channel=made)
    channels.auto_disable(channel=made, reason="x")
    channels.revive(channel=made)
    assert Channel.objects.get().state == Channel.State.DISABLED


def test_what_a_check_took_out_comes_back(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="demo")
    channels.auto_disable(channel=made, reason="bad_key: no")
    assert (made.state, made.reason) == ("auto_disabled", "bad_key: no")
    channels.revive(channel=made)
    assert (made.state, made.reason) == ("enabled", "")


def test_changes_are_announced_after_the_commit(
    root_tenant: Tenant, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("foundation.snapshots.announce", told.append)
    with django_capture_on_commit_callbacks(execute=True):
        channels.add(name="up", provider="demo")
        assert told == []
    assert told == ["channels"]


def test_a_retired_vendors_channel_waits_for_a_person() -> None:
    channel = channels.add(name="old", provider="zhipu_v3", key="id.secret", models=["chatglm_std"])
    assert (channel.state, channel.reason) == (Channel.State.DISABLED, "The vendor has retired this interface.")
    channels.enable(channel=channel)
    assert Channel.objects.get().state == Channel.State.ENABLED


def test_the_parts_of_a_key_are_told_by_name() -> None:
    spark = channels.add(name="spark", provider="spark", key="app|secret|key", base_url="wss://spark.test", models=["Spark-Lite"])
    assert channels.key_parts(spark) == {"app_id": "app", "api_secret": "secret", "api_key": "key"}
    assert channels.key_parts(channels.add(name="up", provider="openai", key="sk-1", models=["m"])) == {}
