"""All of Keyosk, really started and really stopped."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.start import preflight
from foundation import embedded
from tests.house.code import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")]

Start = Callable[[], tuple["subprocess.Popen[str]", str]]


def environment(var: Path, **more: str) -> dict[str, str]:
    """Return an environment without the test session's servers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KEYOSK_", "DATABASE_", "REDIS_", "PYTEST_"))}
    return kept | {"KEYOSK_VAR_DIR": str(var), "KEYOSK_DEMO": "0", "DJANGO_SETTINGS_MODULE": "config.settings", "PORT": "0", **more}


def living(var: Path) -> list[str]:
    """Return the processes that know this `var` by their environment or command line."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
            is_zombie = (place / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
            if str(var).encode() in words and not is_zombie and int(place.name) != os.getpid():
                found.append((place / "cmdline").read_text().replace("\0", " "))
    return found


def all_gone(var: Path, *, within_seconds: float) -> bool:
    deadline = time.monotonic() + within_seconds
    while living(var):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "var"
    yield place
    shutil.rmtree(embedded.socket_folder(place), ignore_errors=True)


@pytest.fixture
def start(var: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def up() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=environment(var),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if match := re.search(r"Keyosk is up: (http://\S+)", line):
                return process, match[1]
        pytest.fail("".join(lines))

    yield up
    for process in started:
        process.kill()
        assert process.stdout is not None
        process.stdout.close()
        process.wait()
    assert all_gone(var, within_seconds=20)


def test_everything_starts_serves_and_leaves_nothing_behind(start: Start, var: Path) -> None:
    process, base = start()
    with urllib.request.urlopen(f"{base}/healthz", timeout=5) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"{base}/", timeout=10) as answer:
        assert answer.status == 200
    with pytest.raises(preflight.Refused, match=rf"already runs .* \(process {process.pid}\)"), preflight.lock(var):
        pytest.fail("the lock was given twice")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.splitlines()[-1] == "keyosk    | stopped"
    assert living(var) == []


def test_killed_start_leaves_nothing_and_the_next_one_works(start: Start, var: Path) -> None:
    process, _ = start()
    process.kill()
    process.wait()
    assert all_gone(var, within_seconds=20)
    again, base = start()
    with urllib.request.urlopen(f"{base}/healthz", timeout=5) as answer:
        assert answer.status == 200
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=60)
    assert again.returncode == 0


def test_failed_start_says_why_and_leaves_nothing(var: Path) -> None:
    with preflight.listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=environment(var, PORT=port),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith(f"keyosk    | cannot start: port {port} is taken")
    assert living(var) == []
