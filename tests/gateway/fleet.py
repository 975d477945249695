"""Relay workers and flushers as processes of their own, on the test's database: several workers, several nodes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from gateway.flusher import Flusher

ROOT = Path(__file__).resolve().parent.parent.parent
STOP_SECONDS = 30


@dataclass(frozen=True)
class Fleet:
    """Relay workers behind one socket and the flusher beside them: one node."""

    url: str
    spool: Path
    relays: list[subprocess.Popen[bytes]]
    flushers: list[subprocess.Popen[bytes]]

    def stop(self) -> None:
        """Stop as `make run` does: the relays first, then the flusher, which posts what is left."""
        for process in [*self.relays, *self.flushers]:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(STOP_SECONDS)


def environment(var: Path) -> dict[str, str]:
    """Return the settings of a process on the test's database, with a spool of its own."""
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path="/" + settings.DATABASES["default"]["NAME"]))
    named = {"DATABASE_URL": database, "KEYOSK_VAR_DIR": str(var), "KEYOSK_SECRET_KEY": settings.SECRET_KEY}
    return {**os.environ, **named, "DJANGO_SETTINGS_MODULE": "config.settings.testing", "PYTHONPATH": str(ROOT)}


@contextmanager
def fleet(var: Path, *, relays: int = 1, flushers: int = 1, more: Mapping[str, str] | None = None) -> Generator[Fleet, None, None]:
    """Run a node until the context ends; `more` are environment variables (KEYOSK_NODE, REDIS_URL, …)."""
    known = {**environment(var), **(more or {})}
    earlier = len(list((var / "spool").glob("*/lock")))
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        words = [sys.executable, "-m", "config.serve", "--fd", str(listener.fileno()), "--log-level", "warning"]
        node = Fleet(f"http://127.0.0.1:{listener.getsockname()[1]}", var / "spool", [], [])
        try:
            for _ in range(relays):
                node.relays.append(subprocess.Popen(words, cwd=ROOT, env=known, pass_fds=[listener.fileno()]))
            for _ in range(flushers):
                node.flushers.append(
                    subprocess.Popen([sys.executable, "manage.py", "flush_spools"], cwd=ROOT, env=known, stdout=subprocess.DEVNULL)
                )
            _await(node, earlier + relays)
            yield node
        finally:
            for process in [*node.relays, *node.flushers]:
                process.kill()
                process.wait()


def post_everything(spool: Path) -> None:
    """Do what a flusher does, here and now, until nothing is left."""
    flusher = Flusher(spool, keep_seconds=3600)
    while flusher.turn():
        pass


def _await(node: Fleet, folders: int) -> None:
    """Wait until there are so many spool folders, one per relay, and one of them answers."""
    deadline = time.monotonic() + 60
    while len(list(node.spool.glob("*/lock"))) < folders:
        if time.monotonic() > deadline:
            raise RuntimeError("the relays did not start")
        time.sleep(0.05)
    if node.relays:
        urllib.request.urlopen(f"{node.url}/healthz", timeout=30).close()
