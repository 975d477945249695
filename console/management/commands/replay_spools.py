"""Post every spooled line once more: after a restore of an older database."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from console.management.output import Verb
from gateway import flusher
from gateway.settle import Unavailable


class Command(Verb):
    help = "Post every line that is still on this node's disk, the posted ones included. Lines that the database has are left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.emit({"posted": flusher.replay(settings.SPOOL_DIR)})
        except Unavailable as error:
            self.fail(f"the database cannot post now ({error}); run it again, nothing is doubled")
