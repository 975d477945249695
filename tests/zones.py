"""Time zones for tests of days: one in which none ends while a test runs."""

from __future__ import annotations

import datetime


def noonday(now: datetime.datetime | None = None) -> str:
    """Return the name of a zone where it is noon: no day, and so no week or month, ends there for eleven hours."""
    hours_ahead = 12 - (now or datetime.datetime.now(datetime.UTC)).hour
    # The names count westwards: Etc/GMT-8 is eight hours ahead.
    return f"Etc/GMT{-hours_ahead:+d}"
