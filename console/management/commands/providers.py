"""Show the vendors there are, what each can do and how that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management import CommandParser

from channels_app import capabilities
from console.management.output import Verb


class Command(Verb):
    help = "List the providers: what each can do (✓ proved by its own golden pairs, ○ by those of its protocol), and what it needs."

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_json(parser)
        parser.add_argument("--markdown", action="store_true", help="print the tables of docs/providers.md")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = capabilities.rows()
        if options["markdown"]:
            self.stdout.write(capabilities.markdown(rows))
        else:
            self.emit(rows if self.as_json else [_short(row) for row in rows])


def _short(row: Mapping[str, Any]) -> dict[str, Any]:
    marks = {name: capabilities.MARKS[grade] for name, grade in row["capabilities"].items()}
    return {"provider": row["provider"], "label": row["label"], "dialect": row["dialect"], **marks, "other": " ".join(row["other"]) or "–"}
