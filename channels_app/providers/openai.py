"""OpenAI, and every vendor or relay that speaks its protocol at a base address of its own."""

from __future__ import annotations

from datetime import date, timedelta

from channels_app import inquiry
from channels_app.contract import ChannelFacts, ChannelKey, UpstreamRequest
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Field, Provider

# What relays of the one-api family report for an account without a limit: it says nothing.
_UNLIMITED = 100_000_000


class OpenAI(Provider):
    slug = "openai"
    label = "OpenAI or compatible"
    base_url = "https://api.openai.com/v1"
    fields = (
        Field("organization", "Organization", help="Sent as OpenAI-Organization."),
        Field("project", "Project", help="Sent as OpenAI-Project."),
        Field("strip", "Fields to leave out", help="Names of request fields this upstream refuses, with commas between them."),
    )
    default_models = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini")

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        headers = super().authorize(channel, key) if key.secret.reveal() else ()
        named = (("openai-organization", channel.options.get("organization")), ("openai-project", channel.options.get("project")))
        return headers + tuple((name, str(value)) for name, value in named if value)

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Ask as relays of the one-api family (and OpenAI, long ago) answer: a limit in dollars, and cents used of it."""
        headers = self.authorize(channel, key)
        billing = self.address(channel, "/dashboard/billing")
        subscription = yield UpstreamRequest("GET", f"{billing}/subscription", headers)
        limit = inquiry.amount(subscription.json("hard_limit_usd"))
        if limit >= _UNLIMITED:
            raise inquiry.NoAnswer("the account has no limit")
        since = today.replace(day=1) if subscription.json().get("has_payment_method") else today - timedelta(days=100)
        usage = yield UpstreamRequest("GET", f"{billing}/usage?start_date={since}&end_date={today + timedelta(days=1)}", headers)
        return Balance(limit - inquiry.amount(usage.json("total_usage")) / 100, "USD")
