"""POST /v1/messages/count_tokens and …/models/{m}:countTokens: how many tokens a call would have, free of charge.

Counted here, by the tokenizer and the sizes of pictures and sounds: no channel is asked, none can fail.
"""

from __future__ import annotations

import asyncio

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from channels_app import counting
from channels_app.contract import Call
from gateway import intake
from gateway.answers import Answer
from gateway.authentication import may_use
from gateway.errors import RelayError
from gateway.requests import LeanRequest
from gateway.views.base import RelayView


class CountTokens(RelayView):
    """The tokens of an Anthropic message."""

    @extend_schema(operation_id="count_message_tokens", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    async def post(self, request: LeanRequest) -> Answer:
        call = intake.counted(request._request.body, dialect="anthropic")
        return Answer(orjson.dumps({"input_tokens": await _tokens(request, call)}))


class CountContents(RelayView):
    """The tokens of Gemini's contents: on its own, or inside a request to generate."""

    @extend_schema(operation_id="count_contents_tokens", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    async def post(self, request: LeanRequest, model: str) -> Answer:
        call = intake.counted(request._request.body, dialect="gemini", model=model, inner="generateContentRequest")
        return Answer(orjson.dumps({"totalTokens": await _tokens(request, call)}))


async def _tokens(request: LeanRequest, call: Call) -> int:
    """Count off the event loop; raise RelayError when the key may not use the model."""
    if not may_use(request.caller, call.model):
        raise RelayError("model_not_allowed", f"This API key may not use the model {call.model[:100]}.", param="model")
    usage = await asyncio.to_thread(counting.of_input, call)
    return usage.total_input
