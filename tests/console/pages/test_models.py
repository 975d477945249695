"""The list of models: the member's own prices, how each answers, and no word of channels."""

from __future__ import annotations

import datetime

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import price_book
from billing.money import MICROS
from channels_app import channels
from channels_app.models import Channel, ChannelCheck, CheckRun
from foundation.ids import uuid7

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}


@pytest.fixture
def ann(client: Client, end_user: Membership) -> Client:
    cache.clear()
    client.force_login(end_user.user)
    return client


def sold(name: str, *, channel: str, tenant: Tenant | None = None, groups: tuple[str, ...] = ("default",)) -> Channel:
    price_book.set_price(model=name, input=2 * MICROS, output=8 * MICROS)
    return channels.add(name=channel, provider="demo", models=[name], tenant=tenant, groups=groups)


def checked(channel: Channel, *, ok: bool, hours_ago: float = 0.0) -> None:
    at = timezone.now() - datetime.timedelta(hours=hours_ago)
    CheckRun.objects.create(id=uuid7(int(at.timestamp() * 1000)), channel=channel, kind="chat", ok=ok, latency_ms=5)
    ChannelCheck.objects.update_or_create(channel=channel, defaults={"state": "ok" if ok else "failed", "first_ms": 120})


def test_it_shows_prices_and_state_and_names_no_channel(ann: Client, end_user: Membership) -> None:
    checked(sold("good-model", channel="secret-upstream"), ok=True, hours_ago=2)
    price_book.set_price(model="good-model", input=3 * MICROS, output=9 * MICROS, per_call=10_000, tenant=end_user.tenant)
    page = ann.get("/console/models/", headers=SHOP)
    [line] = page.context["lines"]
    assert (line.outlook.state, line.sheet.input, line.sheet.output, line.outlook.first_ms) == ("ok", 3_000_000, 9_000_000, 120)
    assert [(run.start, run.length, run.state) for run in line.runs] == [(0, 21, "unknown"), (21, 1, "ok"), (22, 2, "unknown")]
    text = page.content.decode()
    for told in ("good-model", "$3.00", "$9.00", "$0.01 a call", "first token 120 ms", "1 of 1 hours without a failure", "answers"):
        assert told in text, told
    assert "secret-upstream" not in text


def test_a_model_is_disturbed_when_every_way_to_it_failed_and_out_when_none_is_left(ann: Client) -> None:
    failing = sold("shaky-model", channel="one")
    checked(failing, ok=False)
    gone = sold("gone-model", channel="two")
    Channel.objects.filter(pk=gone.pk).update(state=Channel.State.AUTO_DISABLED)
    sold("put-away", channel="three")
    Channel.objects.filter(name="three").update(state=Channel.State.DISABLED)
    page = ann.get("/console/models/", headers=SHOP)
    assert {line.outlook.model: line.outlook.state for line in page.context["lines"]} == {"shaky-model": "disturbed", "gone-model": "out"}
    cache.clear()
    channels.add(name="another way", provider="demo", models=["shaky-model"])
    page = ann.get("/console/models/?q=SHAKY", headers=SHOP)
    assert [line.outlook.state for line in page.context["lines"]] == ["ok"]


def test_models_of_others_and_models_without_a_price_are_not_there(ann: Client, stranger: Membership) -> None:
    sold("theirs", channel="far", tenant=stranger.tenant)
    sold("vip-only", channel="vip", groups=("vip",))
    channels.add(name="free", provider="demo", models=["unpriced"])
    page = ann.get("/console/models/", headers=SHOP)
    assert page.context["lines"] == []
    assert "Nothing can be called here yet" in page.content.decode()


def test_a_word_that_fits_nothing_says_so(ann: Client) -> None:
    sold("good-model", channel="one")
    assert "No model fits" in ann.get("/console/models/?q=zzz", headers=SHOP).content.decode()
