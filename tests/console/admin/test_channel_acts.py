"""What staff do with one channel: look, keys, models, balance, drill, copy; and with many at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, AuditEvent, Membership, Tenant
from channels_app import channels, costs, tallies
from channels_app.models import BalanceReading, Channel, ChannelKey, CheckRun
from foundation.ids import uuid7
from foundation.models import Job
from gateway.models import UsageRecord
from tests.doubles import replies
from tests.doubles.upstream import Upstream

pytestmark = pytest.mark.django_db
LIST = "/admin/channels_app/channel/"
SECRET = "sk-upstream-very-secret-0042"


@pytest.fixture
def channel(root_tenant: Tenant) -> Channel:
    return channels.add(name="west", provider="demo", key=SECRET, models=["demo-chat"])


def used(channel: Channel, end_user: Membership, *, first: int, total: int, cost: int | None = 700) -> None:
    key = ApiKey.objects.filter(membership=end_user).first() or ApiKey.objects.create(
        tenant=end_user.tenant, membership=end_user, name="k", digest=str(first), prefix="sk-x", last4="0000"
    )
    UsageRecord.objects.create(
        id=uuid7(),
        tenant=end_user.tenant,
        membership=end_user,
        api_key=key,
        model="demo-chat",
        channel_id=channel.pk,
        price_micros=1_500,
        cost_micros=cost,
        is_stream=True,
        first_ms=first,
        total_ms=total,
        tried=[1] if first > 100 else [],
    )


def test_one_page_shows_health_speed_failures_money_balance_and_keys(operator: Client, channel: Channel, end_user: Membership) -> None:
    used(channel, end_user, first=100, total=1000)
    used(channel, end_user, first=300, total=3000)
    tallies.add({(channel.pk, "rate_limited"): 7}, at=datetime.now(UTC))
    CheckRun.objects.create(channel=channel, kind="chat", model="demo-chat", ok=False, latency_ms=12, failure="upstream", message="no")
    for days, amount in ((2, 100), (0, 60)):
        BalanceReading.objects.create(
            channel=channel, amount=Decimal(amount), currency="CNY", at=timezone.now() - timedelta(days=days, minutes=1)
        )
    channels.set_key_state(key=channel.keys.get(), state=ChannelKey.State.REFUSED, reason="bad_key: no")

    page = operator.get(f"{LIST}{channel.pk}/look/")

    tiles = {tile.title: (tile.figure, tile.note) for tile in page.context["tiles"]}
    assert tiles["Calls, 24 h"] == ("2", "1 after other channels had failed, 0 cut short")
    assert (tiles["Sold for"][0], tiles["Upstream cost"][0]) == ("$0.003", "$0.0014")
    assert [(name, values.p50, values.p90) for name, values in page.context["speeds"]] == [
        ("To the first token (streams)", 200, 280),
        ("Whole call", 2000, 2800),
    ]
    assert list(page.context["kinds"]) == [("rate_limited", 7)]
    assert page.context["slots"][-1].state == "failed"
    text = page.content.decode()
    assert "60.00 CNY" in text
    assert "20.00 CNY a day, lasts 3.0 days" in text
    assert "active → refused" in text
    assert SECRET not in text


def test_an_unused_channel_has_a_page_too(operator: Client, channel: Channel) -> None:
    assert operator.get(f"{LIST}{channel.pk}/look/").status_code == 200


def test_many_keys_are_added_at_once_and_put_aside_one_by_one(operator: Client, channel: Channel) -> None:
    first = channel.keys.get()
    address = f"{LIST}{channel.pk}/keys/"
    operator.post(address, {"added": "sk-number-two-0002\n\n sk-number-three-0003 ", "used": [first.pk]})
    second, third = channel.keys.order_by("pk")[1:]
    assert (second.masked, third.masked) == ("…0002", "…0003")
    operator.post(address, {"added": "", "used": [second.pk], "removed": [third.pk]})
    assert dict(channel.keys.values_list("pk", "state")) == {first.pk: "disabled", second.pk: "active"}
    operator.post(address, {"added": "", "used": [first.pk, second.pk]})
    assert set(channel.keys.values_list("state", flat=True)) == {"active"}
    trail = str(list(AuditEvent.objects.values_list("after", flat=True)))
    assert "sk-number" not in trail
    assert "…0002" in trail


def test_a_drill_begins_ends_by_itself_and_is_in_the_trail(operator: Client, channel: Channel) -> None:
    address = f"{LIST}{channel.pk}/drill/"
    operator.post(address, {"fault": "slow", "percent": "30", "minutes": "5"})
    channel.refresh_from_db()
    assert (channel.fault, channel.fault_percent) == ("slow", 30)
    assert timedelta(minutes=4) < (channel.fault_until or timezone.now()) - timezone.now() <= timedelta(minutes=5)
    operator.post(address, {"fault": "", "percent": "30", "minutes": "5"})
    channel.refresh_from_db()
    assert (channel.fault, channel.fault_until) == ("", None)
    assert AuditEvent.objects.filter(action="channel.drill").count() == 2


def test_a_copy_has_everything_and_serves_nobody_yet(operator: Client, channel: Channel) -> None:
    costs.set_cost(channel=channel, input=5)
    operator.post(f"{LIST}{channel.pk}/copy/")
    made = Channel.objects.get(name="west (2)")
    assert (made.state, made.provider, made.costs.get().input) == ("disabled", "demo", 5)
    assert list(made.models.values_list("name", flat=True)) == ["demo-chat"]
    assert made.keys.get().sealed == channel.keys.get().sealed
    assert channel.keys.count() == 1


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        started.on_path("/models", replies.answer({"data": [{"id": "up-1"}, {"id": "up-2"}]}))
        started.on_path("/billing/subscription", replies.answer({"hard_limit_usd": 20, "has_payment_method": True}))
        started.on_path("/billing/usage", replies.answer({"total_usage": 500}))
        yield started


@pytest.fixture
def nested(root_tenant: Tenant, upstream: Upstream) -> Channel:
    return channels.add(name="east", provider="oneapi", base_url=upstream.url, key=SECRET, models={"up-1": "up-1", "old": "up-0"})


def test_the_upstreams_models_are_compared_and_taken_over_with_one_click(operator: Client, nested: Channel) -> None:
    address = f"{LIST}{nested.pk}/upstream_models/"
    form = operator.get(address).context["form"]
    assert (form.fields["add"].choices, form.fields["remove"].choices) == ([("up-2", "up-2")], [("old", "old")])
    operator.post(address, {"add": ["up-2"], "remove": ["old"]})
    assert set(nested.models.values_list("name", flat=True)) == {"up-1", "up-2"}


def test_the_balance_is_asked_for_on_request(operator: Client, nested: Channel, channel: Channel) -> None:
    assert operator.post(f"{LIST}{nested.pk}/ask_balance/").context["facts"] == [("Balance", "15 USD")]
    assert operator.post(f"{LIST}{channel.pk}/ask_balance/").context["facts"] == [("Result", "This vendor does not tell it.")]


def test_a_selection_is_checked_as_a_job(operator: Client, channel: Channel, nested: Channel) -> None:
    operator.post(LIST, {"action": "check_selected", "_selected_action": [channel.pk, nested.pk]})
    assert Job.objects.get().arguments == {"channels": sorted([channel.pk, nested.pk])}


def test_a_selection_is_changed_where_something_is_typed(operator: Client, channel: Channel, nested: Channel) -> None:
    chosen = {"action": "change_selected", "_selected_action": [channel.pk, nested.pk]}
    assert operator.post(LIST, chosen).status_code == 200
    operator.post(LIST, chosen | {"is_confirmed": "1", "weight": "7", "tags": "spare, west", "daily_cost_micros": "12.5"})
    rows = Channel.objects.values_list("weight", "tags", "priority", "groups", "daily_cost_micros")
    assert set(map(str, rows)) == {"(7, ['spare', 'west'], 0, ['default'], 12500000)"}


def test_what_staff_of_a_shop_do_touches_no_channel_of_the_platform(desk: Client, channel: Channel) -> None:
    for act in ("look", "keys", "drill", "copy", "upstream_models", "ask_balance", "test_now"):
        address = f"/reseller/channels_app/channel/{channel.pk}/{act}/"
        assert (desk.get(address).status_code, desk.post(address).status_code) == (404, 404)
