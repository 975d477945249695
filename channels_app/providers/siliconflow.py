"""SiliconFlow, which speaks like OpenAI. Gifts and money paid are two purses: `Pro/…` models take the second alone."""

from __future__ import annotations

from datetime import date

from channels_app import inquiry
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, UpstreamRequest
from channels_app.fitting import classic
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Provider

_OK = 20000


class SiliconFlow(Provider):
    slug = "siliconflow"
    label = "SiliconFlow"
    base_url = "https://api.siliconflow.cn/v1"
    default_models = ("deepseek-ai/DeepSeek-V3", "Qwen/Qwen3-32B")
    operations = frozenset({"chat", "embeddings", "images", "rerank"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return classic(encoded)

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Ask for the account. The answer also holds personal data: nothing of it but the amount is kept."""
        address = self.address(channel, "/user/info")
        reply = yield UpstreamRequest("GET", address, self.authorize(channel, key))
        if reply.json("code") != _OK:
            raise inquiry.NoAnswer("the vendor refuses to tell")
        return Balance(inquiry.amount(reply.json("data", "totalBalance")), "USD" if "siliconflow.com" in address else "CNY")
