"""Anthropic's own API, and relays that speak its Messages protocol at a base address of their own."""

from __future__ import annotations

from collections.abc import Sequence

from channels_app import end_users, inquiry
from channels_app.contract import ChannelFacts, ChannelKey, UpstreamRequest
from channels_app.inquiry import Inquiry
from channels_app.provider import Field, Provider, gettext_noop

# Tokens of a signed-in account, not API keys: they travel as Bearer only.
_OAUTH = "sk-ant-oat"
_MOST_PAGES = 5


class Anthropic(Provider):
    slug = "anthropic"
    label = "Anthropic"
    dialect = "anthropic"
    base_url = "https://api.anthropic.com/v1"
    fields = (
        Field(
            "anthropic_version",
            gettext_noop("API version"),
            default="2023-06-01",
            help=gettext_noop("Sent for clients of other protocols; Anthropic's own clients say it themselves."),
        ),
        Field(
            "anthropic_beta",
            gettext_noop("Beta features"),
            help=gettext_noop("Sent as anthropic-beta for clients that name none, with commas between them."),
        ),
        Field(
            "max_tokens",
            gettext_noop("Output limit"),
            default="8192",
            help=gettext_noop("For clients that set none: Anthropic insists on one."),
        ),
        Field("thinking", gettext_noop("Way of thinking"), help=gettext_noop("adaptive or budget; empty: by the model's version.")),
    )
    default_models = ("claude-opus-4-8", "claude-sonnet-5-5", "claude-haiku-5-5")

    def end_user(self, channel: ChannelFacts) -> str:
        return end_users.ANTHROPIC

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        secret = key.secret.reveal()
        return (("authorization", f"Bearer {secret}"),) if secret.startswith(_OAUTH) else (("x-api-key", secret),)

    def list_models(self, channel: ChannelFacts, key: ChannelKey) -> Inquiry[Sequence[str]]:
        """Read the list page by page."""
        headers = (("anthropic-version", "2023-06-01"), *self.authorize(channel, key))
        found: list[str] = []
        after = ""
        for _ in range(_MOST_PAGES):
            reply = yield UpstreamRequest("GET", self.address(channel, "/models") + f"?limit=1000{after}", headers)
            rows = reply.json("data")
            found += [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
            if not reply.json().get("has_more") or not rows:
                break
            after = f"&after_id={found[-1]}"
        if not found:
            raise inquiry.NoAnswer("the answer lists no model")
        return found
