"""A LiteLLM proxy of one's own. Source: https://docs.litellm.ai/docs/simple_proxy.

A spent budget is told by HTTP 422 (older: 429, 400) and by words alone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from channels_app.chat_usage import micros
from channels_app.contract import ChannelFacts, ChannelKey, Failure, FailureKind, UpstreamHead, UpstreamRequest
from channels_app.inquiry import Balance, Inquiry, NoAnswer, amount
from channels_app.provider import Provider


class LiteLLM(Provider):
    slug = "litellm"
    label = "LiteLLM proxy"
    needs_address = True
    tells_cost = True

    def may_lead_back(self, channel: ChannelFacts) -> bool:
        return True

    def cost_told(self, head: UpstreamHead) -> int | None:
        return micros(head.headers.get("x-litellm-response-cost"))

    def classify(self, failure: Failure, body: bytes) -> Failure:
        if b"Budget has been exceeded" in body:
            return replace(failure, kind=FailureKind.NO_QUOTA)
        return failure

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Read what is left of the virtual key's budget; one without a budget may spend without end."""
        address = self.address(channel, "/key/info").replace("/v1/key/info", "/key/info")
        reply = yield UpstreamRequest("GET", address, self.authorize(channel, key))
        most = reply.json("info", "max_budget")
        if most is None:
            raise NoAnswer("the key has no budget")
        return Balance(amount(most) - amount(reply.json("info", "spend")), "USD")
