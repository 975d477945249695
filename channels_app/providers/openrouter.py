"""OpenRouter. Source: https://openrouter.ai/docs/api-reference/overview.

Errors come with the upstream's status as a number in `error.code`, also inside a 200; `: OPENROUTER PROCESSING` is a comment.
"""

from __future__ import annotations

from datetime import date

from channels_app.contract import ChannelFacts, ChannelKey, UpstreamRequest
from channels_app.inquiry import Balance, Inquiry, NoAnswer, amount
from channels_app.provider import Field, Provider, gettext_noop


class OpenRouter(Provider):
    slug = "openrouter"
    label = "OpenRouter"
    base_url = "https://openrouter.ai/api/v1"
    fields = (
        Field(
            "referer",
            gettext_noop("Site address"),
            help=gettext_noop("Sent as HTTP-Referer: where OpenRouter's statistics say the calls come from."),
        ),
        Field("title", gettext_noop("Site name"), help=gettext_noop("Sent as X-OpenRouter-Title.")),
        Field(
            "management_key",
            gettext_noop("Management key"),
            is_secret=True,
            help=gettext_noop("Only to read the credits left; it cannot make calls."),
        ),
    )
    tells_cost = True
    default_models = ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4.5", "google/gemini-2.5-flash")

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        named = (("http-referer", channel.options.get("referer")), ("x-openrouter-title", channel.options.get("title")))
        return super().authorize(channel, key) + tuple((name, str(value)) for name, value in named if value)

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Read what the key may still spend; without such a limit, the account's credits by the management key."""
        reply = yield UpstreamRequest("GET", self.address(channel, "/key"), self.authorize(channel, key))
        left = reply.json("data", "limit_remaining")
        if left is not None:
            return Balance(amount(left), "USD")
        management = str(channel.options.get("management_key", ""))
        if not management:
            raise NoAnswer("the key has no limit of its own; the credits left are told to a management key only")
        bearer = (("authorization", f"Bearer {management}"),)
        reply = yield UpstreamRequest("GET", self.address(channel, "/credits"), bearer)
        return Balance(amount(reply.json("data", "total_credits")) - amount(reply.json("data", "total_usage")), "USD")
