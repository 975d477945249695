"""Check channels now: a real call for one token each."""

from __future__ import annotations

from typing import Any

from django.core.management import CommandError, CommandParser

from channels_app import health
from channels_app.models import Channel
from console.management.output import Verb


class Command(Verb):
    help = "Ask channels for one token each; without names all that are not disabled. Exit code 1 if one fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", help="names or numbers of channels")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        asked = [(channel, health.probe(channel.pk)) for channel in _chosen(options["names"])]
        results = [(channel, result) for channel, result in asked if result is not None]
        self.emit(_row(channel, result) for channel, result in results)
        failed = sum(1 for _, result in results if not result.ok)
        if failed:
            self.fail(f"{failed} of {len(results)} channels failed")


def _row(channel: Channel, result: health.ProbeResult) -> dict[str, Any]:
    failure = result.failure
    why = f"{failure.kind.value}: {failure.message}" if failure else ""
    return {
        "state": "failed" if why else "ok",
        "channel": channel.pk,
        "name": channel.name,
        "latency_ms": result.latency_ms,
        "failure": why,
    }


def _chosen(names: list[str]) -> list[Channel]:
    if not names:
        return list(Channel.objects.exclude(state=Channel.State.DISABLED).order_by("pk"))
    found: list[Channel] = []
    for name in names:
        rows = Channel.objects.filter(pk=int(name)) if name.isdigit() else Channel.objects.filter(name=name)
        if not rows:
            raise CommandError(f"there is no channel {name}")
        found.extend(rows)
    return found
