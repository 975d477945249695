"""What `make` says when the machine lacks something: one line with a way out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.code import ROOT

SCRIPT = ROOT / "deploy" / "venv.sh"


def run(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    (folder / "lock.txt").touch()
    return subprocess.run(
        [str(SCRIPT), python, ".venv", "lock.txt", ".venv/.lock"], cwd=folder, capture_output=True, text=True, check=False
    )


def a_python(folder: Path, *, is_old: bool = False, has_venv: bool = True) -> str:
    """Make a program that behaves as a Python of that kind would."""
    place = folder / "python-of-the-machine"
    checks = f'*version_info*) exit {int(is_old)} ;; *ensurepip*) exit {int(not has_venv)} ;; --version) echo "Python 3.9.2" ;;'
    place.write_text(f'#!/bin/sh\ncase "$*" in {checks} *) exit 1 ;; esac\n', encoding="utf-8")
    place.chmod(0o755)
    return str(place)


def test_missing_python_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, "python-that-is-not-there")
    assert done.stderr == "keyosk: python-that-is-not-there is not there: install Python 3.11 or newer, or name one with make PYTHON=…\n"
    assert done.returncode == 1


def test_old_python_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, a_python(tmp_path, is_old=True))
    assert done.stderr == "keyosk: Python 3.9.2 is too old: install Python 3.11 or newer, or name one with make PYTHON=python3.12\n"
    assert done.returncode == 1


def test_missing_venv_module_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, a_python(tmp_path, has_venv=False))
    assert done.stderr.endswith("has no venv module: install it (Debian and Ubuntu: apt install python3-venv), then try again\n")
    assert done.returncode == 1


@pytest.mark.slow
def test_environment_is_made_once_and_anew_after_a_move(tmp_path: Path) -> None:
    first = tmp_path / "a folder"
    first.mkdir()
    assert run(first, sys.executable).returncode == 0
    assert run(first, sys.executable).stderr == ""
    moved = first.rename(tmp_path / "another folder")
    done = run(moved, sys.executable)
    assert (done.returncode, done.stderr.splitlines()[0]) == (0, "keyosk: making .venv")
