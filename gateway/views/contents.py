"""POST …/models/{m}:embedContent and :batchEmbedContents: embeddings in Gemini's form, by any channel that embeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from gateway import dispatch, intake, process
from gateway.answers import Answer
from gateway.errors import RelayError
from gateway.requests import LeanRequest
from gateway.views.base import RelayView

_MOST_REQUESTS = 100


class EmbedContent(RelayView):
    """The vector of one content."""

    @extend_schema(operation_id="embed_content", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    async def post(self, request: LeanRequest, model: str) -> Answer:
        vectors, price = await _embedded(request, model, [intake.loaded(request._request.body)])
        return _answer({"embedding": {"values": vectors[0]}}, price)


class BatchEmbedContents(RelayView):
    """The vectors of several contents."""

    @extend_schema(operation_id="batch_embed_contents", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    async def post(self, request: LeanRequest, model: str) -> Answer:
        asked = intake.loaded(request._request.body).get("requests")
        if not isinstance(asked, list) or not 1 <= len(asked) <= _MOST_REQUESTS or not all(isinstance(one, dict) for one in asked):
            raise RelayError("unsupported_field", f"requests must be a list of 1 to {_MOST_REQUESTS} requests.", param="requests")
        vectors, price = await _embedded(request, model, asked)
        return _answer({"embeddings": [{"values": vector} for vector in vectors]}, price)


async def _embedded(request: LeanRequest, model: str, asked: list[dict[str, Any]]) -> tuple[list[list[float]], int]:
    """Embed the texts of all contents in one call; return the vectors and the price in µ$."""
    fields: dict[str, Any] = {"model": model, "input": [_text(one) for one in asked], "encoding_format": "float"}
    sizes = {one.get("outputDimensionality", one.get("output_dimensionality")) for one in asked}
    if len(sizes) > 1:
        raise RelayError("unsupported_field", "All requests of a batch need the same outputDimensionality.", param="outputDimensionality")
    if (size := sizes.pop()) is not None:
        fields["dimensions"] = size
    call = intake.operation("embeddings", orjson.dumps(fields))
    answer = await (await dispatch.begin(process.current(), request, call)).whole()
    return [row["embedding"] for row in orjson.loads(answer.body)["data"]], answer.price


def _text(asked: Mapping[str, Any]) -> str:
    content = asked.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    listed = parts if isinstance(parts, list) else [parts]
    texts = [part.get("text") for part in listed if isinstance(part, dict)]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise RelayError("unsupported_field", "content must have parts with text.", param="content")
    return "".join(text for text in texts if isinstance(text, str))


def _answer(value: dict[str, Any], price: int) -> Answer:
    return Answer(orjson.dumps(value), fields={"x-keyosk-cost-micros": str(price)})
