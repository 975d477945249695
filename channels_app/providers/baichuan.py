"""Baichuan, which speaks like OpenAI. Its error codes are not documented in public: status and words decide."""

from __future__ import annotations

from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import classic
from channels_app.provider import Provider


class Baichuan(Provider):
    slug = "baichuan"
    label = "Baichuan"
    base_url = "https://api.baichuan-ai.com/v1"
    default_models = ("Baichuan4-Turbo", "Baichuan2-Turbo")
    operations = frozenset({"chat", "embeddings"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return classic(encoded)
