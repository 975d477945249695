"""Start child processes that cannot outlive us, and stop them within a limit."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    output: IO[bytes] | int | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own that gets `death_signal` when we die, kill -9 included (Linux).

    Call it from the main thread only: the kernel ties the signal to the thread that started the child.
    The own session keeps the terminal's Ctrl-C away from the child, so that we decide the order.
    """
    return subprocess.Popen(  # noqa: S603  # callers pass fixed program names
        list(argv),
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        pass_fds=pass_fds,
        preexec_fn=_die_with(os.getpid(), death_signal),  # no other thread holds a lock here: main thread, before any work
    )


def stop(process: subprocess.Popen[bytes], *, with_signal: signal.Signals, limit_seconds: float) -> bool:
    """Ask the child to stop; kill its whole group after the limit. Return whether it went by itself."""
    if process.poll() is not None:
        return True
    process.send_signal(with_signal)
    try:
        process.wait(timeout=limit_seconds)
    except subprocess.TimeoutExpired:
        kill_group(process)
        process.wait()
        return False
    return True


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the child and everything in its session's group at once."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None] | None:
    """Return what the child runs between fork and exec; macOS has nothing like it."""
    if _libc is None:
        return None
    libc = _libc

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        # The parent may have died between fork and prctl: then the signal never comes.
        if os.getppid() != parent:
            os._exit(1)

    return arm
