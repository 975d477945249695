"""What gateways say, each message none to three times and in any order, ends where the messages once and in turn end."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Tenant
from billing import audit, callbacks, gateways, orders
from billing.models import GatewayAccount, Order, PaymentAttempt
from tests.billing.payments.world import account_at, links
from tests.billing.shop import PRICE, held, stocked
from tests.doubles.epay import EpayGateway
from tests.doubles.epusdt import EpusdtGateway
from tests.doubles.stripe_api import WEBHOOK_SECRET, StripeApi, signature

pytestmark = pytest.mark.django_db
HOST = "shop.test"

# Sends one message to the shop and returns the status.
Send = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to one payment, as the messages about it; `end` is where all of them lead."""

    messages: tuple[str, ...]
    end: dict[str, Any]


PAID = {"order": "delivered", "payment": "succeeded", "codes": ["sold"], "revenue": PRICE, "clearing": -PRICE}
UNPAID = {"order": "pending", "codes": ["reserved"], "revenue": 0, "clearing": 0}
GIVEN_BACK = {
    "order": "refunded",
    "payment": "succeeded",
    "codes": ["revoked"],
    "refunds": [("succeeded", PRICE)],
    "revenue": 0,
    "clearing": 0,
}

STRIPE = {
    "paid": Story(("pay", "expire"), PAID),
    "slow": Story(("pay_later", "come_in", "expire"), PAID),
    "slow that never comes": Story(("pay_later", "fail"), UNPAID | {"payment": "failed"}),
    "nobody pays": Story(("expire",), UNPAID | {"payment": "expired"}),
    "given back at Stripe": Story(("pay", "give_back", "finish_refund"), GIVEN_BACK),
    "given back at Stripe, which fails": Story(("pay", "give_back", "fail_refund"), PAID),
    "dispute won": Story(
        ("pay", "dispute", "funds_withdrawn", "updated", "won", "funds_reinstated"), PAID | {"disputes": [("won", PRICE)]}
    ),
    "dispute lost": Story(
        ("pay", "dispute", "funds_withdrawn", "updated", "lost"),
        PAID | {"codes": ["revoked"], "disputes": [("lost", PRICE)], "revenue": 0, "clearing": 0},
    ),
    "dispute open": Story(
        ("pay", "dispute", "funds_withdrawn", "updated"),
        PAID | {"codes": ["frozen"], "disputes": [("open", PRICE)], "revenue": 0, "clearing": 0},
    ),
}


@pytest.fixture
def stripe_api() -> Iterator[StripeApi]:
    with StripeApi() as double:
        double.holds_events = True
        yield double


@pytest.fixture
def epay() -> Iterator[EpayGateway]:
    with EpayGateway() as double:
        yield double


@pytest.fixture
def epusdt() -> Iterator[EpusdtGateway]:
    with EpusdtGateway() as double:
        yield double


def begin(account: GatewayAccount) -> PaymentAttempt:
    cache.clear()
    placed = orders.place(product=stocked(account.tenant, count=1), buyer=orders.Buyer(contact=f"c{Order.objects.count()}"))
    attempt = orders.start_payment(order=placed.order, account=account)
    gateways.driver_of(account.driver).start(attempt, links=links())
    attempt.refresh_from_db()
    return attempt


def money(attempt: PaymentAttempt) -> dict[str, int]:
    shop = attempt.account.tenant
    return {
        "revenue": held("revenue", shop), "due": held("refunds_due", shop),
        "clearing": held("clearing", shop, owner=attempt.account_id),
    }  # fmt: skip


def world(attempt: PaymentAttempt, before: dict[str, int]) -> dict[str, Any]:
    attempt.refresh_from_db()
    order = Order.objects.get(pk=attempt.order_id)
    own = order.attempts.order_by("pk")
    return {
        "order": order.state,
        "payment": attempt.state,
        "attempts": own.count(),
        "codes": sorted(order.codes.values_list("state", flat=True))
        or sorted(order.product.batches.get().codes.values_list("state", flat=True)),
        "refunds": sorted(attempt.refunds.values_list("state", "amount_minor")),
        "disputes": sorted(attempt.disputes.values_list("state", "amount_minor")),
        **{name: amount - before[name] for name, amount in money(attempt).items()},
    }


def tell(account: GatewayAccount, api: StripeApi, attempt: PaymentAttempt, story: Story) -> list[Send]:
    """Let the story happen at Stripe and return how each of its messages is sent."""
    name, refund, sends = str(attempt.details["session"]), "", []
    for what in story.messages:
        api.held.clear()
        if what == "give_back":
            refund = api.give_back(name)
        else:
            _acts(api, name, refund)[what]()
        sends.append(_stripe_sender(account, list(api.held)))
    return sends


def _acts(api: StripeApi, name: str, refund: str) -> dict[str, Callable[[], object]]:
    """What can happen to a session at Stripe, by the words of a story."""
    return {
        "pay": lambda: api.pay(name),
        "pay_later": lambda: api.pay(name, later=True),
        "come_in": lambda: api.come_in(name),
        "expire": lambda: api.expire(name),
        "fail": lambda: api.fail(name),
        "finish_refund": lambda: api.finish_refund(refund),
        "fail_refund": lambda: api.finish_refund(refund, status="failed"),
        "dispute": lambda: api.dispute(name),
        "won": lambda: api.dispute(name, end="won"),
        "lost": lambda: api.dispute(name, end="lost"),
        **{what: functools.partial(api.move_funds, name, what) for what in ("funds_withdrawn", "funds_reinstated", "updated")},
    }


