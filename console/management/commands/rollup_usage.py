"""Sum usage by hour and day: everything anew, or what changed."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from console.management.output import Verb
from gateway import rollups

BEGINNING = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


class Command(Verb):
    help = "Sum all usage by hour and day anew, or only what changed. Running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--since", type=_moment, default=BEGINNING, metavar="DAY", help="from this day on, as in 2026-11-01 (UTC)")
        group.add_argument("--changed", action="store_true", help="only hours that have got calls since they were summed")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["changed"]:
            rollups.mark(since=options["since"], until=timezone.now() + rollups.DAY)
        self.emit({"hours": rollups.roll_up(limit_seconds=float("inf"))})


def _moment(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
