"""Tencent Hunyuan by the interface that speaks like OpenAI."""

from __future__ import annotations

from channels_app import codes
from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import classic
from channels_app.provider import Provider


class Hunyuan(Provider):
    slug = "hunyuan"
    label = "Tencent Hunyuan"
    base_url = "https://api.hunyuan.cloud.tencent.com/v1"
    default_models = ("hunyuan-turbos-latest", "hunyuan-t1-latest", "hunyuan-lite")
    operations = frozenset({"chat", "embeddings"})
    codes = codes.HUNYUAN

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return classic(encoded)
