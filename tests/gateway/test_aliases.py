"""Other names of models through a live relay: who answers, what is charged, what lists show, and when a name stays itself."""

from __future__ import annotations

import pytest

from accounts import keys, tenants
from billing import price_book
from billing.models import LimitRule
from channels_app import channels
from channels_app.models import Channel, ModelAlias, RoutingPolicy
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import DOLLAR, HELLO, PRICE, Caller, lines
from tests.gateway.live import LiveRelay
from tests.gateway.test_dispatch import free_money
from tests.gateway.test_dispatch_routing import call, learn, models


@pytest.fixture
def titles(channel: Channel) -> RoutingPolicy:
    return RoutingPolicy.objects.create(tenant=tenants.root(), utility_model="m")


@pytest.mark.parametrize("name", ["gpt-4o-mini", "gemini-pro", "deepseek-chat", "claude-haiku-4-5-20251001"])
def test_one_setting_answers_what_clients_ask_for_by_themselves(
    relay: LiveRelay, caller: Caller, titles: RoutingPolicy, upstream: Upstream, name: str
) -> None:
    learn(relay)

    answer = call(relay, caller, model=name)

    assert (answer.status_code, answer.json()["model"]) == (200, "m")
    assert models(upstream) == ["up-1"]
    (line,) = lines(relay)
    assert (line.model, line.price) == ("m", PRICE)
    assert free_money(relay, caller) == DOLLAR - PRICE


def test_without_a_word_about_it_such_a_name_is_unknown(relay: LiveRelay, caller: Caller, channel: Channel) -> None:
    learn(relay)

    answer = call(relay, caller, model="gpt-4o-mini")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert call(relay, caller, model="gpt-4o").status_code == 404


def test_a_model_that_is_served_under_the_name_stays_itself(
    relay: LiveRelay, caller: Caller, titles: RoutingPolicy, upstream: Upstream
) -> None:
    price_book.set_price(model="gpt-4o-mini", input=1_000_000, output=2_000_000)
    channels.add(name="mini", provider="openai", base_url=upstream.url, key="k", models={"gpt-4o-mini": "up-mini"})
    ModelAlias.objects.create(tenant=tenants.root(), name="*", model="m")
    learn(relay)

    assert call(relay, caller, model="gpt-4o-mini").json()["model"] == "gpt-4o-mini"
    assert call(relay, caller, model="whatever").json()["model"] == "m"
    assert models(upstream) == ["up-mini", "up-1"]


def test_a_keys_own_names_come_before_its_shops(relay: LiveRelay, caller: Caller, titles: RoutingPolicy, upstream: Upstream) -> None:
    price_book.set_price(model="n", input=1_000_000, output=2_000_000)
    channels.add(name="other", provider="openai", base_url=upstream.url, key="k", models={"n": "up-n"})
    secret = keys.issue(membership=caller.membership, name="own", aliases=["gpt-4o-*=n"]).secret
    learn(relay)

    assert call(relay, caller, key=secret, model="gpt-4o-mini").json()["model"] == "n"
    assert call(relay, caller, key=secret, model="gemini-pro").json()["model"] == "m"


def test_no_name_leads_past_the_models_a_key_may_call(relay: LiveRelay, caller: Caller, titles: RoutingPolicy, upstream: Upstream) -> None:
    price_book.set_price(model="n", input=1_000_000, output=2_000_000)
    channels.add(name="other", provider="openai", base_url=upstream.url, key="k", models={"n": "up-n"})
    only_n = keys.issue(membership=caller.membership, name="only n", models=["n"]).secret
    named = keys.issue(membership=caller.membership, name="all to n", models=["n"], aliases=["*=n"]).secret
    learn(relay)

    refused = call(relay, caller, key=only_n, model="gpt-4o-mini")

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_not_allowed")
    assert call(relay, caller, key=only_n, model="m").status_code == 403
    assert [call(relay, caller, key=named, model=name).json()["model"] for name in ("m", "gpt-4o-mini")] == ["n", "n"]
    assert models(upstream) == ["up-n", "up-n"]


def test_a_limit_for_the_model_counts_calls_by_other_names(relay: LiveRelay, caller: Caller, titles: RoutingPolicy) -> None:
    LimitRule.objects.create(tenant=caller.membership.tenant, scope="customer", models_matched="m", rpm=1)
    learn(relay)

    assert call(relay, caller, model="gpt-4o-mini").status_code == 200
    assert call(relay, caller, model="gpt-4o-mini").status_code == 429


def test_lists_show_what_is_sold_and_a_name_asked_for_says_who_answers(relay: LiveRelay, caller: Caller, titles: RoutingPolicy) -> None:
    learn(relay)

    listed = relay.http.get("/v1/models", headers=caller.headers).json()["data"]
    one = relay.http.get("/v1/models/gpt-4o-mini", headers=caller.headers)

    assert [row["id"] for row in listed] == ["m"]
    assert (one.status_code, one.json()["id"], one.json()["root"]) == (200, "gpt-4o-mini", "m")
    assert relay.http.get("/v1/models/gpt-4o", headers=caller.headers).status_code == 404


def test_tokens_are_counted_under_other_names_too(relay: LiveRelay, caller: Caller, titles: RoutingPolicy) -> None:
    only_m = keys.issue(membership=caller.membership, name="only m", models=["m"]).secret
    learn(relay)
    body = {"model": "claude-haiku-4-5", "messages": HELLO["messages"]}

    told = relay.http.post("/v1/messages/count_tokens", headers={"x-api-key": only_m}, json=body)

    assert told.status_code == 200
    assert told.json()["input_tokens"] > 0
    assert relay.http.post("/v1/messages/count_tokens", headers={"x-api-key": only_m}, json={**body, "model": "x"}).status_code == 403
