"""One answer of a model, whole or streamed, in the protocol the client speaks: the same steps for all of them."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema

from channels_app import registry
from channels_app.contract import Call
from gateway import dispatch, intake, process, streams
from gateway.answers import Answer
from gateway.requests import LeanRequest, header
from gateway.streams import EventStream
from gateway.views import schema
from gateway.views.base import RelayView

ANSWER = {200: OpenApiResponse(OpenApiTypes.OBJECT, description="An answer, or with streaming its parts as events.")}
CHAT = schema.body("model", "messages", messages=schema.turns("system", "user", "assistant"), max_tokens=schema.COUNT, **schema.ALL)
COMPLETION = schema.body("model", "prompt", prompt=schema.TEXTS, max_tokens=schema.COUNT, **schema.ALL)
RESPONSE = schema.body("model", "input", input=schema.TEXT, max_output_tokens=schema.COUNT, **schema.ALL)
MESSAGE = schema.body("model", "messages", "max_tokens", messages=schema.turns("user", "assistant"), max_tokens=schema.COUNT, **schema.ALL)


async def respond(request: LeanRequest, call: Call) -> Answer | EventStream:
    """Return the answer to a call; raise RelayError."""
    request.form = call.form
    conductor = await dispatch.begin(process.current(), request, call)
    if not call.is_stream:
        answer = await conductor.whole()
        return Answer(answer.body, fields={"x-keyosk-cost-micros": str(answer.price)})
    client = registry.client(call.dialect)
    head = streams.headers(request, client.stream_type(call))
    if request.link is not None:
        request.link.expect_stream(head, heartbeat=client.heartbeat(call))
    return EventStream(await conductor.next(), conductor, fields=head)


class ChatCompletions(RelayView):
    """A chat completion by the model named in the body, or in Azure's kind of address."""

    media_types = schema.EVENTS

    @extend_schema(operation_id="create_chat_completion", request=CHAT, responses=ANSWER)
    async def post(self, request: LeanRequest, model: str = "") -> Answer | EventStream:
        return await respond(request, intake.chat(request._request.body, model=model))


class Completions(RelayView):
    """The continuation of a prompt, by the older protocol."""

    media_types = schema.EVENTS

    @extend_schema(operation_id="create_completion", request=COMPLETION, responses=ANSWER)
    async def post(self, request: LeanRequest, model: str = "") -> Answer | EventStream:
        return await respond(request, intake.hear("completions", request._request.body, model=model))


class Responses(RelayView):
    """An answer in the Responses protocol."""

    media_types = schema.EVENTS

    @extend_schema(operation_id="create_response", request=RESPONSE, responses=ANSWER)
    async def post(self, request: LeanRequest) -> Answer | EventStream:
        return await respond(request, intake.hear("responses", request._request.body))


class Messages(RelayView):
    """An answer in Anthropic's protocol."""

    media_types = schema.EVENTS
    travelling: ClassVar[tuple[str, ...]] = ("anthropic-version", "anthropic-beta")

    @extend_schema(operation_id="create_message", request=MESSAGE, responses=ANSWER)
    async def post(self, request: LeanRequest) -> Answer | EventStream:
        found = ((name, header(request._request, name)) for name in self.travelling)
        call = intake.hear("anthropic", request._request.body, headers=tuple((name, value) for name, value in found if value))
        return await respond(request, call)
