"""GET /v1/models and /v1/models/<id>: what the sub-key may call, in OpenAI's shape."""

from __future__ import annotations

from typing import Any

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from accounts.keys import KeyFacts
from gateway import process
from gateway.answers import Answer
from gateway.authentication import may_use
from gateway.errors import RelayError
from gateway.process import THE_TABLE
from gateway.requests import LeanRequest
from gateway.views.base import RelayView

# The relay does not know when a vendor made a model; clients only want a number.
_CREATED = 1_626_777_600


class ModelList(RelayView):
    """The models that have a channel and a price for this sub-key."""

    @extend_schema(operation_id="list_models", responses=OpenApiTypes.OBJECT)
    async def get(self, request: LeanRequest) -> Answer:
        names = await _models(request.caller)
        return _json({"object": "list", "data": [_entry(name) for name in names]})


class ModelDetail(RelayView):
    """One model."""

    @extend_schema(operation_id="retrieve_model", responses=OpenApiTypes.OBJECT)
    async def get(self, request: LeanRequest, model: str) -> Answer:
        if model not in await _models(request.caller):
            raise RelayError("model_not_found", f"The model {model[:100]} does not exist here.", param="model")
        return _json(_entry(model))


async def _models(key: KeyFacts) -> list[str]:
    state = process.current()
    book = state.prices.peek(key.tenant_id) or await state.prices.get(key.tenant_id)
    table = state.tables.peek(THE_TABLE) or await state.tables.get(THE_TABLE)
    names = table.models(tenant_chain=key.tenant_chain, group=key.group)
    return sorted(name for name in names if may_use(key, name) and book.resolve(name, group=key.group) is not None)


def _entry(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "keyosk", "permission": [], "root": name, "parent": None}


def _json(value: dict[str, Any]) -> Answer:
    return Answer(orjson.dumps(value))
