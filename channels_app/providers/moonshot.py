"""Moonshot's Kimi, which speaks like OpenAI. Abroad the base is https://api.moonshot.ai/v1, with keys and currency of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from channels_app import bounds, codes, inquiry, turns
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, UpstreamRequest
from channels_app.fitting import classic, messages_changed, rewritten
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Provider

_REASONING = ("kimi-k2.5", "kimi-k2.6", "kimi-k2-thinking", "kimi-thinking", "k2.5", "k2.6", "k3", "kimi-k3")
_LEAST_FOR_MANY = 0.3
_NUDGE = "Call one of the tools now."


class Moonshot(Provider):
    slug = "moonshot"
    label = "Moonshot Kimi"
    base_url = "https://api.moonshot.cn/v1"
    default_models = ("kimi-k2.5", "moonshot-v1-auto", "moonshot-v1-128k")
    operations = frozenset({"chat"})
    codes = codes.MOONSHOT

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Say what the vendor understands: bounds, names, plain text, reasoning beside tool calls."""
        if call.operation != "chat":
            return encoded
        chat, is_reasoning = call.chat, channel.upstream(call.model).startswith(_REASONING)
        changes, without = _numbers(chat, is_reasoning=is_reasoning)
        changes |= messages_changed(chat.get("messages") or (), _filled if is_reasoning else _flat)
        if chat.get("tool_choice") == "required":
            without.append("tool_choice")
            said: Sequence[Any] = changes.get("messages") or chat.get("messages") or ()
            changes["messages"] = [*said, {"role": "user", "content": _NUDGE}]
        if chat.get("functions"):
            without += ["functions", "function_call"]
            changes["tools"] = [{"type": "function", "function": one} for one in chat["functions"]]
        return classic(rewritten(encoded, changes, without=without))

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Ask for what can be spent: yuan at home, dollars abroad."""
        address = self.address(channel, "/users/me/balance")
        reply = yield UpstreamRequest("GET", address, self.authorize(channel, key))
        return Balance(inquiry.amount(reply.json("data", "available_balance")), "USD" if "moonshot.ai" in address else "CNY")


def _numbers(chat: Mapping[str, Any], *, is_reasoning: bool) -> tuple[dict[str, Any], list[str]]:
    """Return what of the numbers changes, and what goes."""
    changes: dict[str, Any] = {}
    without: list[str] = []
    if is_reasoning:
        without += ["temperature"] if chat.get("temperature") not in {None, 1} else []
    else:
        least = _LEAST_FOR_MANY if (chat.get("n") or 1) > 1 else 0
        changes |= bounds.changed(chat, temperature=(least, 1))
    return changes, without


def _flat(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message of text parts as one text; pictures keep their parts."""
    is_text = isinstance(message.get("content"), list) and not turns.has_media([message])
    return {**message, "content": turns.text_of(message["content"])} if is_text else message


def _filled(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message whose calls of tools come with some reasoning, which the vendor demands to see again."""
    lacks = message.get("role") == "assistant" and message.get("tool_calls") and not message.get("reasoning_content")
    return {**message, "reasoning_content": " "} if lacks else message
