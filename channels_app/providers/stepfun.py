"""StepFun, which speaks like OpenAI; refused content has status 451."""

from __future__ import annotations

from datetime import date

from channels_app import inquiry
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, UpstreamRequest
from channels_app.fitting import classic
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Provider


class StepFun(Provider):
    slug = "stepfun"
    label = "StepFun"
    base_url = "https://api.stepfun.com/v1"
    default_models = ("step-2-16k", "step-1-8k", "step-1v-8k")
    operations = frozenset({"chat", "images"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return classic(encoded)

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Ask for the account; the shape of this answer is not documented in public: `balance` is strict."""
        reply = yield UpstreamRequest("GET", self.address(channel, "/accounts"), self.authorize(channel, key))
        return Balance(inquiry.amount(reply.json("balance")), "CNY")
