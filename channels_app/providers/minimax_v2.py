"""MiniMax by its older interface chatcompletion_v2: almost OpenAI's, errors stand in `base_resp` of a 200."""

from __future__ import annotations

from typing import Any

from channels_app import bounds, codes
from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import classic, rewritten
from channels_app.provider import Provider

_MOST_OUTPUT = 2048
_LIMITS = {"temperature": (bounds.LEAST, 1), "top_p": (bounds.LEAST, 1)}


class MiniMaxV2(Provider):
    slug = "minimax_v2"
    label = "MiniMax (chatcompletion_v2)"
    base_url = "https://api.minimaxi.com/v1"
    default_models = ("MiniMax-Text-01", "abab6.5s-chat")
    codes = codes.MINIMAX
    operations = frozenset({"chat"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Go to the path of v2, within its bounds."""
        changes: dict[str, Any] = bounds.changed(call.chat, **_LIMITS)
        limit = bounds.output_limit(call.chat)
        if limit is not None and (limit > _MOST_OUTPUT or "max_completion_tokens" in call.chat):
            changes["max_tokens"] = min(limit, _MOST_OUTPUT)
        made = classic(rewritten(encoded, changes, without=("max_completion_tokens",)))
        return made._replace(path="/text/chatcompletion_v2")
