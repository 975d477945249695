"""DeepSeek, which speaks like OpenAI and tells hits of its cache beside the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from channels_app import inquiry
from channels_app.addresses import origin
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, UpstreamRequest
from channels_app.fitting import classic, rewritten
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Provider


class DeepSeek(Provider):
    slug = "deepseek"
    label = "DeepSeek"
    base_url = "https://api.deepseek.com/v1"
    default_models = ("deepseek-chat", "deepseek-reasoner")

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Keep the tools it knows: functions. What the client replays of the reasoning passes as it is."""
        tools = call.chat.get("tools") or ()
        kept = [tool for tool in tools if tool.get("type") == "function"]
        made = encoded if len(kept) == len(tools) else rewritten(encoded, {"tools": kept} if kept else {}, without=("tools",))
        return classic(made)

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
