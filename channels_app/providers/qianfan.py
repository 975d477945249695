"""Baidu Qianfan by its interface v2, which speaks like OpenAI, with a key of its console."""

from __future__ import annotations

from channels_app import codes
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded
from channels_app.fitting import classic
from channels_app.provider import Field, Provider, gettext_noop


class Qianfan(Provider):
    slug = "qianfan"
    label = "Baidu Qianfan (v2)"
    base_url = "https://qianfan.baidubce.com/v2"
    fields = (Field("appid", gettext_noop("Application id"), help=gettext_noop("Sent as appid.")),)
    default_models = ("ernie-4.5-turbo-128k", "ernie-x1-turbo-32k", "ernie-speed-128k")
    operations = frozenset({"chat", "embeddings", "images"})
    codes = codes.QIANFAN

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return classic(encoded)

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        appid = channel.options.get("appid")
        return super().authorize(channel, key) + ((("appid", str(appid)),) if appid else ())
