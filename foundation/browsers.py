"""Name a browser and its system as people do, from what it says of itself. Pure."""

from __future__ import annotations

# The first that fits counts: nearly all of them claim to be Safari too.
_BROWSERS = (
    ("MicroMessenger/", "WeChat"),
    ("QQ/", "QQ"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
_LONGEST = 40


def name(user_agent: str) -> str:
    """Return a short name such as `Firefox · Windows`; of what is not known, its beginning."""
    found = [next((told for mark, told in marks if mark in user_agent), "") for marks in (_BROWSERS, _SYSTEMS)]
    return " · ".join(filter(None, found)) or user_agent[:_LONGEST] or "–"
