"""A month of mixed usage through three sellers, the wholesale price raised in its middle: every level agrees to the µ$."""

from __future__ import annotations

import datetime
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from django.db.models import Sum

from accounts import tenants
from accounts.models import Membership, Tenant, User
from billing import leases, ledger, price_book, price_lists
from billing.models import LedgerAccount, Transfer
from billing.pricing import PriceList
from foundation.ids import uuid7_floor
from gateway import settle
from gateway.models import UsageRecord
from gateway.spool import Line
from tests.billing.conftest import grant, make_key

pytestmark = pytest.mark.django_db

DAYS, CALLS_A_DAY, RAISED_ON = 30, 40, 15
START = datetime.datetime.now(datetime.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
DOLLAR = 1_000_000
# What each level asks, in dollars a million (tool: a call): platform, reseller, sub-reseller. None: nothing typed.
CHAT = {"input": ("2.5", "3.1", "3.999999"), "cache_read": ("0.25", "0.31", "0.4"), "output": ("10.000001", "12", "13.7")}
# From day 15 on chat's input costs the platform's buyers $3.50: above the reseller's $3.10, which is lifted; below the last price.
RAISED = "3.5"


def usd(text: str) -> Fraction:
    """Return µ$ per token of dollars per million tokens: the same number."""
    return Fraction(text)


def expected(day: int, model: str, usage: dict[str, int]) -> list[int]:
    """Work the three levels' totals out again, by fractions and from the table above alone."""
    totals: list[int] = []
    for level in range(3):
        if model == "picture":  # $0.04 a call, the sub-reseller takes 5 cents; the reseller nothing of its own
            exact = Fraction((40_000, 40_000, 50_000)[level]) + usage.get("tool:web_search", 0) * (10_000, 12_000, 12_000)[level]
        else:
            exact = Fraction(0)
            for bucket, prices in CHAT.items():
                asked = [usd(text) for text in prices[: level + 1]]
                if bucket == "input" and day >= RAISED_ON:
                    asked[0] = usd(RAISED)
                exact += usage.get(bucket, 0) * max(asked)
        totals.append(ceil(exact))
    return totals


def chain() -> tuple[Tenant, Tenant, Membership]:
    reseller = tenants.open_tenant(slug="reseller", name="Reseller")
    sub = tenants.open_tenant(slug="sub", name="Sub-reseller", parent=reseller)
    return reseller, sub, tenants.join(tenant=sub, user=User.objects.create_user(email="last@sub.test"))


def set_prices(reseller: Tenant, sub: Tenant) -> None:
    for place, seller in enumerate((None, reseller, sub)):
        micros: dict[str, Any] = {bucket: int(usd(prices[place]) * DOLLAR) for bucket, prices in CHAT.items()}
        price_book.set_price(model="chat-*", tenant=seller, **micros)
    price_book.set_price(model="picture", per_call=40_000, units={"tool:web_search": 10_000 * DOLLAR})
    price_book.set_price(model="picture", tenant=reseller, units={"tool:web_search": 12_000 * DOLLAR})
    price_book.set_price(model="picture", tenant=sub, per_call=50_000)


def month(random_source: random.Random) -> Iterator[tuple[int, str, dict[str, int]]]:
    for day in range(DAYS):
        for _ in range(CALLS_A_DAY):
            if random_source.random() < 0.2:
                yield day, "picture", {"tool:web_search": random_source.randrange(3)}
            else:
                yield day, "chat-1", {name: random_source.randrange(9_000) for name in CHAT}


def line(prices: PriceList, member: Membership, key: int, main: int, day: int, model: str, usage: dict[str, int]) -> Line:
    sold = prices.resolve(model)
    assert sold is not None
    charge = sold.charge_for(usage)
    moment = START + datetime.timedelta(days=day, seconds=random.Random(str(usage)).randrange(86_000))  # noqa: S311  # a spread, no secret
    identifier = uuid.UUID(int=uuid7_floor(moment).int | uuid.uuid4().int & 0x3FFF_FFFF_FFFF_FFFF)
    return Line(
        id=identifier, key=key, tenant=member.tenant_id, member=member.pk, main=main, price=charge.price_micros,
        numerator=str(charge.numerator), parts=[[main, charge.price_micros]], splits=[list(split) for split in charge.splits], budgets=[],
        book=charge.book, usage=usage, source="upstream", model=model, upstream_model=model, channel=1, channel_key=1, cost=1, status="ok",
        stream=False, first_ms=1, total_ms=2, tried=[],
    )  # fmt: skip


def test_a_month_of_a_three_level_chain_adds_up_to_the_micro_dollar(root_tenant: Tenant) -> None:
    reseller, sub, member = chain()
    set_prices(reseller, sub)
    grant(member, 200 * DOLLAR)
    key, main, worker_id = make_key(member).pk, ledger.wallet(membership_id=member.pk).pk, uuid.uuid4()
    leases.register(worker_id=worker_id, node="test")
    income = [
        ledger.account(kind=LedgerAccount.Kind.SINK_USAGE, tenant_id=root_tenant.pk).pk,
        *(ledger.account(kind=LedgerAccount.Kind.MARGIN, tenant_id=seller.pk).pk for seller in (reseller, sub)),
    ]
    sums: Counter[int] = Counter()
    batch: list[Line] = []
    prices, is_raised = price_lists.load(sub.pk), False
    for day, model, usage in month(random.Random(20261101)):  # noqa: S311  # the same month every time
        if day >= RAISED_ON and not is_raised:
            price_book.set_price(model="chat-*", input=int(usd(RAISED) * DOLLAR), cache_read=250_000, output=10_000_001)
            prices, is_raised = price_lists.load(sub.pk), True
        made = line(prices, member, key, main, day, model, usage)
        totals = expected(day, model, usage)
        parts = [totals[0], totals[1] - totals[0], totals[2] - totals[1]]
        assert dict(map(tuple, made.splits)) == {account: part for account, part in zip(income, parts, strict=True) if part}  # type: ignore[arg-type]
        for account, part in zip(income, parts, strict=True):
            sums[account] += part
        batch.append(made)
    for start in range(0, len(batch), 200):
        settle.post_all(worker_id=worker_id, lines=batch[start : start + 200])

    earned = [Transfer.objects.filter(dst_id=account).aggregate(sum=Sum("amount"))["sum"] for account in income]
    assert earned == [sums[account] for account in income]
    assert min(earned) > 0
    rows = UsageRecord.objects.between(START, START + datetime.timedelta(days=DAYS)).filter(tenant=sub)
    assert rows.count() == DAYS * CALLS_A_DAY
    assert (
        rows.aggregate(sum=Sum("price_micros"))["sum"]
        == sum(earned)
        == 200 * DOLLAR - ledger.balance(membership_id=member.pk).available_micros
    )
