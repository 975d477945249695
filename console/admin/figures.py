"""How values are written in lists: figures that stand in columns, states as coloured labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

A = TypeVar("A")
M = TypeVar("M")


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


def mono(text: object) -> SafeString:
    """Write an identifier in a fixed-width face."""
    return format_html('<span class="k-mono">{}</span>', text)
