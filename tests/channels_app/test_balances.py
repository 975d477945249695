"""Balances: kept as vendors say them, carried forward, alarmed once; never a reason to take a channel out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Membership, Tenant
from channels_app import asking, balances, channels
from channels_app.balances import Forecast, forecast
from channels_app.inquiry import Balance
from channels_app.models import BalanceCheck, BalanceReading, Channel, ChannelKey
from foundation.models import OutboxMessage
from tests.doubles import replies
from tests.doubles.upstream import Upstream

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        started.on_path("/billing/subscription", replies.answer({"hard_limit_usd": 20, "has_payment_method": True}))
        started.on_path("/billing/usage", replies.answer({"total_usage": 500}))
        yield started


@pytest.fixture
def channel(root_tenant: Tenant, upstream: Upstream) -> Channel:
    return channels.add(name="up", provider="openai", base_url=upstream.url, key="sk-first-secret", models={"m": "up-1"})


def read(channel: Channel, *amounts: str, hours: int = 24, currency: str = "CNY") -> None:
    """Write readings so many hours apart, the last one now."""
    now = datetime.now(UTC)
    for place, amount in enumerate(reversed(amounts)):
        at = now - timedelta(hours=hours * place)
        BalanceReading.objects.create(channel=channel, amount=Decimal(amount), currency=currency, at=at)


def say(channel: Channel, amount: str, key: ChannelKey | None = None) -> None:
    balances.record(channel_id=channel.pk, found=[(key.pk if key else None, Balance(Decimal(amount), "CNY"))])


def test_an_answer_is_kept_with_its_key_and_currency(channel: Channel) -> None:
    (made,) = balances.ask(channel.pk)
    key = channel.keys.get()
    assert BalanceReading.objects.values_list("channel", "key", "amount", "currency").get() == (channel.pk, key.pk, Decimal(15), "USD")
    assert str(made) == "15 USD"
    assert BalanceCheck.objects.get().problem == ""


def test_two_who_ask_at_once_ask_once(channel: Channel, upstream: Upstream) -> None:
    assert (len(balances.ask(channel.pk)), balances.ask(channel.pk)) == (1, [])
    assert len(upstream.requests) == 2


def test_a_server_that_answers_anything_leaves_a_problem_and_nothing_else(channel: Channel, upstream: Upstream) -> None:
    upstream.on_path("/billing/subscription", replies.answer({"ok": True}))
    assert balances.ask(channel.pk) == []
    assert BalanceCheck.objects.get().problem == "the answer has no hard_limit_usd"
    assert Channel.objects.get().state == "enabled"


def test_a_balance_of_zero_takes_nothing_out(channel: Channel) -> None:
    say(channel, "0", channel.keys.get())
    assert (Channel.objects.get().state, ChannelKey.objects.get().state) == ("enabled", "active")


def test_money_that_has_come_brings_the_key_back_and_zero_does_not(channel: Channel) -> None:
    key = channel.keys.get()
    channels.set_key_state(key=key, state=ChannelKey.State.EMPTY, reason="no_quota")
    say(channel, "0", key)
    assert ChannelKey.objects.get().state == "empty"
    say(channel, "0.01", key)
    assert ChannelKey.objects.get().state == "active"
    assert [str(event) for event in channel.events.all()] == ["empty → active", "active → empty"]


def test_a_key_that_a_person_disabled_stays_disabled(channel: Channel) -> None:
    key = channel.keys.get()
    channels.set_key_state(key=key, state=ChannelKey.State.DISABLED)
    say(channel, "100", key)
    assert ChannelKey.objects.get().state == "disabled"


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (["100"], (Decimal(0), None)),
        (["100", "100"], (Decimal(0), None)),
        (["100", "70", "40"], (Decimal(30), Decimal(40) / 30)),
        (["40", "10", "90", "60"], (Decimal(20), Decimal(3))),  # topped up in between
        (["10", "-2"], (Decimal(12), Decimal(0))),
    ],
)
def test_what_leaves_a_day_is_carried_forward(amounts: list[str], expected: tuple[Decimal, Decimal | None]) -> None:
    points = [(NOON + timedelta(days=day), Decimal(amount)) for day, amount in enumerate(amounts)]
    assert forecast(points, currency="CNY") == Forecast(Decimal(amounts[-1]), "CNY", *expected)


def test_a_cheap_hour_is_no_drought() -> None:
    assert forecast([(NOON, Decimal(100)), (NOON + timedelta(hours=1), Decimal(50))], currency="USD").days_left is None


def test_accounts_and_currencies_are_carried_forward_apart_and_the_driest_stands_first(channel: Channel) -> None:
    read(channel, "10", "10", currency="USD")
    read(channel, "100", "20", currency="CNY")
    assert [(one.currency, one.days_left) for one in balances.forecasts(channel.pk)] == [("CNY", Decimal("0.25")), ("USD", None)]


def test_the_alarm_is_told_once_and_again_after_a_recovery(channel: Channel, platform_admin: Membership) -> None:
    Channel.objects.update(low_balance=Decimal(10))
    for amount in ("50", "9", "8"):
        say(channel, amount)
    assert BalanceCheck.objects.get().alarm == "low"
    first = OutboxMessage.objects.get()
    assert first.payload["to"] == "operator@platform.test"
    assert first.payload["context"] == {"channel": "up", "shop": "Keyosk", "amount": "9.00", "currency": "CNY", "days": ""}
    say(channel, "60")
    assert BalanceCheck.objects.get().alarm == ""
    BalanceCheck.objects.update(asked_at=datetime.now(UTC))
    say(channel, "5")
    assert OutboxMessage.objects.count() == 2


def test_an_account_that_lasts_two_days_sounds_the_alarm(channel: Channel, platform_admin: Membership) -> None:
    read(channel, "100", "60")
    say(channel, "60")
    assert BalanceCheck.objects.get().alarm == "soon"
    assert OutboxMessage.objects.get().payload["context"]["days"] == "1.5"


def test_only_channels_whose_vendors_can_be_asked_are_due(channel: Channel) -> None:
    channels.add(name="demo", provider="demo")
    assert balances.due() == [channel.pk]
    channels.disable(channel=channel)
    assert balances.due() == []


def test_a_vendor_that_cannot_be_asked_is_an_error(root_tenant: Tenant) -> None:
    with pytest.raises(asking.NotOffered):
        balances.ask(channels.add(name="demo", provider="demo").pk)


def test_readings_are_forgotten_after_their_time(channel: Channel) -> None:
    read(channel, "1", "2", hours=24 * 401)
    assert balances.forget(now=datetime.now(UTC)) == 1
    assert BalanceReading.objects.get().amount == 2
