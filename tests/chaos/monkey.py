"""What goes wrong: processes of one Keyosk are found by their command line and killed, frozen or restarted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

MARKS = {
    "relay": "config.asgi:application",
    "flusher": "flush_spools",
    "worker": "config.celery worker",
    "redis": "unixsocket",
    "postgres": "postgres -D",
}


def pids(var: Path, name: str) -> list[int]:
    """Return the processes of that name that belong to this `var/` (by their environment or command line)."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if MARKS[name] in words and (f"KEYOSK_VAR_DIR={var}" in environment or str(var) in words):
            found.append(int(entry.name))
    return sorted(found)


def _send(victims: list[int], what: signal.Signals) -> None:
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, what)


def _choose(var: Path, name: str, chance: random.Random) -> list[int]:
    """Return one process of that name; PostgreSQL is its first one."""
    found = pids(var, name)
    return found[:1] if name == "postgres" else [chance.choice(found)] if found else []


def _with_children(victims: list[int]) -> list[int]:
    children = [Path(f"/proc/{victim}/task/{victim}/children") for victim in victims]
    return [*victims, *(int(pid) for path in children if path.exists() for pid in path.read_text().split())]


async def _freeze(victims: list[int], seconds: float) -> None:
    _send(victims, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    _send(victims, signal.SIGCONT)


async def rampage(var: Path, *, seconds: float, seed: int, say: Callable[[str], None]) -> None:
    """Do one bad thing after another for `seconds`."""
    chance = random.Random(seed)  # noqa: S311  # a reproducible order, no secret
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    deeds = [
        "kill relay",
        "freeze relay",
        "kill flusher",
        "kill worker",
        "freeze redis",
        "restart postgres",
        "kill relay",
        "freeze flusher",
        "freeze postgres",
    ]
    while loop.time() < end:
        await asyncio.sleep(chance.uniform(1.0, 2.5))
        deed = chance.choice(deeds)
        say(deed)
        verb, name = deed.split()
        victims = _choose(var, name, chance)
        if verb == "kill":
            _send(victims, signal.SIGKILL)
        elif verb == "freeze":
            await _freeze(_with_children(victims) if name == "postgres" else victims, chance.uniform(1.0, 4.0))
        else:
            _send(victims, signal.SIGINT)
