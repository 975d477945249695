"""POST /v1/messages/count_tokens and …/models/{m}:countTokens: how many tokens a call would have, free of charge.

The vendor counts where it speaks the client's protocol, Anthropic's or Gemini's; all else, and what it fails to count, is counted
here by the tokenizer and the sizes of pictures and sounds.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from channels_app import counting
from channels_app.contract import Call
from gateway import aliases, hops, intake, process, screening, vendor_counts
from gateway.answers import Answer
from gateway.requests import LeanRequest, header
from gateway.views.base import RelayView


class CountTokens(RelayView):
    """The tokens of an Anthropic message."""

    @extend_schema(operation_id="count_message_tokens", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    async def post(self, request: LeanRequest) -> Answer:
        call = await aliases.named(process.current(), request, intake.counted(request._request.body, dialect="anthropic"))
        await screening.check(request, call)
        found = ((name, header(request._request, name)) for name in ("anthropic-version", "anthropic-beta"))
        asked = replace(call, headers=tuple((name, value) for name, value in found if value))
        told = await vendor_counts.ask(process.current(), request, asked, hops=hops.count(request._request))
        return Answer(orjson.dumps({"input_tokens": await _tokens(call) if told is None else told}))


class CountContents(RelayView):
    """The tokens of Gemini's contents: on its own, or inside a request to generate."""

    @extend_schema(operation_id="count_contents_tokens", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    async def post(self, request: LeanRequest, model: str) -> Answer:
        asked = intake.counted(request._request.body, dialect="gemini", model=model, inner="generateContentRequest")
        call = await aliases.named(process.current(), request, asked)
        await screening.check(request, call)
        told = await vendor_counts.ask(process.current(), request, call, hops=hops.count(request._request))
        return Answer(orjson.dumps({"totalTokens": await _tokens(call) if told is None else told}))


async def _tokens(call: Call) -> int:
    """Count off the event loop."""
    usage = await asyncio.to_thread(counting.of_input, call)
    return usage.total_input
