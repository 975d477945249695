"""The command line's common manners: a table or JSON, and errors that say what to do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

Row = Mapping[str, Any]


class Verb(BaseCommand):
    """A command that prints rows. Call `add_json` in `add_arguments`, `emit` with the answer, `fail` with a reason."""

    requires_migrations_checks = False
    as_json = False

    def add_json(self, parser: CommandParser) -> None:
        """Offer --json."""
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Remember --json for `emit`."""
        self.as_json = bool(options.get("json"))
        return super().execute(*args, **options)

    def emit(self, answer: Row | Iterable[Row]) -> None:
        """Print one object or many rows, as JSON (an object or a list) or as a table."""
        is_single = isinstance(answer, Mapping)
        rows = [dict(answer)] if isinstance(answer, Mapping) else [dict(row) for row in answer]
        if self.as_json:
            self.stdout.write(json.dumps(rows[0] if is_single else rows, ensure_ascii=False, default=str))
        elif is_single:
            self.stdout.write(_lines([[key, _cell(value)] for key, value in rows[0].items()]))
        else:
            self.stdout.write(_table(rows))

    def fail(self, message: str) -> NoReturn:
        """End with exit code 1 and one line that says what is wrong and what to do."""
        raise CommandError(message)


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "(none)"
    head = list(rows[0])
    return _lines([head, *[[_cell(row.get(name)) for name in head] for row in rows]])


def _lines(cells: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))] if cells else []
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={part}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value)) if len(value) > 8 else ", ".join(map(str, value))
    return str(value)
