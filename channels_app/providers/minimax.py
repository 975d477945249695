"""MiniMax by the interface that speaks like OpenAI; errors stand in `base_resp` of a 200. Abroad the base is api.minimax.io."""

from __future__ import annotations

from channels_app import bounds, codes
from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import classic, rewritten
from channels_app.provider import Provider

_LIMITS = {"temperature": (bounds.LEAST, 1), "top_p": (bounds.LEAST, 1)}


class MiniMax(Provider):
    slug = "minimax"
    label = "MiniMax"
    base_url = "https://api.minimaxi.com/v1"
    default_models = ("MiniMax-M2.5", "MiniMax-M2", "MiniMax-Text-01")
    operations = frozenset({"chat"})
    codes = codes.MINIMAX

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return classic(rewritten(encoded, bounds.changed(call.chat, **_LIMITS))) if call.operation == "chat" else encoded
