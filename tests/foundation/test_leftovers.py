"""Children that outlived a killed supervisor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from foundation import leftovers, processes


def test_remembered_child_is_ended(tmp_path: Path) -> None:
    place = tmp_path / "children.json"
    child = processes.spawn(("sleep", "60"))
    leftovers.remember(place, [child.pid])
    assert leftovers.end(place) == 1
    assert child.wait(timeout=5) == -signal.SIGTERM
    assert not place.exists()


def test_child_that_does_not_end_is_killed(tmp_path: Path) -> None:
    place = tmp_path / "children.json"
    child = processes.spawn(("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"), output=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    leftovers.remember(place, [child.pid])
    assert leftovers.end(place, patience_seconds=0.2) == 1
    assert child.wait(timeout=5) == -signal.SIGKILL
    child.stdout.close()


def test_another_process_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "children.json"
    place.write_text(json.dumps({str(os.getpid()): "another beginning"}))
    assert leftovers.end(place) == 0


def test_nothing_remembered_is_nothing_to_do(tmp_path: Path) -> None:
    assert leftovers.end(tmp_path / "children.json") == 0
    (tmp_path / "children.json").write_text("half a fi")
    assert leftovers.end(tmp_path / "children.json") == 0
