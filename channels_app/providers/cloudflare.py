"""Cloudflare Workers AI. Source: https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility/."""

from __future__ import annotations

from channels_app.addresses import join
from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import fit
from channels_app.provider import Field, Provider, gettext_noop


class Cloudflare(Provider):
    slug = "cloudflare"
    label = "Cloudflare Workers AI"
    base_url = "https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1"
    fields = (
        Field(
            "account_id",
            gettext_noop("Account ID"),
            help=gettext_noop("The 32 characters after dash.cloudflare.com/ in the dashboard's address."),
        ),
    )
    default_models = ("@cf/meta/llama-3.3-70b-instruct-fp8-fast",)
    operations = frozenset({"chat", "embeddings"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return fit(encoded, knows_developer=False)

    def address(self, channel: ChannelFacts, path: str) -> str:
        own = self.base_url.format(account_id=channel.options.get("account_id", ""))
        return join(channel.base_url or own, path)
