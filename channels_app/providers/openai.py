"""OpenAI, and every vendor or relay that speaks its protocol at a base address of its own."""

from __future__ import annotations

from datetime import date

from channels_app import dashboard_billing
from channels_app.chat_request import is_thinking
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded
from channels_app.faces import CHAT
from channels_app.fitting import thoughtful
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Field, Provider, gettext_noop

_CHAT = "/chat/completions"


class OpenAI(Provider):
    slug = "openai"
    label = "OpenAI or compatible"
    base_url = "https://api.openai.com/v1"
    fields = (
        Field("organization", gettext_noop("Organization"), help=gettext_noop("Sent as OpenAI-Organization.")),
        Field("project", gettext_noop("Project"), help=gettext_noop("Sent as OpenAI-Project.")),
        Field(
            "protocol",
            gettext_noop("Protocol"),
            help=gettext_noop("chat, responses, or both: as the client speaks. Empty: both at OpenAI itself, chat elsewhere."),
        ),
    )
    default_models = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini")

    def dialect_of(self, call: Call, channel: ChannelFacts) -> str:
        """Return Responses for clients that speak it, where the channel offers both, and for everybody where it offers nothing else."""
        if call.operation != CHAT:
            return self.dialect
        protocol = channel.options.get("protocol") or ("chat" if channel.base_url else "both")
        is_responses = protocol == "responses" or (protocol == "both" and call.dialect == "responses")
        return "responses" if is_responses else self.dialect

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """At OpenAI itself, fit chats to models that reason; what compatible services take is theirs to say."""
        if channel.base_url or encoded.path != _CHAT or not is_thinking(call, channel.upstream(call.model)):
            return encoded
        return thoughtful(encoded, effort=call.chat.get("reasoning_effort"))

    def end_user(self, channel: ChannelFacts) -> str:
        return "user" if channel.base_url else "safety_identifier"

    def may_lead_back(self, channel: ChannelFacts) -> bool:
        return bool(channel.base_url)

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        headers = super().authorize(channel, key) if key.secret.reveal() else ()
        named = (("openai-organization", channel.options.get("organization")), ("openai-project", channel.options.get("project")))
        return headers + tuple((name, str(value)) for name, value in named if value)

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Ask as relays of the one-api family answer; OpenAI itself did so long ago."""
        return dashboard_billing.balance(self.address(channel, "/dashboard/billing"), self.authorize(channel, key), today=today)
