"""Django system checks: every vendor file is well declared."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from channels_app import registry


def check_providers(**_: Any) -> list[CheckMessage]:
    """Report vendor files that hold no Provider, several, or one that is badly declared."""
    found: list[CheckMessage] = []
    for module in registry.provider_modules():
        try:
            registry.load(module)
        except registry.BadProvider as error:
            found.append(Error(str(error), id="channels_app.E001"))
    return found
