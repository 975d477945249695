"""Channels over the API: added by their vendor's own fields, changed, switched, asked; secrets go in and never come out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import AuditEvent, Membership, Tenant
from channels_app import channels
from channels_app.models import Channel, ChannelKey
from channels_app.selectors import KEY_CONTEXT
from foundation import vault
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db
SECRET = "sk-very-secret-key-1234"
NEW: dict[str, Any] = {
    "name": "main",
    "provider": "openai",
    "base_url": "https://93.184.216.34/v1",
    "key": SECRET,
    "models": {"gpt-x": "gpt-x-2"},
}


def keys_of(row: Channel) -> list[str]:
    return [vault.unseal(key.sealed, context=KEY_CONTEXT) for key in row.keys.order_by("pk")]


def test_a_channel_is_added_changed_and_switched(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    status, made = call("POST", "channels/", {**NEW, "priority": 5, "rpm": 60, "low_balance": "5.5"}, idempotency_key="c")
    row = Channel.objects.get()
    assert (status, made["id"], made["models"], made["rpm"], made["low_balance"]) == (201, row.pk, {"gpt-x": "gpt-x-2"}, 60, "5.5000")
    assert (keys_of(row), row.tenant_id, row.priority) == ([SECRET], reseller_owner.tenant_id, 5)
    path = f"channels/{row.pk}/"
    status, told = call("PATCH", path, {"models": {"gpt-y": "gpt-y"}, "weight": 3})
    assert (status, told["models"], told["weight"], keys_of(row)) == (200, {"gpt-y": "gpt-y"}, 3, [SECRET])
    call("PATCH", path, {"key": "sk-another-secret-5678"})
    assert keys_of(row) == ["sk-another-secret-5678"]
    assert [call("POST", f"{path}{act}/")[1]["state"] for act in ("disable", "enable")] == ["disabled", "enabled"]
    status, copied = call("POST", f"{path}copy/")
    assert (status, copied["name"], copied["state"]) == (201, "main (2)", "disabled")
    drilled = call("POST", f"{path}drill/", {"fault": "dead", "percent": 50, "minutes": 5})[1]
    assert (drilled["fault"], drilled["fault_percent"]) == ("dead", 50)
    assert call("POST", f"{path}drill/", {"fault": ""})[1]["fault_until"] is None
    assert call("DELETE", path)[0] == 405
    assert [one["name"] for one in call("GET", "channels/?state=disabled")[1]["results"]] == ["main (2)"]


def test_no_secret_comes_out(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    proxy = "http://user:proxy-secret@93.184.216.34:3128"
    made = call("POST", "channels/", {**NEW, "options": {"proxy": proxy}})
    row = Channel.objects.get()
    call("POST", f"channels/{row.pk}/keys/", {"key": "sk-second-secret-9999"})
    call("PATCH", f"channels/{row.pk}/", {"key": "sk-third-secret-0000"})
    trail = list(AuditEvent.objects.values("action", "before", "after"))
    said = json.dumps([made, call("GET", "channels/"), call("GET", f"channels/{row.pk}/keys/"), call("GET", "channel-keys/"), trail])
    assert row.options == {"proxy": proxy}
    assert not [secret for secret in (SECRET, "second-secret", "third-secret", "proxy-secret", "sealed") if secret in said]


def test_keys_of_a_pool_are_added_put_aside_and_forgotten(reseller_owner: Membership) -> None:
    row = channels.add(name="pool", provider="openai", models=["m"], key=SECRET, tenant=reseller_owner.tenant)
    call = program(reseller_owner)
    status, added = call("POST", f"channels/{row.pk}/keys/", {"key": "sk-second-secret-9999", "weight": 4})
    assert (status, added["shown"], added["weight"], len(keys_of(row))) == (201, "…9999", 4, 2)
    assert call("PATCH", f"channel-keys/{added['id']}/", {"state": "disabled"})[1]["state"] == "disabled"
    assert call("PATCH", f"channel-keys/{added['id']}/", {"state": "active", "weight": 2})[1]["weight"] == 2
    assert call("DELETE", f"channel-keys/{added['id']}/") == (204, None)
    assert keys_of(row) == [SECRET]
    assert {one.action for one in AuditEvent.objects.all()} == {"channel.keys", "channelkey.change", "channelkey.delete"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"key": ""}, ""),
        ({"name": "taken"}, "name"),
        ({"options": {"moon": "x"}}, "options"),
        ({"options": {"total_seconds": "soon"}}, "options.total_seconds"),
        ({"models": {}}, "models"),
    ],
)
def test_what_cannot_work_is_refused_and_leaves_nothing(reseller_owner: Membership, body: dict[str, Any], field: str) -> None:
    channels.add(name="taken", provider="demo", tenant=reseller_owner.tenant)
    status, told = program(reseller_owner)("POST", "channels/", {**NEW, **body})
    assert (status, list(told["error"]["fields"]), Channel.objects.count()) == (409, [field] if field else [], 1)


def test_a_test_asks_the_upstream_and_says_how_it_went(reseller_owner: Membership) -> None:
    row = channels.add(name="demo", provider="demo", tenant=reseller_owner.tenant)
    status, told = program(reseller_owner)("POST", f"channels/{row.pk}/test/", idempotency_key="t")
    assert (status, told["ok"], told["failure"]) == (200, True, "")
    assert program(reseller_owner)("GET", f"channels/{row.pk}/")[1]["last_check"]["state"] == "ok"
    assert program(reseller_owner)("POST", f"channels/{row.pk}/balance/")[1]["error"]["code"] == "refused"


def test_vendors_say_what_their_channels_are_made_of(reseller_owner: Membership) -> None:
    vendors = {one["slug"]: one for one in program(reseller_owner)("GET", "channel-vendors/")[1]}
    assert vendors["openai"]["needs_key"] is True
    assert "demo" in vendors


def test_strangers_find_nothing_and_some_rights_are_the_platforms(
    reseller_owner: Membership, stranger: Membership, platform_admin: Membership
) -> None:
    row = channels.add(name="theirs", provider="openai", models=["m"], key=SECRET, tenant=stranger.tenant)
    ours = channels.add(name="platform", provider="demo", tenant=platform_admin.tenant)
    call, key = program(reseller_owner), row.keys.get().pk
    assert (call("GET", "channels/")[1]["results"], call("GET", "channel-keys/")[1]["results"]) == ([], [])
    acts = ("enable", "disable", "copy", "drill", "keys", "test", "upstream-models", "balance")
    assert {call("POST", f"channels/{row.pk}/{act}/", {})[0] for act in acts} == {404}
    tries = [("PATCH", f"channels/{row.pk}/"), ("GET", f"channels/{ours.pk}/"), ("GET", f"channels/{row.pk}/keys/")]
    tries += [("PATCH", f"channel-keys/{key}/"), ("DELETE", f"channel-keys/{key}/")]
    assert [call(method, path, {})[0] for method, path in tries] == [404] * 5
    assert call("POST", "channels/", {**NEW, "allow_private": True})[0] == 403
    Tenant.objects.filter(pk=reseller_owner.tenant_id).update(may_bring_channels=False)
    assert program(reseller_owner)("POST", "channels/", NEW)[0] == 403
    assert ChannelKey.objects.count() == 2
