"""Everything that is known of one channel on one page: health, speed, failures, money, balance, keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing import money
from channels_app import balances, history, tallies
from channels_app.models import BalanceCheck, BalanceReading, Channel, ChannelCheck
from console.admin import pages
from console.admin.base import DeskAdmin
from console.admin.figures import badge
from console.admin.tiles import Tile
from gateway import speeds
from gateway.speeds import Percentiles, Speeds

STATE_LABELS = {"enabled": "success", "disabled": "warning", "auto_disabled": "danger"}
DAY = timedelta(days=1)
BALANCE_DAYS = 30
MOST_POINTS = 240
EVENTS = 15


def page(admin: DeskAdmin[Channel], request: HttpRequest, channel: Channel) -> HttpResponse:
    """Show what is known of a channel; nothing is asked of anybody for it."""
    now = timezone.now()
    found = speeds.of_channel(channel.pk, since=now - DAY, until=now + timedelta(minutes=1))
    checks = ChannelCheck.objects.filter(channel=channel).first()
    context = {
        **admin.admin_site.each_context(request),
        "title": channel.name,
        "opts": admin.opts,
        "channel": channel,
        "state": badge(channel.get_state_display(), STATE_LABELS[channel.state]),
        "drilled": badge(_("drill"), "warning"),
        "tiles": _tiles(found),
        "slots": history.timeline(channel.pk, until=now),
        "speeds": _rows(found),
        "kinds": tallies.kinds(channel_id=channel.pk, since=now - DAY).items(),
        "runs": history.latest(channel.pk, limit=10),
        "events": channel.events.select_related("key")[:EVENTS],
        "keys": channel.keys.order_by("pk"),
        "refused": checks.refused_keys if checks else {},
        "forecasts": balances.forecasts(channel.pk, now=now),
        "balance_check": BalanceCheck.objects.filter(channel=channel).first(),
        "balance_chart": _balance_chart(channel),
        "back": pages.object_url(admin.admin_site.name, channel),
    }
    request.current_app = admin.admin_site.name
    return TemplateResponse(request, "console/admin/channel.html", context)


def _tiles(found: Speeds) -> list[Tile]:
    uncosted = _("%s calls without a known cost") % f"{found.uncosted:,}" if found.uncosted else ""
    return [
        Tile(
            _("Calls, 24 h"),
            f"{found.calls:,}",
            _("%(others)s after other channels had failed, %(broken)s cut short")
            % {"others": f"{found.after_others:,}", "broken": f"{found.broken:,}"},
        ),
        Tile(_("Sold for"), money.format_usd(found.price_micros), _("our part %s") % money.format_usd(found.earned_micros)),
        Tile(_("Upstream cost"), money.format_usd(found.cost_micros), uncosted),
        Tile(_("Margin"), money.format_usd(found.margin_micros), _share(found.margin_micros, found.earned_micros)),
    ]


def _rows(found: Speeds) -> list[tuple[str, Percentiles]]:
    named = ((_("To the first token (streams)"), found.first), (_("Whole call"), found.total))
    return [(name, values) for name, values in named if values is not None]


def _share(part: int, whole: int) -> str:
    return "—" if not whole else f"{100 * part / whole:.1f} %"


def _balance_chart(channel: Channel) -> str:
    """Return Chart.js data of the last month's readings, a line for each currency; empty without any."""
    rows = BalanceReading.objects.filter(channel=channel, at__gt=timezone.now() - timedelta(days=BALANCE_DAYS)).order_by("at")
    readings = list(rows.values_list("at", "amount", "currency"))
    if not readings:
        return ""
    thinned = readings[:: max(1, len(readings) // MOST_POINTS)]
    currency = thinned[-1][2]
    points: Sequence[tuple[Any, Any, str]] = [row for row in thinned if row[2] == currency]
    line = {
        "label": currency,
        "data": [float(amount) for _at, amount, _currency in points],
        "borderColor": "var(--color-primary-600)",
        "backgroundColor": "var(--color-primary-600)",
    }
    return json.dumps({"labels": [date_format(timezone.localtime(at), _("j M H:i")) for at, *_rest in points], "datasets": [line]})
