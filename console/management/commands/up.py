"""Run all of Keyosk on this machine: `make run`, and the single-service container."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from console.start import bringup, preparation
from console.start.children import Layout
from console.start.logs import Log
from foundation import embedded


class Command(BaseCommand):
    help = "Start database, relay, pages, worker, beat and flusher; stop all of them with Ctrl-C."
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django declares it as an instance variable

    def handle(self, *args: Any, **options: Any) -> None:
        log = Log(self.stdout)  # type: ignore[arg-type]  # OutputWrapper is a text stream
        layout = Layout(
            root=settings.BASE_DIR,
            var=settings.VAR_DIR,
            relays=settings.RELAYS,
            pages=settings.PAGES,
            relay_grace_seconds=settings.RELAY_GRACE_SECONDS,
            is_coloured=log.is_coloured,
        )
        plan = bringup.Plan(
            layout=layout,
            host=settings.LISTEN_HOST,
            port=settings.PORT,
            own_servers=_own_servers(),
            prepare=preparation.prepare,
        )
        raise SystemExit(bringup.run(plan, log))


def _own_servers() -> tuple[Callable[[Path], embedded.Server], ...]:
    wanted = ((embedded.postgres, settings.EMBEDDED_DATABASE), (embedded.redis, settings.EMBEDDED_REDIS))
    return tuple(make for make, is_wanted in wanted if is_wanted)
