"""Run a set of processes as one: start in order, restart what dies, stop in the opposite order.

    CannotRun          a child did not come up; carries its last log lines
    └── Interrupted    somebody asked to stop while the children were starting

One thread does everything: the kernel ties a child's death signal to the thread that started it.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from foundation import processes

_TICK_SECONDS = 0.1
_KEPT_LINES = 15
# A child that lived this long starts again at the shortest back-off.
_HEALTHY_SECONDS = 60.0
_LONGEST_BACKOFF_SECONDS = 30.0
# `timeout make run` delivers its one SIGTERM two or three times (make passes it on): those are one request.
_ONE_REQUEST_SECONDS = 1.0


class CannotRun(Exception):
    """A child did not come up; the message says which and why."""


class Interrupted(CannotRun):
    """A signal asked to stop before everything had started."""


def _at_once() -> bool:
    return True


def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Child:
    """One process: how to start it, how to see that it serves, how to stop it.

    `ready` is polled until it is true, or `ready_text` is waited for in the output. With neither, living is enough.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] | None = None
    ready: Callable[[], bool] = _at_once
    ready_text: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    start_limit_seconds: float = 60.0
    stop_limit_seconds: float = 20.0
    pass_fds: tuple[int, ...] = ()
    # Runs before each launch: clears what a killed predecessor left.
    before: Callable[[], None] = _nothing
    # Lines that hold one of these are not shown: ticks that tell nothing.
    muted: tuple[str, ...] = ()


@dataclass(slots=True)
class _Running:
    child: Child
    process: subprocess.Popen[bytes]
    started_at: float
    is_ready: bool = False
    failures: int = 0
    restart_at: float | None = None
    kill_at: float | None = None
    partial: bytes = b""
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))


