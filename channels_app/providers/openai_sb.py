"""OpenAI-SB, a relay that speaks like OpenAI. It has no public documentation; what an account holds is asked as one-api asks it."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from channels_app import addresses, inquiry
from channels_app.contract import ChannelFacts, ChannelKey, UpstreamRequest
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Provider


class OpenAISB(Provider):
    slug = "openai_sb"
    label = "OpenAI-SB"
    base_url = "https://api.openai-sb.com/v1"
    default_models = ("gpt-4o-mini", "gpt-4o")

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Ask for the credit, in the relay's own units. It takes the key in the address and nowhere else."""
        page = addresses.origin(channel.base_url or self.base_url) + "/sb-api/user/status"
        reply = yield UpstreamRequest("GET", f"{page}?{urlencode({'api_key': key.secret.reveal()})}", ())
        return Balance(inquiry.amount(reply.json("data", "credit")), "credits")
