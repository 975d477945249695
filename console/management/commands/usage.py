"""Show the last calls of a sub-key: what they used, what they cost, how they ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from accounts.models import ApiKey
from billing.money import format_usd
from console.management.output import Verb
from gateway import selectors
from gateway.models import UsageRecord


class Command(Verb):
    help = "Show the last calls of a sub-key (by its prefix)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--key", required=True, metavar="PREFIX", help="the key's first characters, as the console shows them")
        parser.add_argument("--limit", type=int, default=20, help="how many calls (20)")
        parser.add_argument("--before", type=UUID, metavar="ID", help="go on with the calls older than this one")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        keys = list(ApiKey.objects.filter(prefix__startswith=options["key"][:10])[:2])
        if len(keys) != 1:
            self.fail(f"{'No' if not keys else 'More than one'} sub-key begins with {options['key'][:10]}.")
        rows = selectors.latest(key_id=keys[0].pk, limit=options["limit"], before=options["before"])
        self.emit([_json(row) if self.as_json else _line(row) for row in rows])


def _json(row: UsageRecord) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "created_at": row.created_at.isoformat(),
        "model": row.model,
        "channel": row.channel_id,
        "tried": row.tried,
        "reasons": row.reasons,
        "error": row.error,
        "usage": row.usage,
        "source": row.usage_source,
        "price_micros": row.price_micros,
        "cost_micros": row.cost_micros,
        "status": row.status,
        "stream": row.is_stream,
        "first_ms": row.first_ms,
        "total_ms": row.total_ms,
    }


def _line(row: UsageRecord) -> dict[str, Any]:
    return {
        "time": row.created_at.strftime("%Y-%m-%d %H:%M:%S"),
        "model": row.model,
        "usage": row.usage,
        "source": row.usage_source,
        "price": format_usd(row.price_micros),
        "status": f"{row.status} {row.error}".strip(),
        "ms": row.total_ms,
        "id": str(row.id),
    }
