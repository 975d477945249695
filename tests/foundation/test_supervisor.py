"""The supervisor, with small real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foundation.supervisor import CannotRun, Child, Interrupted, Supervisor


class Journal:
    """Everything the children wrote, in order."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def write(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    def texts(self, name: str) -> list[str]:
        return [line for who, line in self.lines if who == name]


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def supervisor(journal: Journal) -> Iterator[Supervisor]:
    supervisor = Supervisor(write=journal.write)
    yield supervisor
    supervisor.stop()


def _shell(name: str, script: str, **more: object) -> Child:
    return Child(name, ("sh", "-c", script), **more)  # type: ignore[arg-type]  # test shorthand


def _polite(name: str, place: Path) -> Child:
    """A child that notes in a shared file when it starts and when it is asked to stop."""
    script = f"trap 'echo {name} >> \"{place}\"; exit 0' TERM; echo up; while :; do sleep 0.02; done"
    return _shell(name, script, ready_text="up")


def _within(seconds: float, happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_stages_stop_in_the_opposite_order(supervisor: Supervisor, tmp_path: Path) -> None:
    place = tmp_path / "order"
    for name in ("database", "worker", "relay"):
        supervisor.start(_polite(name, place))
    supervisor.stop()
    assert place.read_text().split() == ["relay", "worker", "database"]


def test_start_waits_for_the_text_and_output_carries_the_name(supervisor: Supervisor, journal: Journal) -> None:
    supervisor.start(_shell("one", "echo early; sleep 0.2; echo now ready; sleep 60", ready_text="now ready"))
    assert journal.texts("one") == ["early", "now ready"]


def test_start_waits_for_the_probe(supervisor: Supervisor, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    supervisor.start(_shell("one", f"sleep 0.2; touch '{mark}'; sleep 60", ready=mark.exists))
    assert mark.exists()


def test_death_while_starting_tells_the_last_lines(supervisor: Supervisor) -> None:
    with pytest.raises(CannotRun) as caught:
        supervisor.start(_shell("web", "echo no such table; exit 3", ready_text="never"))
    assert str(caught.value) == "web ended with status 3 while starting. Its last lines:\n  web | no such table"


def test_late_child_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(CannotRun, match=r"web is not ready after 0 s"):
        supervisor.start(_shell("web", "sleep 60", ready_text="never", start_limit_seconds=0.1))


def test_missing_program_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(CannotRun, match="web cannot be started"):
        supervisor.start(Child("web", ("/no/such/program",)))


def test_dead_child_is_started_again_with_growing_pauses(supervisor: Supervisor, journal: Journal) -> None:
    supervisor.start(_shell("web", "echo up; sleep 0.1; exit 7", ready_text="up"))
    supervisor.watch(until=lambda: len(journal.texts("web")) >= 5)
    again = [line for line in journal.texts("web") if "starting again" in line]
    assert again[:2] == ["ended with status 7; starting again in 1 s", "ended with status 7; starting again in 2 s"]


def test_remains_are_cleared_before_each_launch(supervisor: Supervisor, journal: Journal) -> None:
    calls: list[int] = []
    supervisor.start(_shell("web", "echo up; sleep 1; exit 1", ready_text="up", before=lambda: calls.append(1)))
    supervisor.watch(until=lambda: journal.texts("web").count("up") == 2)
    assert len(calls) == 2


def test_muted_lines_are_not_shown_but_kept_for_the_last_words(supervisor: Supervisor, journal: Journal) -> None:
    with pytest.raises(CannotRun, match=r"web \| tick 1"):
        supervisor.start(_shell("web", "echo tick 1; echo other; exit 1", ready_text="never", muted=("tick",)))
    assert journal.texts("web") == ["other"]


def test_signal_while_starting_gives_up(supervisor: Supervisor) -> None:
    with supervisor.signals():
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted):
            supervisor.start(_shell("web", "sleep 60", ready_text="never"))


def test_signal_ends_the_watch_and_handlers_come_back(supervisor: Supervisor) -> None:
    before = signal.getsignal(signal.SIGINT)
    with supervisor.signals():
        os.kill(os.getpid(), signal.SIGINT)
        supervisor.watch()
    assert signal.getsignal(signal.SIGINT) is before


def test_child_that_ignores_the_signal_is_killed_after_its_limit(supervisor: Supervisor, journal: Journal) -> None:
    supervisor.start(_shell("deaf", "trap '' TERM; echo up; while :; do sleep 0.05; done", ready_text="up", stop_limit_seconds=0.2))
    supervisor.stop()
    assert journal.texts("deaf") == ["up", "does not stop; killed"]


def test_stop_ends_what_a_dead_child_left_in_its_group(supervisor: Supervisor, journal: Journal) -> None:
    supervisor.start(_shell("web", "sleep 60 & echo $!; echo up; wait", ready_text="up"))
    orphan = int(journal.texts("web")[0])
    supervisor.stop()
    assert _within(5, lambda: not _is_alive(orphan))


def test_running_children_are_remembered_and_forgotten(journal: Journal) -> None:
    remembered: list[list[int]] = []
    supervisor = Supervisor(write=journal.write, remember=lambda pids: remembered.append(list(pids)))
    supervisor.start(_shell("one", "echo $$; sleep 60", ready_text=""))
    supervisor.stop()
    assert len(remembered[0]) == 1
    assert remembered[-1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties children to their parent")
def test_killed_supervisor_takes_its_children_along() -> None:
    script = """
        import sys
        from foundation.supervisor import Child, Supervisor
        supervisor = Supervisor(write=lambda name, line: print(line, flush=True))
        supervisor.start(Child("one", ("sh", "-c", "echo $$; exec sleep 60"), ready_text=""))
        supervisor.watch()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _is_alive(child)
        parent.kill()
    assert _within(5, lambda: not _is_alive(child))
