"""The relay's addresses: one list for the lean door, for Django's own handlers and for the OpenAPI schema."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path, re_path

from gateway import tongues
from gateway.views import later
from gateway.views.base import RelayView
from gateway.views.billing import Subscription, Usage
from gateway.views.chat import ChatCompletions, Completions, Messages, Responses
from gateway.views.contents import BatchEmbedContents, EmbedContent
from gateway.views.counts import CountContents, CountTokens
from gateway.views.gemini import GenerateContent
from gateway.views.models import ModelDetail, ModelList
from gateway.views.operations import (
    EmbeddingsView,
    ImageEditsView,
    ImagesView,
    ImageVariationsView,
    ModerationsView,
    RerankView,
    SpeechView,
    TranscriptionsView,
    TranslationsView,
)
from gateway.views.receipts import Receipt
from gateway.views.revoke import RevokeKey

EXACT: dict[str, type[RelayView]] = {
    "/v1/chat/completions": ChatCompletions,
    "/v1/completions": Completions,
    "/v1/embeddings": EmbeddingsView,
    "/v1/moderations": ModerationsView,
    "/v1/rerank": RerankView,
    "/v1/images/generations": ImagesView,
    "/v1/images/edits": ImageEditsView,
    "/v1/images/variations": ImageVariationsView,
    "/v1/audio/speech": SpeechView,
    "/v1/audio/transcriptions": TranscriptionsView,
    "/v1/audio/translations": TranslationsView,
    "/v1/messages/count_tokens": CountTokens,
    "/v1/key/revoke": RevokeKey,
    "/v1/messages": Messages,
    "/v1/models": ModelList,
    "/v1/responses": Responses,
    "/v1/dashboard/billing/subscription": Subscription,
    "/v1/dashboard/billing/usage": Usage,
    "/dashboard/billing/subscription": Subscription,
    "/dashboard/billing/usage": Usage,
}
# Azure's clients name the model in the address, for exactly these.
DEPLOYED = frozenset(
    {
        "chat/completions", "completions", "embeddings", "images/generations", "images/edits", "audio/speech", "audio/transcriptions",
        "audio/translations",
    }
)  # fmt: skip
_DEPLOYMENTS = "/openai/deployments/"
_AZURE = "/openai/v1/"
# Where clients of Jina and Cohere look.
_ALIASES = {
    "/rerank": "/v1/rerank",
    "/v2/rerank": "/v1/rerank",
    "/openai/models": "/v1/models",
    "/openai/responses": "/v1/responses",
    "/v1beta/openai/chat/completions": "/v1/chat/completions",
    "/v1beta/openai/embeddings": "/v1/embeddings",
    "/v1beta/openai/models": "/v1/models",
    "/v1beta/models": "/v1/models",
}
# What Gemini's clients ask of a model beside generating: `/v1/models/<model>:<action>`, or below `/v1beta/`.
ACTIONS: dict[str, type[RelayView]] = {
    "countTokens": CountContents,
    "embedContent": EmbedContent,
    "batchEmbedContents": BatchEmbedContents,
}
# A model's id may contain slashes.
_MODELS = ("/v1/models/", "/v1beta/models/")
_RECEIPT = "/v1/receipts/"

urlpatterns: list[URLPattern] = [
    *(path(address[1:], view.as_view()) for address, view in EXACT.items()),
    *(path(f"v1beta/models/<path:model>:{action}", view.as_view()) for action, view in ACTIONS.items()),
    re_path(r"^v1/models/(?P<model>.+):(?P<action>[a-zA-Z]+Contents?|countTokens)$", GenerateContent.as_view()),
    path("v1/models/<path:model>", ModelDetail.as_view()),
    path("v1/receipts/<str:receipt>", Receipt.as_view()),
]

# What belongs to the relay, below the root and below every mount.
PREFIXES = ("/v1/", "/v1beta/", "/openai/", "/dashboard/billing/", "/rerank", "/v2/rerank", "/ws/google.")


def resolve(address: str) -> tuple[type[RelayView], dict[str, Any]] | None:
    """Return the view of a clean path and its arguments, or None."""
    view = EXACT.get(_ALIASES.get(address, address))
    if view is not None:
        return view, {}
    if address.startswith(_DEPLOYMENTS):
        return _deployed(address[len(_DEPLOYMENTS) :])
    if address.startswith(_AZURE):
        return resolve("/v1/" + address[len(_AZURE) :])
    if address.startswith(_MODELS):
        return _of_model(address)
    if address.startswith(_RECEIPT):
        return Receipt, {"receipt": address[len(_RECEIPT) :]}
    return (later.NotYet, {}) if later.is_later(address) else None


def resolve_socket(address: str) -> tuple[type[RelayView], dict[str, Any]] | None:
    """Return the view of a WebSocket's handshake at a clean path: a refusal, where something is."""
    return (later.NoSocket, {}) if resolve(address) is not None else None


def _of_model(address: str) -> tuple[type[RelayView], dict[str, Any]]:
    """Return the view of a model, or of what Gemini's clients ask of it."""
    named = tongues.action_of(address)
    if named is None:
        return ModelDetail, {"model": address.split("/models/", 1)[1]}
    model, action = named
    return (ACTIONS[action], {"model": model}) if action in ACTIONS else (GenerateContent, {"model": model, "action": action})


def _deployed(below: str) -> tuple[type[RelayView], dict[str, Any]] | None:
    """Return the view of an address in Azure's manner: `<model>/embeddings`."""
    model, _, rest = below.partition("/")
    view = EXACT.get(f"/v1/{rest}") if rest in DEPLOYED else None
    return (view, {"model": model}) if view is not None and model else None


def relay_path(mounts: tuple[str, ...]) -> Callable[[str, str], str | None]:
    """Return a function that tells the relay's paths from the pages': (method, clean path) → path below its mount, or None."""
    prefixes = tuple(sorted({mount.rstrip("/") for mount in mounts} - {""}, key=len, reverse=True))

    @functools.lru_cache(256)
    def find(method: str, address: str) -> str | None:
        if address.startswith(PREFIXES) or address == "/v1":
            return _once(address)
        for mount in prefixes:
            if address.startswith(mount + "/"):
                below = address[len(mount) :]
                return _once(below) if below.startswith(PREFIXES) else None
        # Some clients look at their base address first.
        return "/" if method in {"HEAD", "OPTIONS"} and (address == "/" or address in prefixes) else None

    return find


def _once(address: str) -> str:
    """Return the path of a client whose base address ended in /v1, and who put another /v1, or /v1beta, behind."""
    return address[3:] if address.startswith(("/v1/v1/", "/v1/v1beta/")) else address
