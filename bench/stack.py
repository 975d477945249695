"""The servers of one bench run: mock upstream, bare proxy, and Keyosk's relay with its flusher on embedded servers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import mock_upstream
from console.start.children import MEMORY
from foundation import embedded

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server listens and which processes are its cost."""

    url: str
    pids: list[int]


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything a run measures, and the key it uses."""

    upstream: Server
    bare: Server
    keyosk: Server
    key: str


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int, path: str | None = None) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if path is None:
                socket.create_connection(("127.0.0.1", port), 1).close()
            else:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2).close()  # our own loopback server
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"the server on port {port} did not start")


@contextmanager
def _process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _bare(port: int) -> list[str]:
    # uvicorn as it comes, with the options of `config.serve`.
    options = ["--no-access-log", "--no-server-header", "--no-proxy-headers", "--timeout-keep-alive", "75"]
    options += ["--log-level", "warning", "--backlog", "4096", "--timeout-graceful-shutdown", "2"]
    return [sys.executable, "-m", "uvicorn", "bench.bare_proxy:application", "--host", "127.0.0.1", "--port", str(port), *options]


def _relay(port: int) -> list[str]:
    options = ["--log-level", "warning", "--backlog", "4096", "--grace", "2"]
    return [sys.executable, "-m", "config.serve", "--port", str(port), *options]


@dataclass(frozen=True, slots=True)
class Ground:
    """What servers under test stand on: a folder, an environment with PostgreSQL and Redis, the upstream, a sub-key."""

    folder: Path
    environment: dict[str, str]
    upstream: Server
    key: str


@contextmanager
def ground(*, is_slow: bool = False) -> Iterator[Ground]:
    """Start databases and an upstream (at C speed, or one that `is_slow`) in a temporary folder; stop and remove all of it afterwards."""
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="keyosk-bench-")))
        folder.chmod(0o755)
        environment = {**MEMORY, **os.environ, "KEYOSK_VAR_DIR": str(folder / "var"), "KEYOSK_DEMO": "0", "PYTHONPATH": str(ROOT)}
        for name in ("DATABASE_URL", "REDIS_URL", "KEYOSK_PAGES_SOCKET"):
            environment.pop(name, None)
        exits.enter_context(embedded.servers(folder / "var"))
        port = free_port()
        if is_slow:
            slow = [sys.executable, "-m", "bench.slow_upstream", str(port)]
            upstream = exits.enter_context(_process(slow, environment, folder / "upstream.log"))
        else:
            upstream = mock_upstream.start(folder / "nginx", port)
            exits.callback(upstream.wait)
            exits.callback(upstream.terminate)
        _await(port)
        url = f"http://127.0.0.1:{port}"
        prepare = [sys.executable, "-m", "bench.prepare", url]
        key = subprocess.run(prepare, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]
        yield Ground(folder, {**environment, "BENCH_UPSTREAM": url}, Server(url, [upstream.pid]), key)


@contextmanager
def flusher(base: Ground) -> Iterator[int]:
    """Post what relays on this ground spool; the process' id."""
    with _process([sys.executable, "manage.py", "flush_spools"], base.environment, base.folder / "flusher.log") as process:
        yield process.pid


@contextmanager
def relay(base: Ground) -> Iterator[Server]:
    """Run one relay on this ground."""
    port = free_port()
    with _process(_relay(port), base.environment, base.folder / "relay.log") as process:
        _await(port, "/healthz")
        yield Server(f"http://127.0.0.1:{port}", [process.pid])


@contextmanager
def start(*, is_slow: bool = False) -> Iterator[Stack]:
    """Start everything in a temporary folder; stop and remove all of it afterwards."""
    with ExitStack() as exits:
        base = exits.enter_context(ground(is_slow=is_slow))
        bare = free_port()
        proxy = exits.enter_context(_process(_bare(bare), base.environment, base.folder / "bare.log"))
        exits.enter_context(flusher(base))
        governed = exits.enter_context(relay(base))
        _await(bare)
        yield Stack(upstream=base.upstream, bare=Server(f"http://127.0.0.1:{bare}", [proxy.pid]), keyosk=governed, key=base.key)
