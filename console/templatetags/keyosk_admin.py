"""Template filters of the back office."""

from __future__ import annotations

from django import template

from accounts.models import AuditEvent
from billing import money

register = template.Library()


@register.filter
def usd(micros: int | None) -> str:
    """Write micro-USD as dollars."""
    return "—" if micros is None else money.format_usd(micros)


@register.filter
def changes(event: AuditEvent) -> list[tuple[str, object, object]]:
    """Return what an event changed: name, before, after; what was and is empty is left out."""
    names = list(dict.fromkeys([*event.before, *event.after]))
    rows = [(name, event.before.get(name), event.after.get(name)) for name in names]
    return [row for row in rows if not (_is_empty(row[1]) and _is_empty(row[2]))]


def _is_empty(value: object) -> bool:
    return value is None or value == "" or value == [] or value == {}
