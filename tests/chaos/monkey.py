"""What goes wrong: processes of one Keyosk are found by their command line and killed, frozen or restarted."""

from __future__ import annotations

import asyncio
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


def _send(var: Path, name: str, what: signal.Signals, chance: random.Random) -> int | None:
    victims = pids(var, name)
    if not victims:
        return None
    victim = victims[0] if name == "postgres" else chance.choice(victims)
    try:
        os.kill(victim, what)
    except ProcessLookupError:
        return None
    return victim


async def _freeze(var: Path, name: str, seconds: float, chance: random.Random) -> None:
    victim = _send(var, name, signal.SIGSTOP, chance)
    await asyncio.sleep(seconds)
    if victim is not None:
        os.kill(victim, signal.SIGCONT)


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
    ]
    while loop.time() < end:
        await asyncio.sleep(chance.uniform(1.0, 2.5))
        deed = chance.choice(deeds)
        say(deed)
        verb, name = deed.split()
        if verb == "kill":
            _send(var, name, signal.SIGKILL, chance)
        elif verb == "freeze":
            await _freeze(var, name, chance.uniform(1.0, 4.0), chance)
        else:
            _send(var, name, signal.SIGINT, chance)
