"""Azure OpenAI: a resource's own address, deployments in place of models, its content filter's words.

Two addresses: `/openai/v1`, where the body names the deployment, and the dated one, where the path does and `api-version` dates it.
Source: https://learn.microsoft.com/azure/ai-foundry/openai/reference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import orjson

from channels_app.chat_request import is_thinking
from channels_app.contract import JSON, Call, ChannelFacts, ChannelKey, Encoded, Failure, FailureKind, UpstreamRequest
from channels_app.fitting import thoughtful
from channels_app.inquiry import Inquiry
from channels_app.provider import Field, Provider, gettext_noop

_BY_DEPLOYMENT = frozenset(
    {
        "/audio/speech", "/audio/transcriptions", "/audio/translations", "/chat/completions", "/completions", "/embeddings",
        "/images/edits", "/images/generations",
    }
)  # fmt: skip
_CHAT = "/chat/completions"
# Dated versions before this one refuse `stream_options`.
_COUNTS_STREAMS_SINCE = "2024-09-01"
_FILTERED = (b"ResponsibleAIPolicyViolation", b"content_filter_result")


class Azure(Provider):
    slug = "azure"
    label = "Azure OpenAI"
    needs_address = True
    fields = (
        Field(
            "api_version",
            gettext_noop("API version"),
            help=gettext_noop(
                "Empty for the address /openai/v1, which needs none; else the date of the older address, such as 2024-10-21."
            ),
        ),
        Field(
            "strip_dots",
            gettext_noop("Names without dots"),
            help=gettext_noop("“yes” where deployments are named after their models without the dots, as older portals demanded (gpt-41)."),
        ),
    )
    default_models = ("gpt-4.1", "gpt-4.1-mini", "gpt-4o-mini")
    operations = frozenset({"chat", "embeddings", "images", "image_edits", "speech", "transcriptions", "translations"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Name the deployment, in the path or in the body, and leave out what the dated version refuses."""
        deployment = deployment_of(call, channel)
        version = str(channel.options.get("api_version", "")).strip()
        if encoded.path == _CHAT and is_thinking(call, deployment):
            encoded = thoughtful(encoded, effort=call.chat.get("reasoning_effort"))
        if encoded.content_type == JSON:
            encoded = encoded._replace(body=_corrected(encoded.body, deployment, version))
        if not version:
            return encoded._replace(path=f"/openai/v1{encoded.path}")
        where = f"/deployments/{deployment}" if encoded.path in _BY_DEPLOYMENT else ""
        return encoded._replace(path=f"/openai{where}{encoded.path}?api-version={version}")

    def end_user(self, channel: ChannelFacts) -> str:
        return "user"

    def address(self, channel: ChannelFacts, path: str) -> str:
        """Put the path behind the resource's host, whatever part of an address the operator copied from the portal."""
        return re.split(r"/openai(?=/|$)|\?", channel.base_url.strip(), maxsplit=1)[0].rstrip("/") + path

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        """Send a key as `api-key`, a token of Entra ID (it is a JWT) as a bearer token."""
        secret = key.secret.reveal()
        return super().authorize(channel, key) if secret.startswith("eyJ") else (("api-key", secret),)

    def list_models(self, channel: ChannelFacts, key: ChannelKey) -> Inquiry[Sequence[str]]:
        """Read the models of the resource; a deployment may have another name."""
        reply = yield UpstreamRequest("GET", self.address(channel, "/openai/v1/models"), self.authorize(channel, key))
        return [str(row["id"]) for row in reply.json("data") if isinstance(row, dict) and row.get("id")]

    def classify(self, failure: Failure, body: bytes) -> Failure:
        if failure.status == 400 and any(mark in body for mark in _FILTERED):
            return replace(failure, kind=FailureKind.CONTENT_FILTER, code="content_filter")
        return failure


def deployment_of(call: Call, channel: ChannelFacts) -> str:
    """Return the deployment: as the channel maps it, else as Azure has always called `gpt-3.5`."""
    named = channel.upstream(call.model)
    if named != call.model:
        return named
    if str(channel.options.get("strip_dots", "")).lower() in {"yes", "true", "1", "on"}:
        return named.replace(".", "")
    return named.replace("gpt-3.5", "gpt-35")


def _corrected(body: bytes, deployment: str, version: str) -> bytes:
    is_old = bool(version) and version < _COUNTS_STREAMS_SINCE
    if not is_old and b'"data_sources"' not in body and (version or orjson.dumps(deployment) in body):
        return body
    fields = orjson.loads(body)
    if is_old or "data_sources" in fields:
        fields.pop("stream_options", None)
    return orjson.dumps({**fields, "model": deployment})
