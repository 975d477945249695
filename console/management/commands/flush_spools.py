"""The flusher's process: post what relay workers serve, one per node."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from gateway.flusher import Flusher


class Command(BaseCommand):
    help = "Post the relay workers' spools to the database until stopped (one process per node; a second one waits)."
    # They would import every page before the first line is posted, and money waits meanwhile.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
        lock = os.open(settings.SPOOL_DIR / "flusher", os.O_CREAT | os.O_RDWR, 0o600)
        while not stopping.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                stopping.wait(0.5)
        flusher = Flusher(settings.SPOOL_DIR, keep_seconds=settings.SPOOL_KEEP_SECONDS)
        self.stdout.write("the flusher is posting")
        flusher.run(is_stopping=stopping.is_set, sleep=stopping.wait)
