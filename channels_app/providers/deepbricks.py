"""Deepbricks, a reseller that speaks like OpenAI. Its documentation is not public; what the protocol promises is assumed."""

from __future__ import annotations

from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import fit
from channels_app.provider import Provider


class Deepbricks(Provider):
    slug = "deepbricks"
    label = "Deepbricks"
    base_url = "https://api.deepbricks.ai/v1"
    default_models = ("gpt-4o-mini", "gpt-4o")

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return fit(encoded, drops=("stream_options",), knows_developer=False)
