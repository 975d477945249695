"""The billing pseudo-endpoints that chat clients and nested relays read a sub-key's balance from.

`hard_limit_usd` is what is left plus what was used, `total_usage` what was used in US cents: the difference is what the key may
still spend. With an allowance both speak of the key, and no key has more left than its tightest limit or its wallet; without
one they speak of the wallet. Dates in the query are ignored, as all relays of the family do. Source: one-api
`controller/billing.go`.
"""

from __future__ import annotations

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from accounts.keys import KeyFacts
from billing.money import MICROS
from foundation import db
from gateway import selectors
from gateway.answers import Answer
from gateway.requests import LeanRequest
from gateway.views.base import RelayView


class Subscription(RelayView):
    """What the sub-key has had in all."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    async def get(self, request: LeanRequest) -> Answer:
        key = request.caller
        left, used = await db.query(_left_and_used, key)
        dollars = round((left + used) / MICROS, 6)
        return _json(
            {
                "object": "billing_subscription",
                "has_payment_method": True,
                "soft_limit_usd": dollars,
                "hard_limit_usd": dollars,
                "system_hard_limit_usd": dollars,
                "access_until": int(key.expires_at.timestamp()) if key.expires_at else 0,
            }
        )


class Usage(RelayView):
    """What was used, in US cents."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    async def get(self, request: LeanRequest) -> Answer:
        key = request.caller
        _, used = await db.query(_left_and_used, key)
        return _json({"object": "list", "total_usage": round(used * 100 / MICROS, 4)})


def _left_and_used(key: KeyFacts) -> tuple[int, int]:
    return selectors.left_and_used(key_id=key.id, membership_id=key.membership_id)


def _json(value: dict[str, object]) -> Answer:
    return Answer(orjson.dumps(value))
