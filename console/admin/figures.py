"""How money and tokens are written in lists: figures that stand in columns."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing import money


def usd(micros: int | None) -> SafeString:
    """Write micro-USD as dollars, digits aligned; nothing for None."""
    return number("" if micros is None else money.format_usd(micros))


def number(text: object) -> SafeString:
    """Write any figure with digits of equal width."""
    return format_html('<span class="k-num">{}</span>', text)


def mono(text: object) -> SafeString:
    """Write an identifier in a fixed-width face."""
    return format_html('<span class="k-mono">{}</span>', text)
