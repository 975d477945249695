"""Together AI. Source: https://docs.together.ai/docs/openai-api-compatibility."""

from __future__ import annotations

from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import fit
from channels_app.provider import Provider


class Together(Provider):
    slug = "together"
    label = "Together AI"
    base_url = "https://api.together.xyz/v1"
    default_models = ("meta-llama/Llama-3.3-70B-Instruct-Turbo",)
    operations = frozenset({"chat", "embeddings", "images", "rerank", "transcriptions", "translations", "speech"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return fit(encoded, knows_developer=False)
