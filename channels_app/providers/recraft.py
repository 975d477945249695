"""Recraft, pictures alone, in OpenAI's words and some of its own (`style`, `substyle`, `controls`). Source: https://www.recraft.ai/docs."""

from __future__ import annotations

from datetime import date

from channels_app import inquiry
from channels_app.contract import ChannelFacts, ChannelKey, UpstreamRequest
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Provider


class Recraft(Provider):
    slug = "recraft"
    label = "Recraft"
    base_url = "https://external.api.recraft.ai/v1"
    default_models = ("recraftv3", "recraftv4_1")
    operations = frozenset({"images"})

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Ask for the API units (a thousand are a dollar). The answer also holds personal data: nothing of it but the amount is kept."""
        reply = yield UpstreamRequest("GET", self.address(channel, "/users/me"), self.authorize(channel, key))
        return Balance(inquiry.amount(reply.json("credits")), "units")
