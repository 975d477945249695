"""Show the vendors there are and what each needs."""

from __future__ import annotations

from typing import Any

from django.core.management import CommandParser

from channels_app import registry
from channels_app.provider import Provider
from console.management.output import Verb


class Command(Verb):
    help = "List the providers with their dialect, address, options and default models."

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.emit(_row(made) for made in registry.providers().values())


def _row(made: Provider) -> dict[str, Any]:
    return {
        "provider": made.slug,
        "label": made.label,
        "dialect": made.dialect,
        "key": "yes" if made.needs_key else "no",
        "address": "in this process" if made.is_local else made.base_url or "-",
        "options": [field.name for field in made.fields],
        "models": list(made.default_models),
    }
