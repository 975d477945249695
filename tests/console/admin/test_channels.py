"""Channels in the back office: vendor fields, credentials that stay hidden, testing and switching."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership, Tenant
from channels_app import channels, registry, selectors
from channels_app.models import Channel, ChannelCost

pytestmark = pytest.mark.django_db

LIST = "/admin/channels_app/channel/"
SECRET = "sk-upstream-very-secret-0042"


def _form(**more: object) -> dict[str, object]:
    common = {"name": "west", "base_url": "", "served": "gpt-4o-mini\nfast = gpt-4o", "groups": "default", "priority": "0", "weight": "1"}
    common |= {"key_order": "weighted", "is_watched": "on", "check_kind": "auto", "check_seconds": "300"}
    return common | more


def test_a_vendor_is_chosen_before_its_form_is_shown(operator: Client) -> None:
    assert [vendor.slug for vendor in operator.get(f"{LIST}add/").context["vendors"]] == list(registry.providers())
    fields = operator.get(f"{LIST}add/?provider=openai").context["adminform"].form.fields
    assert {"key", "option_organization", "option_strip", "served"} <= set(fields)


def test_a_channel_serves_its_models_with_a_key_that_no_page_shows(operator: Client, root_tenant: Tenant) -> None:
    answer = operator.post(f"{LIST}add/?provider=openai", _form(key=SECRET, option_organization="acme", tenant=root_tenant.pk))
    channel = Channel.objects.get()
    facts = selectors.load_one(channel.pk)
    assert answer.status_code == 302
    assert (channel.provider, channel.tenant, channel.options) == ("openai", root_tenant, {"organization": "acme"})
    assert dict(facts.models) == {"gpt-4o-mini": "gpt-4o-mini", "fast": "gpt-4o"}
    assert [key.secret.reveal() for key in facts.keys] == [SECRET]
    page = operator.get(f"{LIST}{channel.pk}/change/").content.decode()
    assert SECRET not in page
    assert "…0042" in page
    assert SECRET not in str(AuditEvent.objects.values_list("after", flat=True).get())


def test_an_empty_key_keeps_the_stored_one_and_a_typed_one_replaces_it(operator: Client, root_tenant: Tenant) -> None:
    channel = channels.add(name="west", provider="openai", key=SECRET, models=["gpt-4o-mini"])
    operator.post(f"{LIST}{channel.pk}/change/", _form(key="", priority="5"))
    assert [key.secret.reveal() for key in selectors.load_one(channel.pk).keys] == [SECRET]
    operator.post(f"{LIST}{channel.pk}/change/", _form(key="sk-another-secret-0043", priority="5"))
    assert [key.secret.reveal() for key in selectors.load_one(channel.pk).keys] == ["sk-another-secret-0043"]
    channel.refresh_from_db()
    assert channel.priority == 5


def test_every_channel_may_change_its_requests_and_hides_its_proxy(operator: Client, root_tenant: Tenant) -> None:
    settings = {"option_override": '{"temperature": 0}', "option_proxy": "socks5://u:hidden@proxy.test:1080", "option_idle_seconds": "30"}
    operator.post(f"{LIST}add/?provider=groq", _form(key=SECRET, tenant=root_tenant.pk, **settings))
    channel = Channel.objects.get()
    assert channel.options == {"override": '{"temperature": 0}', "proxy": "socks5://u:hidden@proxy.test:1080", "idle_seconds": "30"}
    page = operator.get(f"{LIST}{channel.pk}/change/").content.decode()
    assert "u:hidden@" not in page
    assert "u:hidden@" not in str(AuditEvent.objects.values_list("after", flat=True).get())
    operator.post(f"{LIST}{channel.pk}/change/", _form(option_override='{"temperature": 0}'))
    channel.refresh_from_db()
    assert channel.options["proxy"] == "socks5://u:hidden@proxy.test:1080"
    operator.post(f"{LIST}{channel.pk}/change/", _form(option_proxy="-"))
    channel.refresh_from_db()
    assert channel.options == {}


@pytest.mark.parametrize(
    ("provider", "typed", "field"),
    [
        ("openai", {"option_override": "[1]"}, "option_override"),
        ("openai", {"option_headers": "Host: x"}, "option_headers"),
        ("openai", {"option_proxy": "ftp://x"}, "option_proxy"),
        ("openai", {"option_total_seconds": "never"}, "option_total_seconds"),
        ("azure", {}, "base_url"),
    ],
)
def test_a_setting_that_cannot_be_understood_is_an_error_of_its_field(
    operator: Client, root_tenant: Tenant, provider: str, typed: dict[str, str], field: str
) -> None:
    answer = operator.post(f"{LIST}add/?provider={provider}", _form(key=SECRET, tenant=root_tenant.pk, **typed))
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not Channel.objects.exists()


def test_a_base_address_that_is_none_is_an_error_of_the_form(operator: Client, root_tenant: Tenant) -> None:
    answer = operator.post(f"{LIST}add/?provider=openai", _form(key=SECRET, base_url="ftp://x", tenant=root_tenant.pk))
    assert list(answer.context["adminform"].form.errors) == ["base_url"]
    assert not Channel.objects.exists()


def test_a_shop_cannot_reach_private_addresses(desk: Client, reseller_owner: Membership) -> None:
    page = desk.get("/reseller/channels_app/channel/add/?provider=openai")
    assert {"allow_private", "tenant"}.isdisjoint(page.context["adminform"].form.fields)
    desk.post("/reseller/channels_app/channel/add/?provider=openai", _form(key=SECRET, allow_private="on"))
    channel = Channel.objects.get()
    assert (channel.tenant, channel.allow_private) == (reseller_owner.tenant, False)


@pytest.mark.django_db(transaction=True)
def test_testing_now_asks_the_upstream_only_by_post_and_tells_how_fast(operator: Client) -> None:
    channel = channels.add(name="demo", provider="demo", options={"delay_ms": "0"})
    address = f"{LIST}{channel.pk}/test_now/"
    assert operator.get(address).status_code == 200
    assert not hasattr(Channel.objects.get(), "check_result")
    answer = operator.post(address)
    assert answer.context["facts"][0] == ("Result", "answers")
    assert Channel.objects.get().check_result.state == "ok"
    assert AuditEvent.objects.get().after["ok"] is True


def test_switching_off_and_on_is_in_the_trail(operator: Client) -> None:
    channel = channels.add(name="demo", provider="demo")
    operator.post(LIST, {"action": "disable", "_selected_action": [channel.pk]})
    channel.refresh_from_db()
    assert channel.state == Channel.State.DISABLED
    operator.post(LIST, {"action": "enable", "_selected_action": [channel.pk]})
    channel.refresh_from_db()
    assert channel.state == Channel.State.ENABLED
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == ["channel.disable", "channel.enable"]


def test_upstream_cost_is_typed_in_dollars(operator: Client) -> None:
    channel = channels.add(name="demo", provider="demo")
    data = {"channel": channel.pk, "model": "*", "input": "0.15", "output": "$0.6", "per_call": "0"}
    assert operator.post("/admin/channels_app/channelcost/add/", data).status_code == 302
    cost = ChannelCost.objects.get()
    assert (cost.input, cost.output, cost.cache_read) == (150_000, 600_000, None)


def test_a_shop_brings_channels_only_where_the_platform_lets_it(desk: Client, reseller_owner: Membership) -> None:
    address = "/reseller/channels_app/channel/add/?provider=openai"
    assert desk.get(address).status_code == 200
    Tenant.objects.filter(pk=reseller_owner.tenant.pk).update(may_bring_channels=False)
    assert desk.get(address).status_code == 403
    assert desk.post(address, _form(key=SECRET)).status_code == 403
    assert not Channel.objects.exists()
