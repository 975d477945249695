"""AIProxy, a relay that speaks like OpenAI. It has no public documentation; what an account holds is asked as one-api asks it."""

from __future__ import annotations

from datetime import date

from channels_app import addresses, inquiry
from channels_app.contract import ChannelFacts, ChannelKey, UpstreamRequest
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Provider


class AIProxy(Provider):
    slug = "aiproxy"
    label = "AIProxy"
    base_url = "https://api.aiproxy.io/v1"
    default_models = ("gpt-4o-mini", "gpt-4o")

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Ask for the points, at the site's own host instead of the API's, with the key in a header of its own."""
        site = addresses.origin(channel.base_url or self.base_url).replace("//api.", "//", 1)
        reply = yield UpstreamRequest("GET", f"{site}/api/report/getUserOverview", (("api-key", key.secret.reveal()),))
        return Balance(inquiry.amount(reply.json("data", "totalPoints")), "points")
