"""SiliconFlow, which speaks like OpenAI. Gifts and money paid are two purses: `Pro/…` models take the second alone.

Pictures have words of their own: `image_size` and `batch_size` are asked for, the answer's list is called `images`.
"""

from __future__ import annotations

from datetime import date

import orjson

from channels_app import inquiry
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, UpstreamHead, UpstreamRequest
from channels_app.fitting import classic, fit
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Provider

_OK = 20000
_PICTURES = {"size": "image_size", "n": "batch_size"}


class _Pictures:
    """An answer whose list of pictures is called otherwise, kept back until it is whole."""

    def __init__(self) -> None:
        self._body = b""

    def feed(self, chunk: bytes) -> bytes:
        self._body += chunk
        return b""

    def end(self) -> bytes:
        """Return the answer as OpenAI writes it; what is no such answer stays as it is."""
        try:
            told = orjson.loads(self._body)
        except orjson.JSONDecodeError:
            return self._body
        if not isinstance(told, dict) or "images" not in told or told.get("data"):
            return self._body
        return orjson.dumps({"created": 0, "data": told["images"]})


class SiliconFlow(Provider):
    slug = "siliconflow"
    label = "SiliconFlow"
    base_url = "https://api.siliconflow.cn/v1"
    default_models = ("deepseek-ai/DeepSeek-V3", "Qwen/Qwen3-32B")
    operations = frozenset({"chat", "embeddings", "images", "rerank"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return fit(encoded, renames=_PICTURES) if call.operation == "images" else classic(encoded)

    def unframe(self, call: Call, head: UpstreamHead) -> _Pictures | None:
        return _Pictures() if call.operation == "images" and not call.is_stream else None

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Ask for the account. The answer also holds personal data: nothing of it but the amount is kept."""
        address = self.address(channel, "/user/info")
        reply = yield UpstreamRequest("GET", address, self.authorize(channel, key))
        if reply.json("code") != _OK:
            raise inquiry.NoAnswer("the vendor refuses to tell")
        return Balance(inquiry.amount(reply.json("data", "totalBalance")), "USD" if "siliconflow.com" in address else "CNY")
