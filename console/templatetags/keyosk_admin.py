"""Template filters of the back office."""

from __future__ import annotations

from django import template

from billing import money

register = template.Library()


@register.filter
def usd(micros: int | None) -> str:
    """Write micro-USD as dollars."""
    return "—" if micros is None else money.format_usd(micros)
