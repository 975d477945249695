"""All of Keyosk, started as `make run` starts it, for journeys that need every process."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OF_THE_TESTS = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "KEYOSK_TEST_SERVERS", "CELERY_BROKER_URL")
START_SECONDS, STOP_SECONDS = 240, 60


def free_port() -> int:
    """Ask the system for a port nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(var: Path, **settings: str) -> Iterator[dict[str, str]]:
    """Run everything with its data in `var` and these settings; give what var/demo.env says."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name not in OF_THE_TESTS}
    environment |= {"KEYOSK_VAR_DIR": str(var), "PORT": str(port), "KEYOSK_DEMO": "1", **settings}
    log = (var / "up.log").open("wb")
    command = [sys.executable, "manage.py", "up"]
    with (
        log,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            _await(process, port, var)
            yield _demo(var)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _await(process: subprocess.Popen[bytes], port: int, var: Path) -> None:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):  # our own server
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"Keyosk did not start: {(var / 'up.log').read_text(errors='replace')[-3_000:]}")


def _demo(var: Path) -> dict[str, str]:
    lines = (var / "demo.env").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name.strip(): "".join(shlex.split(value)) for name, _, value in pairs}
