"""GET /v1/models and /v1/models/<id>: what the sub-key may call, in the shape of the protocol that asks (see `tongues`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from accounts.keys import KeyFacts
from billing.pricing import PriceList
from channels_app.selectors import ChannelTable
from gateway import aliases, process
from gateway.answers import Answer
from gateway.authentication import may_use
from gateway.errors import RelayError
from gateway.process import THE_TABLE
from gateway.requests import LeanRequest, dialect_of
from gateway.views.base import RelayView

# The relay does not know when a vendor made a model; clients only want a number.
_CREATED = 1_626_777_600
_CREATED_AT = "2021-07-20T00:00:00Z"
_METHODS = ("generateContent", "streamGenerateContent", "countTokens")


class ModelList(RelayView):
    """The models that have a channel and a price for this sub-key."""

    @extend_schema(operation_id="list_models", responses=OpenApiTypes.OBJECT)
    async def get(self, request: LeanRequest) -> Answer:
        names, dialect = _names(request.caller, *await _knowledge(request.caller)), dialect_of(request._request)
        if dialect == "anthropic":
            return _json(_page(names, request._request.GET))
        rows = [_entry(name, dialect) for name in names]
        return _json({"models": rows} if dialect == "gemini" else {"object": "list", "data": rows})


class ModelDetail(RelayView):
    """One model."""

    @extend_schema(operation_id="retrieve_model", responses=OpenApiTypes.OBJECT)
    async def get(self, request: LeanRequest, model: str) -> Answer:
        book, table = await _knowledge(request.caller)
        root = aliases.meant(table, book, request.caller, model)
        if root not in _names(request.caller, book, table):
            raise RelayError("model_not_found", f"The model {model[:100]} does not exist here.", param="model")
        return _json(_entry(model, dialect_of(request._request), root=root))


async def _knowledge(key: KeyFacts) -> tuple[PriceList, ChannelTable]:
    state = process.current()
    book = state.prices.peek(key.tenant_id) or await state.prices.get(key.tenant_id)
    return book, state.tables.peek(THE_TABLE) or await state.tables.get(THE_TABLE)


def _names(key: KeyFacts, book: PriceList, table: ChannelTable) -> list[str]:
    """Return what a list shows. Other names of models are found when asked for, but no list offers them: people choose what is sold."""
    names = table.models(tenant_chain=key.tenant_chain, group=key.group)
    return sorted(name for name in names if may_use(key, name) and book.resolve(name, group=key.group) is not None)


def _entry(name: str, dialect: str, *, root: str = "") -> dict[str, Any]:
    """Return a model as a protocol shows it; `root` is the model that answers under another name."""
    if dialect == "anthropic":
        return {"type": "model", "id": name, "display_name": name, "created_at": _CREATED_AT, "lifecycle": "active"}
    if dialect == "gemini":
        return {"name": f"models/{name}", "baseModelId": name, "displayName": name, "supportedGenerationMethods": _METHODS}
    shown = {"id": name, "object": "model", "created": _CREATED, "owned_by": "keyosk"}
    return {**shown, "permission": [], "root": root or name, "parent": None}


def _page(names: list[str], query: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of Anthropic's list; without a `limit` all of it."""
    after, before = query.get("after_id"), query.get("before_id")
    start = names.index(after) + 1 if after in names else 0
    end = names.index(before) if before in names else len(names)
    limit = query.get("limit", "")
    shown = names[start:end]
    page = shown[: int(limit)] if limit.isdigit() and int(limit) else shown
    ends = {"first_id": page[0] if page else None, "last_id": page[-1] if page else None}
    return {"data": [_entry(name, "anthropic") for name in page], "has_more": len(page) < len(shown), **ends}


def _json(value: dict[str, Any]) -> Answer:
    return Answer(orjson.dumps(value))
