"""Show the vendors there are and what each needs."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from channels_app import registry
from channels_app.contract import Provider

_HEADINGS = ("provider", "label", "dialect", "key", "address", "options", "models")


class Command(BaseCommand):
    help = "List the providers with their dialect, address, options and default models."

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [_HEADINGS, *(_row(made) for made in registry.providers().values())]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
        for row in rows:
            self.stdout.write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _row(made: Provider) -> tuple[str, ...]:
    return (
        made.slug,
        made.label,
        made.dialect,
        "yes" if made.needs_key else "no",
        "in this process" if made.is_local else made.base_url or "-",
        ", ".join(field.name for field in made.fields) or "-",
        ", ".join(made.default_models) or "-",
    )
