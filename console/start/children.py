"""The processes of one Keyosk: what runs, in which stage, and how each shows that it serves."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foundation import embedded
from foundation.supervisor import Child

# What config.celery says once a worker or beat is up.
_READY = "keyosk: ready"
# Several a minute, and each run is a row in the database anyway; a task that fails is still shown.
_TICKS = (_READY, "Sending due task", "] received", "] succeeded in")
# Bodies of some hundred kilobytes come and go with every call: taken from the system and given back each time (the C library's
# default above 128 KiB) they cost a quarter of a large call. Larger ones than 4 MiB still are.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(4 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one Keyosk lives and how large it is."""

    root: Path
    var: Path
    relays: int
    pages: int
    relay_grace_seconds: int
    is_coloured: bool = False

    @property
    def pages_socket(self) -> Path:
        return embedded.socket_folder(self.var) / "pages.sock"

    def environment(self) -> dict[str, str]:
        """Return the environment of all our own processes."""
        own = {"KEYOSK_VAR_DIR": str(self.var), "KEYOSK_PAGES_SOCKET": str(self.pages_socket), "PYTHONUNBUFFERED": "1"}
        look = {"FORCE_COLOR": "1"} if self.is_coloured else {}
        return {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **own, **look}


def servers(layout: Layout, makers: Sequence[Callable[[Path], embedded.Server]]) -> list[Child]:
    """Return the embedded servers (`embedded.postgres`, `embedded.redis`); prepares their folders."""
    return [
        Child(
            server.name,
            server.argv,
            env=embedded.clean_environment(),
            ready=server.ready,
            stop_signal=server.stop_signal,
            stop_limit_seconds=embedded.STOP_LIMIT_SECONDS,
            muted=("Memory overcommit must be enabled",),  # advice for machines that live from Redis
        )
        for server in (make(layout.var) for make in makers)
    ]


def workers(layout: Layout) -> list[Child]:
    """Return everything between the data and the relays: pages, flusher, worker, beat."""
    env = layout.environment()
    return [
        _pages(layout, env),
        Child("flusher", (sys.executable, str(layout.root / "manage.py"), "flush_spools"), env=env, ready_text="the flusher is posting"),
        _celery("worker", "-c", "2", "--without-gossip", "--without-mingle", env=env, ready_text=_READY, muted=_TICKS),
        _celery("beat", "--pidfile=", env=env, ready_text=_READY, muted=_TICKS),
    ]


def relays(layout: Layout, listener: socket.socket) -> list[Child]:
    """Return the relay processes: each one event loop, all on one inherited socket.

    uvicorn's own --workers would leave its children running, holding the port, when their parent is killed.
    """
    grace = layout.relay_grace_seconds
    words = ("config.serve", "--fd", str(listener.fileno()), "--grace", str(grace))
    return [
        _module(
            "relay" if layout.relays == 1 else f"relay-{number}",
            *words,
            env={**MEMORY, **layout.environment()},
            ready_text="Application startup complete",
            stop_limit_seconds=grace + 15.0,
            pass_fds=(listener.fileno(),),
        )
        for number in range(1, layout.relays + 1)
    ]


def _pages(layout: Layout, env: Mapping[str, str]) -> Child:
    place = layout.pages_socket
    words: tuple[str, ...] = (
        "granian",
        "--interface",
        "wsgi",
        "--uds",
        str(place),
        "--workers",
        str(layout.pages),
        "--blocking-threads",
        "4",
        "--no-ws",
    )
    words += ("--log-level", "warning", "--workers-kill-timeout", "10", "config.wsgi:application")
    return _module("pages", *words, env=env, ready=lambda: _answers(place), before=lambda: place.unlink(missing_ok=True))


def _answers(place: Path) -> bool:
    """Ask for a page: the socket alone is open before the application is loaded."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(0.3)
        try:
            link.connect(str(place))
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return link.recv(5) == b"HTTP/"
        except OSError:
            return False


def _celery(name: str, *words: str, env: Mapping[str, str], ready_text: str, muted: tuple[str, ...]) -> Child:
    argv = ("celery", "--quiet", "-A", "config.celery", name, "-l", "INFO", *words)
    return _module(name, *argv, env=env, ready_text=ready_text, muted=muted)


def _module(name: str, module: str, *words: str, env: Mapping[str, str], **more: object) -> Child:
    return Child(name, (sys.executable, "-m", module, *words), env=env, **more)  # type: ignore[arg-type]  # the fields of Child
