"""POST /v1/chat/completions: one answer, whole or streamed."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema

from gateway import dispatch, intake, process, streams
from gateway.answers import Answer
from gateway.requests import LeanRequest
from gateway.streams import EventStream
from gateway.views.base import RelayView


class ChatCompletions(RelayView):
    """A chat completion by the model named in the body."""

    @extend_schema(
        operation_id="create_chat_completion",
        request=OpenApiTypes.OBJECT,
        responses={200: OpenApiResponse(OpenApiTypes.OBJECT, description="A completion, or with `stream` its chunks as events.")},
    )
    async def post(self, request: LeanRequest, model: str = "") -> Answer | EventStream:
        call = intake.chat(request._request.body, model=model)
        conductor = await dispatch.begin(process.current(), request, call)
        if not call.is_stream:
            answer = await conductor.whole()
            return Answer(answer.body, fields={"x-keyosk-cost-micros": str(answer.price)})
        head = streams.headers(request)
        if request.link is not None:
            request.link.expect_stream(head)
        frames = conductor.frames()
        return EventStream(await anext(frames, b""), frames, fields=head)
