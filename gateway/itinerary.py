"""Find the ways a call may go, before any money is reserved: the model's channels and price, those of its stand-ins, and the terms.

A sub-key of staff may name its own channel (`sk-…-<channel>`): then there is one way, no guard and no stand-in.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from accounts.keys import KeyFacts
from channels_app import model_map
from channels_app.contract import Call
from channels_app.policies import Policy
from channels_app.selectors import ChannelTable
from foundation.values import value
from gateway import aliases, habits, metering
from gateway.authentication import may_use
from gateway.errors import RelayError
from gateway.journey import Journey, Route, Terms
from gateway.process import THE_TABLE, Relay

if TYPE_CHECKING:
    from billing.pricing import ModelPrice, PriceList
    from gateway.requests import LeanRequest

log = logging.getLogger("keyosk.relay")

# These say nothing about how a channel answers real calls.
AUXILIARY = frozenset({"count_tokens", "moderations", "tokenize"})
_MOST_STAND_INS = 5
# Ways that a table holds at most; it lives until the next change of a channel.
_REMEMBERED = 10_000


@value
class Itinerary:
    """Where a call may go. `call` names the model it starts with, whose price is `prices[call.model]`."""

    call: Call
    prices: Mapping[str, ModelPrice]
    journey: Journey


@value
class _Ways:
    """What is the same for all calls of a tenant's customers for a model, while prices and channels stay as they are."""

    book: PriceList
    routes: Sequence[Route]
    prices: Mapping[str, ModelPrice]
    policy: Policy


async def find(state: Relay, request: LeanRequest, call: Call) -> Itinerary:
    """Return the ways of a call; raise RelayError when the model is not allowed, has no price, or nobody serves it."""
    key = request.caller
    book = state.prices.peek(key.tenant_id) or await state.prices.get(key.tenant_id)
    table = state.tables.peek(THE_TABLE) or await state.tables.get(THE_TABLE)
    question = (key.tenant_chain, key.group, key.models, key.aliases, call.operation, call.model)
    ways: _Ways | None = table.memo.get(question) if request.pinned is None else None
    if ways is None or ways.book is not book:
        ways = _ways(state, table, book, request, call)
        if request.pinned is None and len(table.memo) < _REMEMBERED:
            table.memo[question] = ways
    first = ways.routes[0].model
    journey = Journey(ways.routes, _terms(ways.policy, key, call, ways.routes, state), state.standing, time.monotonic, time.time)
    return Itinerary(call if first == call.model else replace(call, model=first), ways.prices, journey)


def _ways(state: Relay, table: ChannelTable, book: PriceList, request: LeanRequest, call: Call) -> _Ways:
    key, free = request.caller, metering.price_of_free(call)
    model = call.model if request.pinned is not None else aliases.meant(table, book, key, call.model, is_free=free is not None)
    aliases.check(key, model)
    price = book.resolve(model, group=key.group) or free
    if price is None:
        raise RelayError("model_not_found", f"The model {model[:100]} does not exist here.", param="model")
    prices = {model: price}
    routes = [_pinned(table, key, model, request.pinned)] if request.pinned is not None else _routes(state, table, book, key, model, prices)
    if not routes:
        raise RelayError("no_channel_available")
    return _Ways(book, routes, prices, table.policies.policy(key.tenant_chain))


def _routes(state: Relay, table: ChannelTable, book: PriceList, key: KeyFacts, model: str, prices: dict[str, ModelPrice]) -> list[Route]:
    """Return the routes that lose no money; `prices` gets those of the stand-ins that may be used."""
    routes: list[Route] = []
    for name in (model, *table.policies.chain_of(key.tenant_chain, model)[:_MOST_STAND_INS]):
        price = prices.get(name) or book.resolve(name, group=key.group)
        if price is None or not may_use(key, name):
            continue
        prices[name] = price
        candidates = table.candidates(tenant_chain=key.tenant_chain, group=key.group, model=name)
        verdict = state.standing.margins.judge(candidates, model=name, price=price, chain=key.tenant_chain)
        if verdict.channels:
            routes.append(Route(name, verdict.channels, verdict.costs))
        elif candidates:
            log.error("every channel of a model costs more than it sells for", extra={"model": name, "tenant": key.tenant_id})
    return routes


def _pinned(table: ChannelTable, key: KeyFacts, model: str, channel_id: int) -> Route:
    facts = table.by_id(channel_id)
    if facts is None or facts.tenant_id != key.tenant_id or model_map.upstream(facts.models, model) is None:
        raise RelayError("no_channel_available", "This channel is not enabled, does not serve the model, or is not yours.")
    return Route(model, (facts,))


def _terms(policy: Policy, key: KeyFacts, call: Call, routes: Sequence[Route], state: Relay) -> Terms:
    has_choice = policy.sticky_seconds > 0 and len(routes[0].candidates) > 1
    conversation = habits.conversation(call, key_id=key.id) if has_choice else None
    deadline = time.monotonic() + min(state.failover_seconds, state.timeouts.total)
    return Terms(policy.mode, call.is_stream, conversation, policy.sticky_seconds, deadline, call.operation not in AUXILIARY)
