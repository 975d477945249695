"""xAI (Grok). Its reasoning tokens may stand outside the completion's; `chat_usage` tells by the total. Source: https://docs.x.ai."""

from __future__ import annotations

from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import fit
from channels_app.provider import Provider

# Models that reason refuse these; only the oldest do not reason.
_REFUSED = ("presence_penalty", "frequency_penalty", "stop")
_PLAIN = ("grok-2", "grok-3-fast", "grok-beta")


class XAI(Provider):
    slug = "xai"
    label = "xAI (Grok)"
    base_url = "https://api.x.ai/v1"
    default_models = ("grok-4", "grok-code-fast-1")
    operations = frozenset({"chat", "images"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return fit(encoded, drops=() if channel.upstream(call.model).startswith(_PLAIN) else _REFUSED)
