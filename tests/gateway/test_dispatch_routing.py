"""Routing through a live relay: failover, pinned channels, stand-ins, the guard, drills, limits, and what stands in the log."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from accounts import keys, tenants
from accounts.models import Membership
from billing import price_book
from channels_app import channels, costs
from channels_app.models import Channel, FallbackChain, GroupRoute
from foundation import snapshots
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import DOLLAR, HELLO, PRICE, Caller, fund, lines
from tests.gateway.live import LiveRelay
from tests.gateway.test_dispatch import free_money

EMPTY = replies.answer(replies.completion("", finish="", usage={"prompt_tokens": 12, "completion_tokens": 0, "total_tokens": 12}))


def learn(relay: LiveRelay) -> None:
    """Let the relay know at once what has been changed in the database."""

    async def forget() -> None:
        snapshots.clear("channels")
        snapshots.clear("prices")
        snapshots.clear("keys")

    relay.run(forget())


def call(relay: LiveRelay, caller: Caller, *, key: str = "", **fields: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {key or caller.secret}"}
    return relay.http.post("/v1/chat/completions", headers=headers, json={**HELLO, **fields})


def models(upstream: Upstream) -> list[str]:
    return [request.fields["model"] for request in upstream.requests]


def test_the_one_that_answered_and_those_that_were_tried_stand_in_the_log_and_nowhere_else(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream
) -> None:
    learn(relay)
    upstream.script(replies.error(500, "server_error", "secret upstream words"))

    answer = call(relay, caller)

    (line,) = lines(relay)
    assert (line.channel, line.tried, line.channel_key) == (second.pk, [channel.pk], second.keys.get().pk)
    shown = answer.text + str(answer.headers)
    assert all(word not in shown for word in ("secret upstream words", "up-1", "up-2", "first", "second"))


def test_a_dead_channel_is_left_alone_after_five_failures(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream
) -> None:
    Channel.objects.filter(pk=channel.pk).update(base_url="http://127.0.0.1:1/v1")
    learn(relay)

    assert [call(relay, caller).status_code for _ in range(8)] == [200] * 8
    assert [line.tried for line in lines(relay)] == [[channel.pk]] * 5 + [[]] * 3
    relay.state.standing.board.close_key(channel.pk, channel.keys.get().pk)


def test_a_refused_key_leaves_the_next_call_to_the_others(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream
) -> None:
    learn(relay)
    upstream.script(replies.error(401, "invalid_api_key"))

    call(relay, caller)
    call(relay, caller)

    assert models(upstream) == ["up-1", "up-2", "up-2"]
    assert relay.state.standing.board.suspects == {channel.pk}


def test_the_vendors_wish_to_be_left_alone_is_kept(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream
) -> None:
    learn(relay)
    upstream.script(replies.error(429, "rate_limit_exceeded", retry_after="120"))

    call(relay, caller)

    key = channel.keys.get().pk
    circuit = relay.state.standing.board.tripped[channel.pk, "m", key]
    assert 100 < circuit.open_until - relay.run(_monotonic()) <= 150


async def _monotonic() -> float:
    import time  # noqa: PLC0415  # the relay's own clock

    return time.monotonic()


@pytest.mark.parametrize("stream", [False, True])
def test_an_empty_answer_is_asked_for_again_elsewhere(
    relay: LiveRelay, caller: Caller, second: Channel, upstream: Upstream, stream: bool
) -> None:
    learn(relay)
    upstream.script(replies.stream(texts=(), usage=None) if stream else EMPTY)

    answer = call(relay, caller, stream=stream)

    assert answer.status_code == 200
    assert models(upstream) == ["up-1", "up-2"]
    assert [line.channel for line in lines(relay)] == [second.pk]


def test_what_is_empty_everywhere_costs_nothing(relay: LiveRelay, caller: Caller, second: Channel, upstream: Upstream) -> None:
    learn(relay)
    upstream.script(EMPTY, EMPTY)

    answer = call(relay, caller)

    assert (answer.status_code, answer.headers["x-keyosk-cost-micros"]) == (200, "0")
    assert [line.price for line in lines(relay)] == [0]


def staff(role: str, at: Membership) -> str:
    """Return the secret of a funded key of somebody with a role at a tenant."""
    at.role = role
    at.save(update_fields=["role"])
    fund(at, DOLLAR)
    return keys.issue(membership=at, name="staff").secret


def test_an_operator_pins_a_channel_behind_the_key(
    relay: LiveRelay, caller: Caller, platform_admin: Membership, channel: Channel, second: Channel, upstream: Upstream
) -> None:
    secret = staff("owner", platform_admin)
    learn(relay)

    assert call(relay, caller, key=f"{secret}-{second.pk}").status_code == 200
    upstream.script(replies.error(500, "server_error"))
    assert call(relay, caller, key=f"{secret}-{second.pk}").status_code == 502
    assert models(upstream) == ["up-2", "up-2"]
    assert call(relay, caller, key=f"{secret}-{second.pk + 1000}").status_code == 503


def test_a_customer_or_a_shop_cannot_choose_a_channel_of_the_platform(
    relay: LiveRelay, caller: Caller, reseller_owner: Membership, channel: Channel
) -> None:
    secret = staff("owner", reseller_owner)
    learn(relay)

    refused = call(relay, caller, key=f"{caller.secret}-{channel.pk}")

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "channel_not_allowed")
    assert call(relay, caller, key=f"{secret}-{channel.pk}").status_code == 503
    assert call(relay, caller, key=f"{caller.secret}-x").status_code == 401


def test_a_stand_in_answers_and_is_charged_by_its_own_price(relay: LiveRelay, caller: Caller, channel: Channel, upstream: Upstream) -> None:
    price_book.set_price(model="n", input=5_000_000, output=20_000_000)
    other = channels.add(name="other", provider="openai", base_url=upstream.url, key="sk-x", models={"n": "up-n"})
    FallbackChain.objects.create(tenant=tenants.root(), model="m", stand_ins=["unknown", "n"])
    learn(relay)
    upstream.on_model("up-1", replies.error(500, "server_error"))

    answer = call(relay, caller)

    assert (answer.status_code, answer.json()["model"]) == (200, "n")
    assert models(upstream) == ["up-1", "up-n"]
    (line,) = lines(relay)
    assert (line.model, line.channel, line.tried, line.price) == ("n", other.pk, [channel.pk], 2 * PRICE)
    assert free_money(relay, caller) == DOLLAR - 2 * PRICE


def test_a_key_without_the_stand_in_does_not_get_it(relay: LiveRelay, caller: Caller, channel: Channel, upstream: Upstream) -> None:
    price_book.set_price(model="n", input=1, output=1)
    channels.add(name="other", provider="openai", base_url=upstream.url, key="sk-x", models={"n": "up-n"})
    FallbackChain.objects.create(tenant=tenants.root(), model="m", stand_ins=["n"])
    secret = keys.issue(membership=caller.membership, name="only m", models=["m"]).secret
    learn(relay)
    upstream.on_model("up-1", replies.error(500, "server_error"))

    assert call(relay, caller, key=secret).status_code == 502
    assert models(upstream) == ["up-1"]


def test_a_channel_that_would_lose_money_is_not_asked(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream
) -> None:
    costs.set_cost(channel=channel, model="*", input=2_600_000, output=10_000_000)
    learn(relay)
    call(relay, caller)
    assert models(upstream) == ["up-2"]

    costs.set_cost(channel=second, model="m", input=2_600_000, output=10_000_000)
    learn(relay)
    assert call(relay, caller).status_code == 503

    Channel.objects.filter(pk=channel.pk).update(allow_loss=True)
    learn(relay)
    assert call(relay, caller).status_code == 200
    assert models(upstream) == ["up-2", "up-1"]


def test_a_customer_group_is_led_to_other_channel_groups(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream
) -> None:
    Channel.objects.filter(pk=second.pk).update(groups=["quiet"])
    GroupRoute.objects.create(tenant=caller.membership.tenant, group="default", channel_groups=["quiet"])
    learn(relay)

    call(relay, caller)

    assert models(upstream) == ["up-2"]


def test_a_drill_makes_a_channel_fail_and_the_others_answer(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream
) -> None:
    Channel.objects.filter(pk=channel.pk).update(fault="error")
    learn(relay)

    assert call(relay, caller).status_code == 200
    assert models(upstream) == ["up-2"]
    assert [line.tried for line in lines(relay)] == [[channel.pk]]


def test_a_channel_whose_keys_are_all_put_aside_never_calls_without_one(
    relay: LiveRelay, caller: Caller, channel: Channel, upstream: Upstream
) -> None:
    channels.set_key_state(key=channel.keys.get(), state=channel.keys.model.State.REFUSED, reason="bad_key")
    learn(relay)

    assert call(relay, caller).status_code == 503
    assert upstream.requests == []


def test_limits_of_a_channel_send_calls_elsewhere(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream
) -> None:
    Channel.objects.filter(pk=channel.pk).update(concurrency=0)
    learn(relay)

    assert call(relay, caller).status_code == 200
    assert models(upstream) == ["up-2"]
