"""The relay's table of channels: who may use which, and what is loaded."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import tenants
from accounts.models import Tenant
from channels_app import channels, costs, selectors
from channels_app.contract import ChannelFacts
from channels_app.models import Channel, ChannelKey
from channels_app.selectors import ChannelTable
from foundation import snapshots

pytestmark = pytest.mark.django_db


def facts(
    number: int, *, tenant_id: int = 1, groups: frozenset[str] = frozenset({"default"}), priority: int = 0, model: str = "m"
) -> ChannelFacts:
    return ChannelFacts(number, f"c{number}", tenant_id, "openai", "", (), {model: "up"}, groups=groups, priority=priority)


TABLE = ChannelTable(
    [
        facts(1),
        facts(2, priority=5),
        facts(3, tenant_id=2),
        facts(4, tenant_id=3),
        facts(5, groups=frozenset({"vip"})),
        facts(6, groups=frozenset()),
        facts(7, model="other", tenant_id=3),
    ]
)


@pytest.mark.parametrize(
    ("chain", "group", "expected"),
    [
        ((1,), "default", [2, 1, 6]),
        ((1, 2), "default", [2, 1, 3, 6]),
        ((1, 3), "default", [2, 1, 4, 6]),
        ((1,), "vip", [5, 6]),
        ((9,), "default", []),
    ],
)
def test_a_channel_serves_its_owner_and_everybody_below(chain: tuple[int, ...], group: str, expected: list[int]) -> None:
    for _ in range(2):  # the second answer comes from memory
        assert [found.id for found in TABLE.candidates(tenant_chain=chain, group=group, model="m")] == expected


def test_models_are_those_with_a_channel_for_the_group() -> None:
    assert TABLE.models(tenant_chain=(1,), group="default") == ("m",)
    assert TABLE.models(tenant_chain=(1, 3), group="default") == ("m", "other")
    assert TABLE.models(tenant_chain=(1, 3), group="vip") == ("m",)
    assert TABLE.candidates(tenant_chain=(1,), group="default", model="unknown") == ()


def test_a_channel_is_found_by_its_number() -> None:
    assert (TABLE.by_id(3), TABLE.by_id(99)) == (facts(3, tenant_id=2), None)


def test_the_table_holds_what_was_set_up(tenant: Tenant) -> None:
    made = channels.add(
        name="up",
        provider="openai",
        base_url="http://up.test",
        key="sk-upstream-secret",
        models={"m": "up-1"},
        tenant=tenant,
        groups=["vip"],
        priority=3,
        weight=2,
        options={"strip": "store"},
    )
    costs.set_cost(channel=made, model="m", input=100, output=200)
    found = selectors.load_table().by_id(made.pk)
    assert found is not None
    assert (found.name, found.tenant_id, found.provider, found.base_url, found.priority, found.weight) == (
        "up",
        tenant.pk,
        "openai",
        "http://up.test",
        3,
        2,
    )
    assert (dict(found.models), found.groups, dict(found.options)) == ({"m": "up-1"}, frozenset({"vip"}), {"strip": "store"})
    assert [key.secret.reveal() for key in found.keys] == ["sk-upstream-secret"]
    assert dict(found.costs["m"]) == {"input": 100, "output": 200, "per_call": 0}
    assert found.allow_private is False


def test_the_platforms_own_channels_may_call_inside(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="demo")
    assert selectors.load_one(made.pk).allow_private is True


@pytest.mark.parametrize("state", [Channel.State.DISABLED, Channel.State.AUTO_DISABLED])
def test_channels_that_are_out_are_not_in_the_table(root_tenant: Tenant, state: str) -> None:
    made = channels.add(name="up", provider="demo")
    Channel.objects.update(state=state)
    assert selectors.load_table().by_id(made.pk) is None
    assert selectors.load_one(made.pk).id == made.pk


def test_keys_that_are_disabled_or_unreadable_are_left_out(root_tenant: Tenant) -> None:
    made = channels.add(name="up", provider="openai", key="sk-first-secret")
    second = channels.add_key(channel=made, key="sk-second-secret")
    ChannelKey.objects.filter(pk=second.pk).update(state=ChannelKey.State.DISABLED)
    ChannelKey.objects.create(channel=made, sealed="v1.broken.x")
    assert [key.secret.reveal() for key in selectors.load_one(made.pk).keys] == ["sk-first-secret"]


def test_the_number_of_queries_does_not_grow_with_the_channels(root_tenant: Tenant) -> None:
    counts = []
    for number in range(2):
        channels.add(name=f"up {number}", provider="demo")
        with CaptureQueriesContext(connection) as captured:
            selectors.load_table()
        counts.append(len(captured))
    assert counts == [8, 8]


def test_every_change_raises_the_snapshots_version(root_tenant: Tenant) -> None:
    versions = [snapshots.read_versions().get("channels", 0)]
    made = channels.add(name="up", provider="demo")
    versions.append(snapshots.read_versions()["channels"])
    for change in (
        lambda: Channel.objects.update(weight=2),
        lambda: made.keys.all().delete(),
        lambda: made.models.update(upstream_name="x"),
        lambda: costs.set_cost(channel=made, input=1),
    ):
        change()
        versions.append(snapshots.read_versions()["channels"])
    assert versions == sorted(set(versions))


def test_a_tenant_deep_below_sees_its_sellers_channels(tenant: Tenant) -> None:
    below = tenants.open_tenant(slug="below", name="Below", parent=tenant)
    made = channels.add(name="up", provider="demo", tenant=tenant)
    table = selectors.load_table()
    assert [found.id for found in table.candidates(tenant_chain=tenants.chain(below.pk), group="default", model="demo-chat")] == [made.pk]
    assert table.candidates(tenant_chain=(tenants.root().pk,), group="default", model="demo-chat") == ()


def test_a_pattern_serves_every_name_that_fits_and_is_no_name_itself() -> None:
    def serving(number: int, priority: int = 0, **models: str) -> ChannelFacts:
        named = {name.replace("_", "-").replace("ANY", "*"): upstream for name, upstream in models.items()}
        return ChannelFacts(number, f"c{number}", 1, "openai", "", (), named, priority=priority)

    table = ChannelTable(
        [serving(1, gpt_ANY="openai/gpt-*"), serving(2, priority=5, gpt_5="five"), serving(3, ANY="*"), serving(4, other="o")]
    )
    found = table.candidates(tenant_chain=(1,), group="default", model="gpt-5")
    assert [(facts.id, facts.upstream("gpt-5")) for facts in found] == [(2, "five"), (1, "openai/gpt-5"), (3, "gpt-5")]
    assert [facts.id for facts in table.candidates(tenant_chain=(1,), group="default", model="gemini")] == [3]
    assert table.models(tenant_chain=(1,), group="default") == ("gpt-5", "other")
