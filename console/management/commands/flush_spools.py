"""The flusher's process: post what relay workers serve, one per node. It needs no Redis, and so stands in for workers that hear of none."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from foundation import standby
from gateway.flusher import Flusher

# For a mail that is just being handed over; one that is not then goes out again.
_STANDBY_SECONDS = 5.0


class Command(BaseCommand):
    help = "Post the relay workers' spools to the database until stopped (one process per node; a second one waits)."
    # They would import every page before the first line is posted, and money waits meanwhile.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        # No Event: a signal that came while its lock is held, around a wait, would wait for that lock for ever.
        told: list[int] = []

        def stop(number: int, frame: FrameType | None) -> None:
            told.append(number)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
        lock = os.open(settings.SPOOL_DIR / "flusher", os.O_CREAT | os.O_RDWR, 0o600)
        while not told:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.5)
        flusher = Flusher(settings.SPOOL_DIR, keep_seconds=settings.SPOOL_KEEP_SECONDS)
        self.stdout.write("the flusher is posting")
        thread = standby.begin(lambda: bool(told))
        flusher.run(is_stopping=lambda: bool(told))
        thread.join(_STANDBY_SECONDS)
