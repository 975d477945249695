"""Say whether everything Keyosk stands on is well."""

from __future__ import annotations

from typing import Any

from celery import current_app
from django.core.management.base import CommandParser

from console import doctor
from console.management.output import Verb


class Command(Verb):
    help = "Look at configuration, database, Redis, workers, queues and gateways; exit code 1 when something is wrong."
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django declares it as an instance variable

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        rows = doctor.examine(current_app)
        self.emit(
            {"subject": row.subject, "state": "look" if row.finding else "ok", "detail": row.detail, "finding": row.finding} for row in rows
        )
        findings = sum(1 for row in rows if row.finding)
        if findings:
            self.fail(f"{findings} finding{'s' if findings > 1 else ''}")
