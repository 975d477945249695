"""Many channels from one form: all or none, the bad line by its number, and no key on any page or in the trail."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership, Tenant
from channels_app import channels, registry, selectors
from channels_app.models import Channel
from console.admin import channel_lines

pytestmark = pytest.mark.django_db

MANY = "/admin/channels_app/channel/add_many/"
COMMON = {"served": "m\nfast = up-2", "groups": "default,vip", "tags": "west", "priority": "5", "weight": "3"}
KEYS = ("sk-first-secret-0001", "sk-second-secret-0002")


def test_each_line_becomes_a_channel_with_what_all_have_in_common(operator: Client, root_tenant: Tenant) -> None:
    typed = f"one | {KEYS[0]}\n\n two | https://up.test/v1/ | {KEYS[1]} \n"
    answer = operator.post(f"{MANY}?provider=openai", {**COMMON, "lines": typed}, follow=True)
    found = list(Channel.objects.order_by("pk"))
    facts = [selectors.load_one(channel.pk) for channel in found]
    assert [(made.name, made.provider, made.base_url, made.tenant, made.state) for made in found] == [
        ("one", "openai", "", root_tenant, "enabled"),
        ("two", "openai", "https://up.test/v1", root_tenant, "enabled"),
    ]
    assert {(*made.groups, *made.tags, made.priority, made.weight) for made in found} == {("default", "vip", "west", 5, 3)}
    assert [dict(one.models) for one in facts] == [{"m": "m", "fast": "up-2"}] * 2
    assert [one.keys[0].secret.reveal() for one in facts] == list(KEYS)
    trail = list(AuditEvent.objects.order_by("pk"))
    assert [(event.action, event.target) for event in trail] == [("channel.add", f"channels_app.channel:{made.pk}") for made in found]
    assert not any(key in text for key in KEYS for text in (answer.content.decode(), str([event.after for event in trail])))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("three", "The key is missing."),
        ("three |", "The key is missing."),
        ("| sk-third-secret-0003", "A name has 1 to 80 characters."),
        ("three | sk-third-secret-0003 | https://up.test/v1", "The base URL is no http or https address."),
        ("three | ftp://up.test | sk-third-secret-0003", "The base URL is no http or https address."),
        ("three | https://[up | sk-third-secret-0003", "The base URL is no http or https address."),
        ("three | https://up.test | sk-third-secret-0003 | x", "Too many parts: write “name | key” or “name | base URL | key”."),
        ("one | sk-third-secret-0003", "There is a channel of this name already."),
        ("taken | sk-third-secret-0003", "There is a channel of this name already."),
    ],
)
def test_one_bad_line_is_named_and_nothing_is_added(operator: Client, root_tenant: Tenant, bad: str, reason: str) -> None:
    channels.add(name="taken", provider="demo")
    answer = operator.post(f"{MANY}?provider=openai", {**COMMON, "lines": f"one | {KEYS[0]}\n\n{bad}\ntwo | {KEYS[1]}"})
    assert answer.context["form"].errors == {"lines": [f"Line 3: {reason}"]}
    page = answer.content.decode()
    assert not any(key in page for key in (*KEYS, "sk-third-secret-0003"))
    assert ([made.name for made in Channel.objects.all()], AuditEvent.objects.count()) == (["taken"], 0)


def test_what_all_have_in_common_is_checked_too(operator: Client) -> None:
    answer = operator.post(f"{MANY}?provider=openai", {"lines": f"one | {KEYS[0]}", "groups": "", "priority": "x", "weight": "-1"})
    assert set(answer.context["form"].errors) == {"served", "groups", "priority", "weight"}
    assert KEYS[0] not in answer.content.decode()
    assert not Channel.objects.exists()


def test_a_key_of_several_parts_keeps_its_bars() -> None:
    vendor = registry.provider("spark")
    read = channel_lines.read("west | app|secret|key", number=1, vendor=vendor)
    assert (read.name, read.base_url, read.key) == ("west", "", "app|secret|key")
    read = channel_lines.read("west | wss://up.test/v1 | app|secret|key", number=1, vendor=vendor)
    assert (read.base_url, read.key) == ("wss://up.test/v1", "app|secret|key")
    with pytest.raises(channel_lines.BadLine, match="part of the key"):
        channel_lines.read("west | app||key", number=1, vendor=vendor)


def test_the_vendor_is_chosen_first(operator: Client) -> None:
    assert [vendor.slug for vendor in operator.get(MANY).context["vendors"]] == list(registry.providers())
    assert {"lines", "served", "groups", "tags", "option_organization"} <= set(
        operator.get(f"{MANY}?provider=openai").context["form"].fields
    )


def test_a_shop_adds_to_its_own_where_it_may(desk: Client, tenant: Tenant, reseller_owner: Membership) -> None:
    address = MANY.replace("/admin/", "/reseller/")
    fields = {**COMMON, "lines": f"one | {KEYS[0]}"}
    Tenant.objects.filter(pk=tenant.pk).update(may_bring_channels=False)
    assert (desk.post(f"{address}?provider=openai", fields).status_code, Channel.objects.count()) == (403, 0)
    Tenant.objects.filter(pk=tenant.pk).update(may_bring_channels=True)
    assert desk.post(f"{address}?provider=openai", fields).status_code == 302
    assert Channel.objects.get().tenant == tenant
