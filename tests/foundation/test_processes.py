"""Children that cannot outlive us."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from foundation import processes


def test_child_has_a_session_of_its_own() -> None:
    child = processes.spawn(("sleep", "60"))
    assert os.getsid(child.pid) == child.pid
    assert processes.stop(child, with_signal=signal.SIGTERM, limit_seconds=5) is True
    assert child.returncode == -signal.SIGTERM


def test_child_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    child = processes.spawn(("sh", "-c", f"trap '' TERM; touch '{ready}'; while :; do sleep 0.05; done"))
    while not ready.exists():
        assert child.poll() is None
    assert processes.stop(child, with_signal=signal.SIGTERM, limit_seconds=0.2) is False
    assert child.returncode == -signal.SIGKILL


def test_stopping_the_dead_is_fine() -> None:
    child = processes.spawn(("true",))
    child.wait()
    processes.kill_group(child)
    assert processes.stop(child, with_signal=signal.SIGTERM, limit_seconds=1) is True


def test_output_is_one_stream() -> None:
    child = processes.spawn(("sh", "-c", "echo out; echo err >&2"), output=subprocess.PIPE)
    assert child.communicate()[0] == b"out\nerr\n"
