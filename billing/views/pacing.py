"""How often an open order's page looks whether the money is there: soon at first, then seldom, then only when asked to."""

from __future__ import annotations

# So many looks with so many seconds before each: every two seconds for a minute, every five until a quarter of an hour is over.
PACE = ((30, 2), (168, 5))
MOST_LOOKS = sum(looks for looks, _seconds in PACE)


def looks(text: str) -> int:
    """Read how often a page has looked already; what is no number is the first look."""
    return min(int(text), MOST_LOOKS) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def context(looks: int) -> dict[str, int]:
    """Return what the page's next look says: how many there were, and the seconds until it, 0 for none."""
    left = looks
    for many, seconds in PACE:
        if left < many:
            return {"looks": looks, "look_in": seconds}
        left -= many
    return {"looks": looks, "look_in": 0}
