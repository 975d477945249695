"""DeepSeek, which speaks like OpenAI and tells hits of its cache beside the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from channels_app import inquiry
from channels_app.addresses import origin
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, Failure, FailureKind, UpstreamRequest
from channels_app.fitting import classic, messages_changed, rewritten
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Provider


class DeepSeek(Provider):
    slug = "deepseek"
    label = "DeepSeek"
    base_url = "https://api.deepseek.com/v1"
    default_models = ("deepseek-chat", "deepseek-reasoner")
    operations = frozenset({"chat"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Keep the tools it knows: functions. What the client replays of the reasoning passes as it is."""
        tools = call.chat.get("tools") or ()
        kept = [tool for tool in tools if tool.get("type") == "function"]
        made = encoded if len(kept) == len(tools) else rewritten(encoded, {"tools": kept} if kept else {}, without=("tools",))
        return classic(made)

    def mend(self, call: Call, failure: Failure) -> Call | None:
        """Ask once more as the error text wants it: earlier answers with some reasoning, or without any."""
        if failure.kind is not FailureKind.BAD_REQUEST or "reasoning_content" not in failure.message or call.dialect != "openai":
            return None
        wants = "must be passed back" in failure.message
        change = messages_changed(call.fields.get("messages") or (), _with_reasoning if wants else _without_reasoning)
        fields = {**call.fields, **change}
        return replace(call, fields=fields, body=orjson.dumps(fields)) if change else None

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        """Ask for the account; amounts are texts, one for each currency. Money that may not be spent counts as none."""
        address = origin(channel.base_url or self.base_url) + "/user/balance"
        reply = yield UpstreamRequest("GET", address, self.authorize(channel, key))
        found = [_amount(row) for row in reply.json("balance_infos")]
        if not found:
            raise inquiry.NoAnswer("the account has no currency")
        best = max(found, key=lambda one: one.amount > 0)
        return best if reply.json("is_available") else Balance(min(Decimal(0), best.amount), best.currency)


def _amount(row: Mapping[str, Any]) -> Balance:
    return Balance(inquiry.amount(row.get("total_balance")), str(row.get("currency")))


def _with_reasoning(message: Mapping[str, Any]) -> Mapping[str, Any]:
    lacks = message.get("role") == "assistant" and not message.get("reasoning_content")
    return {**message, "reasoning_content": " "} if lacks else message


def _without_reasoning(message: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in message.items() if name != "reasoning_content"} if "reasoning_content" in message else message
