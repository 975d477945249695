"""Read settings from the environment: typed, with a clear error that names the variable.

Every reader takes the variable's name and a default. `secret` also accepts `NAME_FILE`, a path whose
content is the value (Docker and Kubernetes secrets). A value that does not parse raises
`BadSetting` with the name, never with the value.
"""

from __future__ import annotations

import os
import zoneinfo
from pathlib import Path


class BadSetting(Exception):
    """An environment variable is missing or does not parse; the message names it and says what is expected."""


def text(name: str, default: str | None = None) -> str:
    """Return the variable as it is; raise BadSetting when it is absent and has no default."""
    value = os.environ.get(name, default)
    if value is None:
        raise BadSetting(f"{name} is not set")
    return value


def flag(name: str, *, default: bool) -> bool:
    """Return a boolean: 1/true/yes/on or 0/false/no/off, any case."""
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name} must be 1 or 0")


def number(name: str, default: int, *, least: int = 0) -> int:
    """Return an integer that is at least `least`."""
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    try:
        parsed = int(value)
    except ValueError:
        raise BadSetting(f"{name} must be a whole number") from None
    if parsed < least:
        raise BadSetting(f"{name} must be at least {least}")
    return parsed


def seconds(name: str, default: float) -> float:
    """Return a duration in seconds, not negative."""
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    try:
        parsed = float(value)
    except ValueError:
        raise BadSetting(f"{name} must be a number of seconds") from None
    if parsed < 0:
        raise BadSetting(f"{name} must not be negative")
    return parsed


def names(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list without blanks."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def zone(name: str) -> str:
    """Return a time zone's name; UTC for none, and for the forms that only the C library knows (":/etc/localtime")."""
    value = os.environ.get(name, "")
    try:
        return zoneinfo.ZoneInfo(value).key if value else "UTC"
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return "UTC"


def secret(name: str, default: str | None = None) -> str:
    """Return a secret from `name`, or from the file that `name`_FILE points to."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE cannot be read: {error.strerror}") from None
    return text(name, default)