def _stripe_sender(account: GatewayAccount, events: Sequence[dict[str, Any]]) -> Send:
    def send() -> int:
        worst = 200
        for event in events:
            body = json.dumps(event).encode()
            address = f"/pay/stripe/{account.token}/webhook/"
            signed = {"stripe-signature": signature(body, WEBHOOK_SECRET)}
            answer = Client().post(address, body, content_type="application/json", headers={"host": HOST, **signed})
            worst = max(worst, answer.status_code)
        return worst

    return send


def shuffled(count: int) -> st.SearchStrategy[list[int]]:
    """Any order of messages, each none to three times."""
    return st.lists(st.integers(0, count - 1), max_size=3 * count).filter(lambda row: all(row.count(one) <= 3 for one in row))


quick = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much])


@pytest.mark.parametrize("name", STRIPE)
def test_stripes_messages_in_turn_lead_to_their_end(name: str, tenant: Tenant, stripe_api: StripeApi) -> None:
    account, story = account_at(stripe_api.url, tenant, "stripe"), STRIPE[name]
    attempt = begin(account)
    before = money(attempt)
    assert [send() for send in tell(account, stripe_api, attempt, story)] == [200] * len(story.messages)
    ended = world(attempt, before)
    wanted = {"attempts": 1, "refunds": [], "disputes": [], "due": 0} | story.end
    assert ended == wanted
    assert audit.run() == []


@pytest.mark.parametrize("name", STRIPE)
def test_stripes_messages_in_any_order_and_number_end_the_same(name: str, tenant: Tenant, stripe_api: StripeApi) -> None:
    account, story = account_at(stripe_api.url, tenant, "stripe"), STRIPE[name]

    def play(sequence: Sequence[int]) -> dict[str, Any]:
        attempt = begin(account)
        before = money(attempt)
        sends = tell(account, stripe_api, attempt, story)
        assert {sends[index]() for index in sequence} <= {200}
        return world(attempt, before)

    @quick
    @given(shuffled(len(story.messages)))
    def holds(sequence: list[int]) -> None:
        assert play(sequence) == play(sorted(set(sequence)))

    holds()
    assert audit.run() == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_epays_messages_in_any_order_and_number_end_the_same(method: str, tenant: Tenant, epay: EpayGateway) -> None:
    account = account_at(epay.url, tenant, "epay")

    def play(sequence: Sequence[int]) -> dict[str, Any]:
        attempt = begin(account)
        before = money(attempt)
        order = {"trade_no": f"2026{attempt.pk:012d}", "out_trade_no": attempt.token, "name": "x", "money": "39.00", "status": "1"}
        epay.orders[attempt.token] = order
        said = [epay.message(attempt.token, trade_status=state) for state in ("WAIT_BUYER_PAY", "TRADE_SUCCESS", "TRADE_CLOSED")]
        client, address = Client(headers={"host": HOST}), f"/pay/epay/{attempt.token}/notify"
        for index in sequence:
            answer = client.get(address, said[index]) if method == "GET" else client.post(address, said[index])
            assert answer.content == b"success"
        return world(attempt, before)

    @quick
    @given(shuffled(3))
    def holds(sequence: list[int]) -> None:
        ended = play(sequence)
        assert ended == play(sorted(set(sequence)))
        assert ended["order"] == ("delivered" if 1 in sequence else "pending")

    holds()
    assert audit.run() == []


def test_epusdts_messages_in_any_order_and_number_end_the_same(tenant: Tenant, epusdt: EpusdtGateway) -> None:
    account = account_at(epusdt.url, tenant, "epusdt")

    def play(sequence: Sequence[int]) -> dict[str, Any]:
        attempt = begin(account)
        before = money(attempt)
        chain = {"block_transaction_id": f"0x{attempt.pk:x}"}
        said = [epusdt.message(attempt.token, status=status, **chain) for status in (1, 2, 3)]
        client, address = Client(headers={"host": HOST}), f"/pay/epusdt/{attempt.token}/notify"
        for index in sequence:
            assert client.post(address, said[index], content_type="application/json").content == b"ok"
        return world(attempt, before)

    @quick
    @given(shuffled(3))
    def holds(sequence: list[int]) -> None:
        ended = play(sequence)
        assert ended == play(sorted(set(sequence)))
        assert ended["order"] == ("delivered" if 1 in sequence else "pending")

    holds()
    assert audit.run() == []


def test_a_gateway_that_is_asked_says_the_same_as_its_messages(tenant: Tenant, stripe_api: StripeApi) -> None:
    account = account_at(stripe_api.url, tenant, "stripe")
    attempt = begin(account)
    before = money(attempt)
    [send] = tell(account, stripe_api, attempt, Story(("pay",), PAID))
    assert callbacks.ask(attempt)
    asked = world(attempt, before)
    assert send() == 200
    assert world(attempt, before) == asked
    assert asked["order"] == "delivered"
