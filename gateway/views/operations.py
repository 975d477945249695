"""The operations other than chat, each at its address: embeddings, moderations, rerank, images, audio."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema

from channels_app.contract import Call
from channels_app.forms import Form
from gateway import dispatch, intake, process, streams
from gateway.answers import Answer
from gateway.dispatch import Conductor
from gateway.requests import LeanRequest
from gateway.streams import EventStream
from gateway.views import schema
from gateway.views.base import RelayView


class OperationView(RelayView):
    """One operation; the model is named in the body, or by an address in Azure's manner (`model`)."""

    operation: ClassVar[str]
    media_types: ClassVar[tuple[str, ...]] = schema.EVENTS

    async def answer(self, request: LeanRequest, model: str) -> Answer | EventStream:
        """Make the call and return its answer."""
        conductor = await dispatch.begin(process.current(), request, await self.call(request, model))
        return await answered(request, conductor)

    async def call(self, request: LeanRequest, model: str) -> Call:
        """Read what is asked for; a file may have to be read from the disk."""
        upload: Form | None = getattr(request._request, "upload", None)
        if upload is None:
            return intake.operation(self.operation, request._request.body, model=model)
        return await asyncio.to_thread(intake.operation, self.operation, b"", upload=upload, model=model)


async def answered(request: LeanRequest, conductor: Conductor) -> Answer | EventStream:
    """Return a call's answer: whole, as events, or as bytes as they come."""
    call = conductor.call
    if not call.is_stream:
        answer = await conductor.whole()
        return Answer(answer.body, fields={"x-keyosk-cost-micros": str(answer.price), "content-type": answer.content_type})
    head = streams.headers(request)
    if request.link is not None and not call.binary:
        request.link.expect_stream(head)
    first = await conductor.next()
    if call.binary:
        head["content-type"] = conductor.content_type
    return EventStream(first, conductor, fields=head)


def _post(operation_id: str, description: str, **members: dict[str, Any]) -> Any:
    """Return a handler of its own for the schema, whose body has these members."""

    async def post(self: OperationView, request: LeanRequest, model: str = "") -> Answer | EventStream:
        return await self.answer(request, model)

    return extend_schema(
        operation_id=operation_id,
        request=schema.body("model", *members, model=schema.NAME, **members),
        responses={200: OpenApiResponse(OpenApiTypes.OBJECT, description=description)},
    )(post)


class EmbeddingsView(OperationView):
    """Vectors of texts or tokens."""

    operation = "embeddings"
    post = _post("create_embeddings", "The vectors, as numbers or base64.", input=schema.TEXTS)


class ModerationsView(OperationView):
    """Whether a content is harmful."""

    operation = "moderations"
    post = _post("create_moderation", "The categories and their scores.", input=schema.TEXTS)


class RerankView(OperationView):
    """Documents in the order of their relevance to a query."""

    operation = "rerank"
    post = _post("create_rerank", "The documents' places and scores.", query=schema.TEXT, documents=schema.TEXTS)


class ImagesView(OperationView):
    """Pictures from a text."""

    operation = "images"
    post = _post("create_image", "The pictures, or with `stream` events.", prompt=schema.TEXT)


class ImageEditsView(OperationView):
    """Pictures from pictures and a text."""

    operation = "image_edits"
    takes_forms = True
    post = _post("create_image_edit", "The pictures, or with `stream` events.")


class ImageVariationsView(OperationView):
    """Pictures like a picture."""

    operation = "image_variations"
    takes_forms = True
    post = _post("create_image_variation", "The pictures.")


class SpeechView(OperationView):
    """A text, spoken."""

    operation = "speech"
    media_types = (*schema.EVENTS, "audio/mpeg", "audio/opus", "audio/aac", "audio/flac", "audio/wav", "audio/pcm")
    post = _post("create_speech", "The sound as bytes, or with `stream_format: sse` events.", input=schema.TEXT, voice=schema.TEXT)


class TranscriptionsView(OperationView):
    """A sound, written down."""

    operation = "transcriptions"
    media_types = (*schema.EVENTS, "text/plain", "text/vtt")
    takes_forms = True
    post = _post("create_transcription", "The text in the format that was asked for.")


class TranslationsView(OperationView):
    """A sound, written down in English."""

    operation = "translations"
    media_types = (*schema.EVENTS, "text/plain", "text/vtt")
    takes_forms = True
    post = _post("create_translation", "The text in the format that was asked for.")
