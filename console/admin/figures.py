"""How values are written in lists: figures that stand in columns, states as coloured labels."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing import money

A = TypeVar("A")
M = TypeVar("M")
Column = Callable[[A, M], tuple[str, str]]
BADGE = "inline-block font-semibold rounded-default text-[11px] uppercase whitespace-nowrap h-6 leading-6 px-2"
BADGES = {
    "": "bg-base-500/8 text-base-700 dark:bg-base-500/20 dark:text-base-200",
    "info": "bg-blue-100 text-blue-700 dark:bg-blue-500/20 dark:text-blue-400",
    "danger": "bg-red-100 text-red-700 dark:bg-red-500/20 dark:text-red-400",
    "warning": "bg-orange-100 text-orange-700 dark:bg-orange-500/20 dark:text-orange-400",
    "success": "bg-green-100 text-green-700 dark:bg-green-500/20 dark:text-green-400",
    "primary": "bg-primary-100 text-primary-700 dark:bg-primary-500/20 dark:text-primary-400",
}


def usd(micros: int | None) -> SafeString:
    """Write micro-USD as dollars, digits aligned; nothing for None."""
    return number("" if micros is None else money.format_usd(micros))


def label(*, description: Any, colours: Mapping[str, str], ordering: str | None = None) -> Callable[[Column[A, M]], Any]:
    """Show a column's (state, text) as a coloured badge, in lists and on objects; `colours` names a colour of BADGES by state."""

    def decorate(column: Column[A, M]) -> Callable[[A, M], SafeString]:
        @admin.display(description=description, ordering=ordering)
        @functools.wraps(column)
        def shown(model_admin: A, row: M) -> SafeString:
            state, text = column(model_admin, row)
            return badge(text, colours.get(state, ""))

        return shown

    return decorate


def badge(text: object, colour: str = "") -> SafeString:
    """Write a short text on a coloured ground."""
    return format_html('<span class="{} {}">{}</span>', BADGE, BADGES.get(colour, BADGES[""]), text)


def flag(is_set: bool) -> SafeString:
    """Write yes or nothing: for facts where "no" is no alarm."""
    return badge(_("yes"), "info") if is_set else number("—")


def moment(at: datetime.datetime | None) -> SafeString:
    """Write a time in the viewer's zone, to the second, sortable by eye."""
    return number("—" if at is None else f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}")


def progress(done: int, total: int) -> SafeString:
    """Draw how far long work is, with the figures beside the bar."""
    text = f"{done:,} / {total:,}"
    return format_html('<progress value="{}" max="{}" aria-label="{}"></progress> {}', done, total, text, number(text))


def number(text: object) -> SafeString:
    """Write any figure with digits of equal width."""
    return format_html('<span class="k-num">{}</span>', text)


def lines(texts: Iterable[object]) -> SafeString:
    """Write several short texts below one another."""
    return format_html_join("", '<div class="k-num">{}</div>', ((text,) for text in texts))


def mono(text: object) -> SafeString:
    """Write an identifier in a fixed-width face."""
    return format_html('<span class="k-mono">{}</span>', text)
