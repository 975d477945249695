"""Why Keyosk could not start, in one line each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.start import preflight
from console.start.preflight import Refused
from tests.house.code import ROOT


def test_missing_var_is_made(tmp_path: Path) -> None:
    preflight.check_owner(tmp_path / "a" / "var")
    assert (tmp_path / "a" / "var").is_dir()


def test_var_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="cannot be made: Not a directory"):
        preflight.check_owner(tmp_path / "file" / "var")


def test_var_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 4242)
    with pytest.raises(Refused, match=r"belongs to \w+, you are user \d+: start as \w+, or set KEYOSK_VAR_DIR"):
        preflight.check_owner(tmp_path)


def test_full_disk_is_refused(tmp_path: Path) -> None:
    preflight.check_space(tmp_path, least_bytes=1)
    with pytest.raises(Refused, match=r"only \d+ MiB are free in .* make room"):
        preflight.check_space(tmp_path, least_bytes=2**62)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    lines = ("from pathlib import Path", "from console.start import preflight", f"with preflight.lock(Path({str(tmp_path)!r})):")
    script = "\n".join([*lines, "  print('held', flush=True)", "  input()"])
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_second_start_names_the_first_and_a_way_out(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    way_out = rf"already runs in .* \(process {holder.pid}\): stop it with Ctrl-C there or `kill {holder.pid}`"
    with pytest.raises(Refused, match=way_out), preflight.lock(tmp_path):
        pytest.fail("the lock was given twice")


def test_lock_of_a_killed_start_is_free(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    with preflight.lock(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_taken_port_is_refused_with_another_one() -> None:
    with preflight.listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(Refused, match=rf"port {port} is taken: .* PORT={port + 1} make run"):
            preflight.listen("127.0.0.1", port)


def test_foreign_address_is_refused() -> None:
    with pytest.raises(Refused, match="cannot be listened on"):
        preflight.listen("192.0.2.1", 0)
