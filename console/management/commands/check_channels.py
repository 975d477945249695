"""Check channels now: a real call for one token each."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from channels_app import health
from channels_app.models import Channel


class Command(BaseCommand):
    help = "Ask channels for one token each; without names all that are not disabled. Exit code 1 if one fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", help="names or numbers of channels")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = _chosen(options["names"])
        failed = 0
        for channel in chosen:
            result = health.probe(channel.pk)
            if result.failure is None:
                self.stdout.write(f"ok      {channel.pk:>4}  {channel.name}  {result.latency_ms} ms")
            else:
                failed += 1
                self.stdout.write(f"failed  {channel.pk:>4}  {channel.name}  {result.failure.kind.value}: {result.failure.message}")
        if failed:
            raise CommandError(f"{failed} of {len(chosen)} channels failed")


def _chosen(names: list[str]) -> list[Channel]:
    if not names:
        return list(Channel.objects.filter(pk__in=health.due()).order_by("pk"))
    found: list[Channel] = []
    for name in names:
        rows = Channel.objects.filter(pk=int(name)) if name.isdigit() else Channel.objects.filter(name=name)
        if not rows:
            raise CommandError(f"there is no channel {name}")
        found.extend(rows)
    return found
