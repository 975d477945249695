"""Alibaba Tongyi (Qwen) in its compatible mode, which speaks like OpenAI."""

from __future__ import annotations

import re
from typing import Any

from channels_app import bounds, codes, dashscope_texts
from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import classic, rewritten
from channels_app.provider import Provider

# These answer in streams alone.
_STREAMING = re.compile(r"qwq|qvq|qwen3-\d", re.I)
_LIMITS = {"temperature": (0, 1.99), "top_p": (0.001, 1.0)}


class DashScopeCompatible(Provider):
    slug = "dashscope_compatible"
    label = "Alibaba DashScope (compatible mode)"
    base_url = "https://dashscope.aliyuncs.com/compatible-mode/v1"
    default_models = ("qwen-plus", "qwen-max", "qwen-turbo", "qwen3-max")
    operations = frozenset({"chat", "embeddings"})
    codes = codes.DASHSCOPE

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Ask for a stream where the model, or its thinking, is told in streams alone; it is put together for the client."""
        dashscope_texts.check(call, channel)
        if call.operation != "chat":
            return encoded
        changes: dict[str, Any] = bounds.changed(call.chat, **_LIMITS)
        needs_stream = _STREAMING.match(channel.upstream(call.model)) or call.chat.get("enable_thinking")
        if needs_stream and not call.is_stream:
            changes |= {"stream": True, "stream_options": {"include_usage": True}}
        return classic(rewritten(encoded, changes))
