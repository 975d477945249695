"""GET /v1/receipts/<id>: what a call cost and why, for the sub-key that made it."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from billing import arithmetic
from billing.money import MICROS
from foundation import db
from gateway import selectors
from gateway.answers import Answer
from gateway.errors import RelayError
from gateway.models import UsageRecord
from gateway.requests import LeanRequest
from gateway.views.base import RelayView


class Receipt(RelayView):
    """One call of this sub-key, by the `x-request-id` of its answer."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    async def get(self, request: LeanRequest, receipt: str) -> Answer:
        found = await db.query(_receipt, receipt, request.caller.id)
        if found is None:
            raise RelayError("receipt_not_found")
        return Answer(orjson.dumps(found))


def _receipt(text: str, key_id: int) -> dict[str, Any] | None:
    try:
        identifier = uuid.UUID(text.removeprefix("req_"))
    except ValueError:
        return None
    row = selectors.call_of(key_id=key_id, identifier=identifier)
    return None if row is None else _told(row)


def _told(row: UsageRecord) -> dict[str, Any]:
    """Return what the customer may know of a call: no channel, no cost, no part of anybody else."""
    sums = arithmetic.explain(
        tenant_id=row.tenant_id, book=row.book, usage=row.usage, price_micros=row.price_micros, numerator=int(row.numerator)
    )
    return {
        "id": str(row.id),
        "object": "receipt",
        "created": int(row.created_at.timestamp()),
        "model": row.model,
        "status": row.status,
        "error": row.error or None,
        "stream": row.is_stream,
        "usage": row.usage,
        "usage_source": row.usage_source,
        "items": None if sums is None else [_item(item) for item in sums.items],
        "price_per_call_micros": None if sums is None else sums.per_call_micros,
        "context_above": None if sums is None else sums.above,
        "numerator": str(int(row.numerator)),
        "denominator": MICROS,
        "rounding": "up, once",
        "price_micros": row.price_micros,
        "price_usd": f"{row.price_micros // MICROS}.{row.price_micros % MICROS:06d}",
        "free": sums is not None and sums.is_free,
    }


def _item(item: arithmetic.Item) -> dict[str, Any]:
    return {"name": item.name, "count": item.count, "price_micros_per_million": item.price, "product": str(item.product)}
