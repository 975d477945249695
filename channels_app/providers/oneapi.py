"""Another one-api, new-api or Keyosk as upstream. Calls carry the hops they have made, so that two relays never ask each other for ever.

Errors of these relays end in `(request id: …)`, often several levels deep, and tell of spent tokens in Chinese words.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation

from channels_app import dashboard_billing
from channels_app.contract import ChannelFacts, ChannelKey, Failure, FailureKind, UpstreamHead
from channels_app.inquiry import Balance, Inquiry
from channels_app.provider import Field, Provider, gettext_noop

_REQUEST_ID = re.compile(r"\s*[(（]\s*request[ _]id:[^()（）]*[)）]", re.IGNORECASE)
_NO_QUOTA = re.compile(r"额度已用尽|额度不足|余额不足|quota is not enough|insufficient (user )?quota|token quota", re.IGNORECASE)
_BUSY = re.compile(r"负载已饱和")


class OneAPI(Provider):
    slug = "oneapi"
    label = "one-api, new-api or Keyosk"
    needs_address = True
    tells_cost = True
    fields = (
        Field(
            "units_per_dollar",
            gettext_noop("Units per dollar"),
            default="1",
            help=gettext_noop("1 where the relay shows its balance in dollars; 500000 where it tells its own quota units."),
        ),
    )

    def may_lead_back(self, channel: ChannelFacts) -> bool:
        return True

    def cost_told(self, head: UpstreamHead) -> int | None:
        """Read what a Keyosk says; the others say nothing."""
        told = head.headers.get("x-keyosk-cost-micros", "")
        return int(told) if told.isdecimal() and len(told) < 13 else None

    def classify(self, failure: Failure, body: bytes) -> Failure:
        told = replace(failure, message=_REQUEST_ID.sub("", failure.message).strip())
        if _NO_QUOTA.search(told.message):
            return replace(told, kind=FailureKind.NO_QUOTA)
        return replace(told, kind=FailureKind.RATE_LIMITED) if _BUSY.search(told.message) else told

    def balance(self, channel: ChannelFacts, key: ChannelKey, *, today: date) -> Inquiry[Balance]:
        address, headers = self.address(channel, "/dashboard/billing"), self.authorize(channel, key)
        return dashboard_billing.balance(address, headers, today=today, units_per_dollar=_units(channel.options.get("units_per_dollar")))


def _units(value: object) -> Decimal:
    try:
        units = Decimal(str(value or 1))
    except InvalidOperation:
        return Decimal(1)
    return units if units.is_finite() and units > 0 else Decimal(1)