class Supervisor:
    """Own the children from `start` to `stop`; write(name, line) receives every line of their output."""

    def __init__(self, *, write: Callable[[str, str], None], remember: Callable[[Sequence[int]], None] = lambda pids: None) -> None:
        self._write = write
        self._remember = remember
        self._running: list[_Running] = []
        self._stages: list[list[_Running]] = []
        self._selector = selectors.DefaultSelector()
        self._requests = 0
        self._requested_at = 0.0

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take SIGINT, SIGTERM and SIGHUP as the request to stop; the second one kills the children at once."""
        wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = [(number, signal.signal(number, self._on_signal)) for number in wanted]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def request_stop(self) -> None:
        """Let `watch` return, and `start` give up."""
        self._requests = max(self._requests, 1)

    @property
    def stop_requested(self) -> bool:
        return self._requests > 0

    def start(self, *children: Child) -> None:
        """Start the children of one stage together and wait until all serve; raise CannotRun when one does not."""
        self.launch(*children)
        self.wait_ready()

    def launch(self, *children: Child) -> None:
        """Start the children of one stage without waiting for them."""
        stage: list[_Running] = []
        self._stages.append(stage)
        for child in children:
            stage.append(self._spawn(child))

    def wait_ready(self) -> None:
        """Wait until every launched child serves; raise CannotRun when one dies or is late."""
        while waiting := [one for one in self._running if not one.is_ready]:
            for one in waiting:
                self._look(one)
            self._pump_while_starting()

    def wait(self, happened: Callable[[], bool], *, limit_seconds: float, what: str) -> None:
        """Wait until something is true that the children do together; raise CannotRun when it stays false."""
        deadline = time.monotonic() + limit_seconds
        while not happened():
            if time.monotonic() > deadline:
                raise CannotRun(f"{what} is not ready after {limit_seconds:.0f} s")
            for one in self._running:
                self._must_live(one)
            self._pump_while_starting()

    def watch(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Pass output on and restart what dies, until a signal or `until()` says to stop."""
        while not self.stop_requested and not until():
            self._pump(_TICK_SECONDS)
            for one in self._running:
                self._revive(one)

    def stop(self) -> None:
        """Stop all children, the last stage first; whoever does not go in time is killed."""
        for stage in reversed(self._stages):
            self._stop_stage(stage)
        self._remember([])
        self._selector.close()

    def _spawn(self, child: Child) -> _Running:
        one = _Running(child, self._launch(child), time.monotonic())
        self._running.append(one)
        self._attach(one)
        return one

    def _launch(self, child: Child) -> subprocess.Popen[bytes]:
        try:
            child.before()
            return processes.spawn(
                child.argv, env=child.env, output=subprocess.PIPE, death_signal=child.stop_signal, pass_fds=child.pass_fds
            )
        except OSError as error:
            raise CannotRun(f"{child.name} cannot be started: {error}") from error

    def _attach(self, one: _Running) -> None:
        assert one.process.stdout is not None  # noqa: S101  # spawned with a pipe
        os.set_blocking(one.process.stdout.fileno(), False)
        self._selector.register(one.process.stdout, selectors.EVENT_READ, one)
        self._remember([each.process.pid for each in self._running if each.restart_at is None])

    def _look(self, one: _Running) -> None:
        """Decide whether a starting child is up, dead or late."""
        child = one.child
        self._must_live(one)
        if time.monotonic() - one.started_at > child.start_limit_seconds:
            raise CannotRun(self._epitaph(one, f"is not ready after {child.start_limit_seconds:.0f} s"))
        if not child.ready_text:
            one.is_ready = child.ready()

    def _must_live(self, one: _Running) -> None:
        if one.process.poll() is not None:
            self._drain(one)
            raise CannotRun(self._epitaph(one, f"ended with {_outcome(one.process.returncode)} while starting"))

    def _pump_while_starting(self) -> None:
        if self.stop_requested:
            raise Interrupted("stopped while starting")
        self._pump(_TICK_SECONDS / 4)

    def _epitaph(self, one: _Running, what: str) -> str:
        lines = "".join(f"\n  {one.child.name} | {line}" for line in one.last_lines) or "\n  (it wrote nothing)"
        return f"{one.child.name} {what}. Its last lines:{lines}"

    def _revive(self, one: _Running) -> None:
        """Note a death, plan the restart, do it when its time has come."""
        now = time.monotonic()
        if one.restart_at is None:
            if one.process.poll() is None:
                return
            self._bury(one)
            one.failures = 1 if now - one.started_at > _HEALTHY_SECONDS else one.failures + 1
            delay = min(2.0 ** (one.failures - 1), _LONGEST_BACKOFF_SECONDS)
            one.restart_at = now + delay
            self._write(one.child.name, f"ended with {_outcome(one.process.returncode)}; starting again in {delay:.0f} s")
        elif now >= one.restart_at:
            one.process, one.started_at, one.restart_at = self._launch(one.child), now, None
            self._attach(one)

    def _bury(self, one: _Running) -> None:
        """Read the rest of a dead child's output and end whatever it left in its group."""
        processes.kill_group(one.process)
        self._drain(one)

    def _drain(self, one: _Running) -> None:
        while self._read(one):
            pass
        self._detach(one)

    def _detach(self, one: _Running) -> None:
        stream = one.process.stdout
        if stream is not None and not stream.closed:
            self._selector.unregister(stream)
            stream.close()

    def _pump(self, timeout_seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(timeout_seconds)
            return
        for key, _ in self._selector.select(timeout_seconds):
            self._read(key.data)

    def _read(self, one: _Running) -> bool:
        """Pass on what a child wrote; return whether there may be more."""
        stream = one.process.stdout
        if stream is None or stream.closed:
            return False
        try:
            data = os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return False
        if not data:
            self._detach(one)
        *lines, one.partial = (one.partial + data + (b"" if data else b"\n")).split(b"\n")
        for line in lines:
            if line.strip():
                self._say(one, line.decode(errors="replace").rstrip())
        return bool(data)

    def _say(self, one: _Running, line: str) -> None:
        one.last_lines.append(line)
        if one.child.ready_text and one.child.ready_text in line:
            one.is_ready = True
        if not any(text in line for text in one.child.muted):
            self._write(one.child.name, line)

    def _stop_stage(self, stage: list[_Running]) -> None:
        alive = [one for one in stage if one.process.poll() is None]
        for one in alive:
            one.process.send_signal(one.child.stop_signal)
        while alive:
            self._pump(_TICK_SECONDS / 4)
            alive = [one for one in alive if one.process.poll() is None]
            for one in alive:
                self._kill_when_late(one)
        for one in stage:
            self._bury(one)

    def _kill_when_late(self, one: _Running) -> None:
        if one.kill_at is None:
            one.kill_at = time.monotonic() + one.child.stop_limit_seconds
        if self._requests > 1 or time.monotonic() > one.kill_at:
            self._write(one.child.name, "does not stop; killed")
            processes.kill_group(one.process)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._requests == 0 or now - self._requested_at > _ONE_REQUEST_SECONDS:
            self._requests += 1
            self._requested_at = now


def _outcome(code: int) -> str:
    return f"status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
