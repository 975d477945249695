"""360 Zhinao, which speaks like OpenAI. Its error codes are not documented in public: status and words decide."""

from __future__ import annotations

from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import classic
from channels_app.provider import Provider


class Zhinao(Provider):
    slug = "zhinao"
    label = "360 Zhinao"
    base_url = "https://api.360.cn/v1"
    default_models = ("360gpt2-pro", "360gpt-turbo", "360gpt-pro")
    operations = frozenset({"chat", "embeddings", "images"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return classic(encoded)
