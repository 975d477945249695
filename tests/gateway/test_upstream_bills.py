"""What vendors took, by their readings, beside what we counted for the same spans."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from accounts.models import ApiKey, Tenant
from billing import rates
from channels_app import channels
from channels_app.models import BalanceReading, Channel
from foundation.ids import uuid7
from gateway import upstream_bills
from gateway.models import UsageRecord
from gateway.upstream_bills import Bill
from tests.billing.conftest import make_key, make_member

pytestmark = pytest.mark.django_db
NOON = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
DOLLAR = 1_000_000


@pytest.fixture
def channel(root_tenant: Tenant) -> Channel:
    return channels.add(name="c", provider="openai", base_url="https://v.test", key="sk-1", models=["m"])


def read(channel: Channel, hours: int, amount: str, *, currency: str = "USD", key: int | None = None) -> None:
    BalanceReading.objects.create(channel=channel, key_id=key, amount=Decimal(amount), currency=currency, at=NOON + hours * HOUR)


def call(channel: Channel, hours: float, cost: int | None, *, key: int | None = None) -> None:
    who = ApiKey.objects.first() or make_key(make_member())
    UsageRecord.objects.create(
        id=uuid7(int((NOON + hours * HOUR).timestamp() * 1000)), tenant_id=who.tenant_id, membership_id=who.membership_id, api_key=who,
        model="m", channel_id=channel.pk, channel_key_id=key, cost_micros=cost,
    )  # fmt: skip


def bills() -> list[Bill]:
    return upstream_bills.bills(since=NOON - HOUR, until=NOON + 48 * HOUR)


def test_calls_between_two_readings_are_compared_with_what_left(channel: Channel) -> None:
    read(channel, 0, "100")
    read(channel, 2, "88")
    call(channel, 0.5, 4 * DOLLAR)
    call(channel, 1.5, 6 * DOLLAR)
    call(channel, 2.5, 99 * DOLLAR)
    assert bills() == [Bill(channel.pk, None, 88 * DOLLAR, 12 * DOLLAR, 10 * DOLLAR, 0)]
    (bill,) = bills()
    # 12 of 10 dollars: a fifth more than counted
    assert (bill.drift, bill.is_off, bill.proposal) == (2 * DOLLAR, True, "multiply the cost of this channel's models by 1.200")


def test_a_span_with_a_top_up_counts_on_neither_side(channel: Channel) -> None:
    for hours, amount in ((0, "10"), (1, "9"), (2, "59"), (3, "57")):
        read(channel, hours, amount)
    call(channel, 0.5, DOLLAR)
    call(channel, 1.5, 5 * DOLLAR)
    call(channel, 2.5, 2 * DOLLAR)
    (bill,) = bills()
    assert (bill.balance, bill.taken, bill.counted, bill.is_off) == (57 * DOLLAR, 3 * DOLLAR, 3 * DOLLAR, False)


def test_each_key_is_an_account_of_its_own(channel: Channel) -> None:
    key = channel.keys.get()
    read(channel, 0, "10", key=key.pk)
    read(channel, 1, "8", key=key.pk)
    call(channel, 0.5, 2 * DOLLAR, key=key.pk)
    call(channel, 0.5, 7 * DOLLAR, key=key.pk + 1)
    (bill,) = bills()
    assert (bill.key_id, bill.taken, bill.counted) == (key.pk, 2 * DOLLAR, 2 * DOLLAR)


def test_other_currencies_need_a_rate(channel: Channel) -> None:
    read(channel, 0, "100", currency="CNY")
    read(channel, 1, "93", currency="CNY")
    assert bills() == [Bill(channel.pk, None, None, 0, 0, 0)]
    rates.put(base="CNY", quote="USD", rate=Decimal("0.14"))
    # ¥93 × 0.14 = $13.02 are left, ¥7 × 0.14 = $0.98 have gone
    assert bills() == [Bill(channel.pk, None, 13_020_000, 980_000, 0, 0)]


def test_calls_without_a_cost_are_the_first_thing_to_mend(channel: Channel) -> None:
    read(channel, 0, "10")
    read(channel, 1, "5")
    call(channel, 0.5, None)
    (bill,) = bills()
    assert (bill.uncosted, bill.is_off) == (1, True)
    assert bill.proposal.startswith("1 calls have no cost")


def test_cents_are_no_drift(channel: Channel) -> None:
    read(channel, 0, "1000")
    read(channel, 1, "900")
    call(channel, 0.5, 96 * DOLLAR)
    # $4 of $100: below five percent
    assert not bills()[0].is_off
