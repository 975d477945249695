"""Find the model that answers a name: itself where the sub-key may have it, else what the key's or its shop's aliases say.

Clients ask for small models by names of their own (titles, summaries). An alias never takes the place of a model that is served
to the key, and never leads to one that its list of models leaves out. The model that answers is the one charged and told.
"""

from __future__ import annotations

from dataclasses import replace

from accounts.keys import KeyFacts
from billing.pricing import PriceList
from channels_app import model_map
from channels_app.contract import Call
from channels_app.selectors import ChannelTable
from gateway.authentication import may_use
from gateway.errors import RelayError
from gateway.process import THE_TABLE, Relay
from gateway.requests import LeanRequest


def meant(table: ChannelTable, book: PriceList, key: KeyFacts, name: str, *, is_free: bool = False) -> str:
    """Return the model for a name; the name itself where no alias leads to a model this key may have. `is_free`: without a price."""
    if _has(table, book, key, name, is_free=is_free):
        return name
    model = model_map.upstream(dict(key.aliases), name) or table.policies.meant(key.tenant_chain, name)
    return model if model is not None and _has(table, book, key, model, is_free=is_free) else name


async def named(state: Relay, request: LeanRequest, call: Call) -> Call:
    """Return a call that costs nothing with its model named; raise RelayError when the key may not use that."""
    key = request.caller
    book = state.prices.peek(key.tenant_id) or await state.prices.get(key.tenant_id)
    table = state.tables.peek(THE_TABLE) or await state.tables.get(THE_TABLE)
    model = call.model if request.pinned is not None else meant(table, book, key, call.model, is_free=True)
    check(key, model)
    return call if model == call.model else replace(call, model=model)


def check(key: KeyFacts, model: str) -> None:
    """Raise RelayError when the key may not use the model."""
    if not may_use(key, model):
        raise RelayError("model_not_allowed", f"This API key may not use the model {model[:100]}.", param="model")


def _has(table: ChannelTable, book: PriceList, key: KeyFacts, model: str, *, is_free: bool) -> bool:
    """Tell whether a key may use a model, and somebody serves it for a price."""
    if not may_use(key, model) or not table.candidates(tenant_chain=key.tenant_chain, group=key.group, model=model):
        return False
    return is_free or book.resolve(model, group=key.group) is not None
