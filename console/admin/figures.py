"""How values are written in lists: figures that stand in columns, states as coloured labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from billing import money

A = TypeVar("A")
M = TypeVar("M")


def usd(micros: int | None) -> SafeString:
    """Write micro-USD as dollars, digits aligned; nothing for None."""
    return number("" if micros is None else money.format_usd(micros))


def label(
    *, description: str | Promise, colours: Mapping[str, str], ordering: str | None = None
) -> Callable[[Callable[[A, M], tuple[str, str]]], Callable[[A, M], tuple[str, str]]]:
    """Show a column's (state, text) as a label; `colours` names Unfold's variant for each state."""

    def decorate(column: Callable[[A, M], tuple[str, str]]) -> Callable[[A, M], tuple[str, str]]:
        decorated: Callable[[A, M], tuple[str, str]] = display(column, description=description, ordering=ordering, label=dict(colours))
        return decorated

    return decorate


def number(text: object) -> SafeString:
    """Write any figure with digits of equal width."""
    return format_html('<span class="k-num">{}</span>', text)


def lines(texts: Iterable[object]) -> SafeString:
    """Write several short texts below one another."""
    return format_html_join("", '<div class="k-num">{}</div>', ((text,) for text in texts))


def mono(text: object) -> SafeString:
    """Write an identifier in a fixed-width face."""
    return format_html('<span class="k-mono">{}</span>', text)
