"""Read what stands in a page's address: cursors, filters and days. What is malformed is a page that does not exist."""

from __future__ import annotations

import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest

LONGEST = 18


def number(text: str) -> int | None:
    """Return a number, None for an empty text; raise Http404 for anything else."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST):
        raise Http404
    return int(text)


def uuid(text: str) -> UUID | None:
    """Return a UUID, None for an empty text; raise Http404 for anything else."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Http404 from None


def day(text: str) -> datetime.datetime | None:
    """Return the beginning of a day (UTC) written 2026-11-26, None for an empty text; raise Http404 for anything else."""
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=datetime.UTC) if text else None
    except ValueError:
        raise Http404 from None


def links(request: HttpRequest, *, older: object | None) -> dict[str, str]:
    """Return the pager's two addresses; the filters of the address stay."""
    kept = {name: str(value) for name, value in request.GET.items() if name != "before" and value}
    newest = f"{request.path}?{urlencode(kept)}" if kept else request.path
    return {
        "older": f"?{urlencode({**kept, 'before': str(older)})}" if older is not None else "",
        "newer": newest if request.GET.get("before") else "",
    }
