"""Perplexity: chat completions at the root of its address, without a version. Source: https://docs.perplexity.ai."""

from __future__ import annotations

from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import fit
from channels_app.provider import Provider


class Perplexity(Provider):
    slug = "perplexity"
    label = "Perplexity"
    base_url = "https://api.perplexity.ai"
    default_models = ("sonar", "sonar-pro")
    tells_cost = True
    operations = frozenset({"chat"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return fit(encoded, knows_developer=False)

    def address(self, channel: ChannelFacts, path: str) -> str:
        return (channel.base_url or self.base_url).rstrip("/").removesuffix(path) + path
