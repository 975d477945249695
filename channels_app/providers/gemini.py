"""Google Gemini by an API key of AI Studio, and relays that speak its protocol at a base address of their own."""

from __future__ import annotations

from collections.abc import Sequence

from channels_app import inquiry
from channels_app.contract import ChannelFacts, ChannelKey, UpstreamRequest
from channels_app.inquiry import Inquiry
from channels_app.provider import Field, Provider, gettext_noop


class Gemini(Provider):
    slug = "gemini"
    label = "Google Gemini"
    dialect = "gemini"
    base_url = "https://generativelanguage.googleapis.com/v1beta"
    fields = (
        Field(
            "safety",
            gettext_noop("Safety threshold"),
            default="BLOCK_NONE",
            help=gettext_noop("Sent for every category where the client says nothing: OFF, BLOCK_NONE, …"),
        ),
        Field("schema", gettext_noop("Schemas of tools"), help=gettext_noop("json or openapi; empty: by the model's version.")),
    )
    default_models = ("gemini-2.5-flash", "gemini-2.5-pro")

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        return (("x-goog-api-key", key.secret.reveal()),)

    def list_models(self, channel: ChannelFacts, key: ChannelKey) -> Inquiry[Sequence[str]]:
        """Read the list of models that generate content."""
        reply = yield UpstreamRequest("GET", self.address(channel, "/models") + "?pageSize=1000", self.authorize(channel, key))
        rows = [row for row in reply.json("models") if isinstance(row, dict)]
        found = [
            str(row["name"]).removeprefix("models/") for row in rows if "generateContent" in (row.get("supportedGenerationMethods") or ())
        ]
        if not found:
            raise inquiry.NoAnswer("the answer lists no model")
        return found
