"""Volcengine Ark (Doubao), which speaks like OpenAI; the model is an endpoint `ep-…` or a model's id."""

from __future__ import annotations

from channels_app import codes
from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import fit
from channels_app.provider import Provider


class Volcengine(Provider):
    slug = "volcengine"
    label = "Volcengine Ark (Doubao)"
    base_url = "https://ark.cn-beijing.volces.com/api/v3"
    default_models = ("doubao-seed-1-6-250615", "doubao-1-5-pro-32k-250115")
    operations = frozenset({"chat", "embeddings", "images"})
    codes = codes.ARK

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Bots have a path of their own."""
        is_bot = channel.upstream(call.model).startswith("bot") and encoded.path == "/chat/completions"
        made = fit(encoded, knows_developer=False)
        return made._replace(path="/bots/chat/completions") if is_bot else made
