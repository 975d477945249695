"""Questions beside calls, to a real server that answers, refuses, and answers anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from channels_app import asking
from channels_app.contract import ChannelFacts, ChannelKey, Secret, UpstreamRequest
from channels_app.inquiry import Balance, Inquiry, NoAnswer
from tests.doubles import replies
from tests.doubles.upstream import Upstream

KEY = ChannelKey(1, Secret("sk-first-secret"))
TODAY = date(2026, 11, 26)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        yield started


@pytest.fixture
def facts(upstream: Upstream) -> ChannelFacts:
    return ChannelFacts(1, "up", 1, "openai", upstream.url, (KEY,), {"m": "up-1"}, allow_private=True)


def holds(upstream: Upstream, *, limit: object, used: object, pays: bool = True) -> None:
    upstream.on_path("/billing/subscription", replies.answer({"hard_limit_usd": limit, "has_payment_method": pays}))
    upstream.on_path("/billing/usage", replies.answer({"object": "list", "total_usage": used}))


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({"object": "credit_summary", "total_granted": 20.0, "total_used": 7.5, "total_available": 12.5}, "12.5"),
        ({"total_available": "3.10"}, "3.10"),
        ({"object": "credit_grants", "total_remaining": 0}, "0"),
    ],
)
def test_a_relay_that_tells_only_its_grants_is_understood(upstream: Upstream, facts: ChannelFacts, told: object, left: str) -> None:
    upstream.on_path("/billing/subscription", replies.answer({"error": "no such address"}, status=404))
    upstream.on_path("/billing/credit_grants", replies.answer(told))
    assert asking.balance(facts, KEY, today=TODAY) == Balance(Decimal(left), "USD")
    assert [request.path for request in upstream.requests] == ["/v1/dashboard/billing/subscription", "/dashboard/billing/credit_grants"]


@pytest.mark.parametrize("told", [{"object": "list", "data": []}, [], "ok", {"total_available": None}])
def test_a_server_that_answers_anything_tells_no_grants(upstream: Upstream, facts: ChannelFacts, told: object) -> None:
    upstream.on_path("/billing/subscription", replies.answer({"object": "list"}))
    upstream.on_path("/billing/credit_grants", replies.answer(told))
    with pytest.raises(NoAnswer, match="the answer has no hard_limit_usd"):
        asking.balance(facts, KEY, today=TODAY)


def test_a_relay_of_the_family_says_what_is_left_of_its_limit(upstream: Upstream, facts: ChannelFacts) -> None:
    holds(upstream, limit=20.0, used=1234.5)
    assert asking.balance(facts, KEY, today=TODAY) == Balance(Decimal("7.655"), "USD")
    assert [(request.path, request.headers["authorization"]) for request in upstream.requests] == [
        ("/v1/dashboard/billing/subscription", "Bearer sk-first-secret"),
        ("/v1/dashboard/billing/usage?start_date=2026-11-01&end_date=2026-11-27", "Bearer sk-first-secret"),
    ]


def test_without_a_means_of_payment_a_hundred_days_are_asked_for(upstream: Upstream, facts: ChannelFacts) -> None:
    holds(upstream, limit=5, used=0, pays=False)
    assert asking.balance(facts, KEY, today=TODAY).amount == 5
    assert "start_date=2026-08-18" in upstream.requests[1].path


@pytest.mark.parametrize("limit", [None, 100_000_000, 1e12])
def test_an_account_without_a_limit_tells_nothing(upstream: Upstream, facts: ChannelFacts, limit: object) -> None:
    holds(upstream, limit=limit, used=0)
    with pytest.raises(NoAnswer):
        asking.balance(facts, KEY, today=TODAY)


@pytest.mark.parametrize(
    "reply", [replies.answer({"ok": True}), replies.html(200), replies.error(401, "invalid_api_key"), replies.garbage()]
)
def test_a_server_that_answers_anything_is_not_believed(upstream: Upstream, facts: ChannelFacts, reply: replies.Reply) -> None:
    upstream.on_path("/billing/subscription", reply)
    with pytest.raises(NoAnswer):
        asking.balance(facts, KEY, today=TODAY)


def test_a_vendor_without_an_address_is_not_asked(facts: ChannelFacts) -> None:
    assert (asking.tells_balance("openai"), asking.tells_balance("demo")) == (True, False)
    with pytest.raises(asking.NotOffered):
        asking.balance(replace(facts, provider="demo"), KEY, today=TODAY)


def test_a_tenants_channel_may_not_be_used_to_look_inside(upstream: Upstream, facts: ChannelFacts) -> None:
    with pytest.raises(NoAnswer, match="private network"):
        asking.balance(replace(facts, allow_private=False), KEY, today=TODAY)
    assert upstream.connections == 0


def test_an_inquiry_has_an_end(upstream: Upstream) -> None:
    def endless() -> Inquiry[None]:
        while True:
            yield UpstreamRequest("GET", f"{upstream.url}/models", ())

    with pytest.raises(NoAnswer):
        asking.conduct(endless(), allow_private=True)
    assert len(upstream.requests) == asking.MOST_REQUESTS


def test_the_list_of_models_is_read_where_the_protocol_has_it(upstream: Upstream, facts: ChannelFacts) -> None:
    upstream.on_path("/models", replies.answer({"data": [{"id": "b"}, {"id": "a"}, {"id": "a"}, {"id": None}, "x"]}))
    assert asking.models(facts) == ["a", "b"]
    assert asking.models(replace(facts, provider="demo")) == ["demo-chat"]


@pytest.mark.parametrize("payload", [{"data": []}, {"data": "x"}, {"models": []}])
def test_a_list_without_models_is_no_list(upstream: Upstream, facts: ChannelFacts, payload: object) -> None:
    upstream.on_path("/models", replies.answer(payload))
    with pytest.raises(NoAnswer):
        asking.models(facts)
