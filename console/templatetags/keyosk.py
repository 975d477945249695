"""Template helpers of our own pages: hashed assets, money, dressed foreign fields."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.forms import BoundField
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing import money, quota_units, statements
from console.pages import amounts, offer, snippets
from console.pages.context import base_url
from foundation import browsers, qr
from foundation.forms import widget_classes

register = template.Library()


@functools.cache
def _fingerprint(path: str) -> str:
    found = finders.find(path)
    return hashlib.sha256(Path(str(found)).read_bytes()).hexdigest()[:10] if found else "0"


@register.simple_tag
def asset(path: str) -> str:
    """Address a static file by its content, so that browsers may keep it and still see a new version at once."""
    return f"{static(path)}?v={_fingerprint(path)}"


@register.simple_block_tag(takes_context=True)
def filters(context: template.Context, content: SafeString, *, is_narrowed: object) -> str:
    """Frame the fields that narrow a list; where it `is_narrowed`, with the way back to all of it."""
    told = {"fields": content, "is_narrowed": is_narrowed, "path": context["request"].path}
    return render_to_string("partials/filters.html", told)


@register.filter
def dressed(field: BoundField) -> SafeString:
    """Render a field of a foreign form (allauth's) with the house's classes."""
    own = str(field.field.widget.attrs.get("class", ""))
    classes = f"{widget_classes(field.field.widget, has_errors=bool(field.errors))} {own}".strip()
    return field.as_widget(attrs={"class": classes} if classes else {})


@register.filter
def widget_kind(field: BoundField) -> str:
    """Name the widget's type (`checkbox`, `hidden`, …): a check box has its label behind it."""
    return str(getattr(field.field.widget, "input_type", ""))


register.filter("qr", qr.data_uri)
register.filter("browser", browsers.name)
# Quota in the unit the shop shows it in; `price` and `cost_exact` are for what is charged.
register.filter("usd", amounts.short)
register.filter("usd_signed", amounts.signed)
register.filter("usd_exact", amounts.exact)
register.filter("cost_exact", amounts.cost_exact)
register.filter("dollars_exact", amounts.dollars_exact)
register.simple_tag(quota_units.current, name="quota_unit")
register.filter("grouped", amounts.grouped)


@register.simple_tag(takes_context=True)
def models_sold(context: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the models that a new customer of this page's shop can call."""
    return offer.sold(context["request"].tenant.pk)


@register.simple_tag(takes_context=True)
def first_calls(context: Mapping[str, Any]) -> tuple[snippets.Snippet, ...]:
    """Return how a first call is made at this page's shop: by curl, and with OpenAI's library."""
    request = context["request"]
    model = next(iter(offer.sold(request.tenant.pk)), "gpt-4o-mini")
    return snippets.ready(base_url=base_url(request), secret="sk-…", model=model)[:2]  # noqa: S106  # stands for the buyer's own


@register.filter
def price(micros: int | None) -> str:
    """Write a price; a dash where there is none."""
    return "–" if micros is None else amounts.cost(micros)


@register.filter
def cash(minor: int, currency: str) -> str:
    """Write an amount of cash with its currency: ¥39.00."""
    return money.format_minor(minor, currency=currency)


@register.filter
def movement(kind: str) -> str:
    """Name a kind of ledger entry for its owner."""
    names = {
        "use": _("Calls"),
        "usage": _("Calls"),
        "capture": _("Calls"),
        "grant": _("Credit from the shop"),
        "redeem": _("Code redeemed"),
        "refund": _("Refund"),
        "reverse": _("Correction"),
        "expire": _("Credit expired"),
        "transfer": _("Transfer"),
        "claim": _("Balance of a key that was claimed"),
        "opening": _("Balance from before the move"),
        "topup": _("Top-up"),
        "credit": _("Store credit from the shop"),
        "payment": _("Paid for an order"),
        "referral": _("Referral reward"),
        "referral_back": _("Referral reward taken back"),
    }
    return names.get(kind, kind)


@register.filter
def remark(entry: statements.Entry) -> str:
    """Write what a statement's line says beside its kind; calls that were posted together are counted in the reader's language."""
    count = entry.memo.partition(" ")[0]
    if entry.kind != "use" or not count.isdecimal():
        return entry.memo
    return ngettext("%(n)s call", "%(n)s calls", int(count)) % {"n": amounts.grouped(int(count))}


@register.filter
def bucket(name: str) -> str:
    """Name what a price is of; pictures and tools keep their technical names."""
    names = {
        "input": _("Input"),
        "cache_read": _("Cache read"),
        "cache_write_5m": _("Cache write, 5 minutes"),
        "cache_write_1h": _("Cache write, 1 hour"),
        "audio_input": _("Audio input"),
        "image_input": _("Image input"),
        "output": _("Output"),
        "reasoning": _("Reasoning"),
        "audio_output": _("Audio output"),
        "image_output": _("Image output"),
        "seconds": _("Seconds"),
        "characters": _("Characters"),
        "searches": _("Searches"),
    }
    return names.get(name, name)
