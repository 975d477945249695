"""Remember which children run, and end those that outlived a killed supervisor before the next start.

Linux takes most of them along by itself, but one that still finishes its work holds the port and the data;
macOS has no such tie at all.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def remember(path: Path, pids: Sequence[int]) -> None:
    """Write the children's ids, each with the moment it began: the number alone may be another's tomorrow."""
    marks = {str(pid): mark for pid in pids if (mark := _beginning(pid))}
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(json.dumps(marks), encoding="utf-8")
    draft.replace(path)


def end(path: Path, *, patience_seconds: float = 5.0) -> int:
    """Let the remembered children finish, kill the groups of those that do not, and return how many were found."""
    found = _alive(path)
    for pid in found:
        _signal(pid, signal.SIGTERM, group=False)
    deadline = time.monotonic() + patience_seconds
    while (left := _alive(path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        _signal(pid, signal.SIGKILL, group=True)
    path.unlink(missing_ok=True)
    return len(found)


def _alive(path: Path) -> list[int]:
    try:
        marks = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [int(pid) for pid, mark in marks.items() if _beginning(int(pid)) == mark]


def _signal(pid: int, number: signal.Signals, *, group: bool) -> None:
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        return


def _beginning(pid: int) -> str:
    """Return when a living process began, in the system's own words; nothing for a dead one."""
    if not Path("/proc/self").exists():
        shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607  # macOS
        return shown.stdout.strip()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
