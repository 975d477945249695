"""Bring Keyosk up and keep it up: checks, data, migrations, processes, summary; then watch until somebody says stop."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from console.start import children, preflight
from console.start.children import Layout
from console.start.logs import Log
from foundation import embedded, leftovers
from foundation.embedded import CannotStart
from foundation.supervisor import CannotRun, Supervisor

_HEALTHY_LIMIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to bring up: `prepare` runs when the data is there (migrations, demo) and returns the summary to print."""

    layout: Layout
    host: str
    port: int
    own_servers: tuple[Callable[[Path], embedded.Server], ...]
    prepare: Callable[[int], str]


def run(plan: Plan, log: Log) -> int:
    """Run everything until a signal; return the exit code."""
    remembered = plan.layout.var / "children.json"
    supervisor = Supervisor(write=log.line, remember=partial(leftovers.remember, remembered))
    with supervisor.signals():
        try:
            preflight.check_owner(plan.layout.var)
            with preflight.lock(plan.layout.var):
                _run_locked(plan, supervisor, log)
        except (preflight.Refused, CannotStart, CannotRun) as error:
            if supervisor.stop_requested:
                log.line("keyosk", "stopped before everything had started")
                return 130
            log.line("keyosk", f"cannot start: {error}")
            return 1
    return 0


def _run_locked(plan: Plan, supervisor: Supervisor, log: Log) -> None:
    preflight.check_space(plan.layout.var)
    if count := leftovers.end(plan.layout.var / "children.json"):
        log.line("keyosk", f"ended {count} processes of a Keyosk that was killed")
    with closing(preflight.listen(plan.host, plan.port)) as listener:
        try:
            log.plain(_start(plan, supervisor, listener, log))
            supervisor.watch()
        finally:
            log.line("keyosk", "stopping")
            supervisor.stop()
            log.line("keyosk", "stopped")


def _start(plan: Plan, supervisor: Supervisor, listener: socket.socket, log: Log) -> str:
    layout, port = plan.layout, int(listener.getsockname()[1])
    embedded.make_socket_folder(layout.var)
    if plan.own_servers:
        log.line("keyosk", "starting the embedded servers")
        supervisor.start(*children.servers(layout, plan.own_servers))
    log.line("keyosk", "migrating")
    summary = plan.prepare(port)
    log.line("keyosk", f"starting pages, worker, beat, flusher and {layout.relays} relay{'s' if layout.relays > 1 else ''}")
    # Two stages, because relays stop first and the flusher after them; but they may come up together.
    supervisor.launch(*children.workers(layout))
    supervisor.launch(*children.relays(layout, listener))
    supervisor.wait_ready()
    supervisor.wait(lambda: _is_healthy(plan.host, port), limit_seconds=_HEALTHY_LIMIT_SECONDS, what="/healthz")
    return summary


def _is_healthy(host: str, port: int) -> bool:
    link = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=2)  # noqa: S104  # compared, not bound
    try:
        link.request("GET", "/healthz")
        return link.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()
