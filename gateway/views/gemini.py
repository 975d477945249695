"""Google's addresses: the model and what to do with it stand in the path, `/v1beta/models/{model}:{action}` (or `/v1/…`)."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from gateway import intake
from gateway.answers import Answer
from gateway.errors import RelayError
from gateway.requests import LeanRequest
from gateway.streams import EventStream
from gateway.views import schema
from gateway.views.base import RelayView
from gateway.views.chat import ANSWER, respond

_GENERATING = frozenset({"generateContent", "streamGenerateContent"})


class GenerateContent(RelayView):
    """An answer in Gemini's protocol; without `alt=sse` a stream is one JSON array."""

    media_types = schema.EVENTS

    @extend_schema(operation_id="generate_content", request=OpenApiTypes.OBJECT, responses=ANSWER)
    async def post(self, request: LeanRequest, model: str, action: str) -> Answer | EventStream:
        if action not in _GENERATING:
            raise RelayError("not_implemented", f"{action} is not offered here yet.")
        form = "sse" if request._request.GET.get("alt") == "sse" else "array"
        request.form = form if action == "streamGenerateContent" else ""
        return await respond(request, intake.hear("gemini", request._request.body, model=model, action=action, form=request.form))
