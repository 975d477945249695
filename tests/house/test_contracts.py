"""The walls between the rooms: they stand, they name every room, and each kind of breach is seen."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.house.code import ROOMS, ROOT

# Contract, module that breaks it, the line planted at its end.
BREACHES = [
    ("Rooms: arrows point down only", "accounts/scope.py", "import billing"),
    ("Rooms: arrows point down only", "billing/urls.py", "import channels_app"),
    ("Floors of config", "config/env.py", "import config.settings"),
    ("Floors of console", "console/doctor.py", "import console.start"),
    ("Floors of gateway", "gateway/spool.py", "import gateway.boot"),
    ("Floors of billing", "billing/models/__init__.py", "import billing.orders"),
    ("Floors of channels_app", "channels_app/contract.py", "import channels_app.registry"),
    ("Floors of accounts", "accounts/models.py", "import accounts.tenants"),
    ("Floors of foundation", "foundation/ids.py", "import foundation.tasks"),
    ("Floors of foundation", "foundation/helpers.py", '"""A module without a floor."""'),
    ("Providers and dialects stand alone", "channels_app/providers/demo.py", "import channels_app.providers.openai"),
    ("Ledger rows are written in billing only", "gateway/urls.py", "import billing.models"),
    ("One door to httpx", "channels_app/registry.py", "import httpx"),
    ("One door to aiohttp", "channels_app/registry.py", "import aiohttp"),
    ("One door to proxies", "channels_app/registry.py", "import aiohttp_socks"),
    ("One door to Stripe", "billing/urls.py", "import stripe"),
    ("One door to Amazon", "channels_app/registry.py", "import boto3"),
    ("One door to Google's sign-in", "channels_app/registry.py", "import google.auth"),
    ("One door to the domain name system", "accounts/forms.py", "import dns"),
    ("Minds are pure", "channels_app/sse.py", "import django.db"),
    ("Minds are pure", "channels_app/contract.py", "import channels_app.models"),
    ("No cycles between neighbours", "foundation/processes.py", "import foundation.supervisor"),
]


def contracts() -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    section: dict[str, Any] = settings["tool"]["importlinter"]
    return section


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(folder), "PATH": ""})


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the rooms into which breaches may be planted."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__", "static", "templates"))
    return folder


@pytest.fixture
def plant(house: Path) -> Iterator[Any]:
    """Write text at the end of a module (made when missing) and take it back afterwards."""
    undo: list[tuple[Path, str | None]] = []

    def write(module: str, line: str) -> None:
        path = house / module
        before = path.read_text(encoding="utf-8") if path.exists() else None
        undo.append((path, before))
        path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")

    yield write
    for path, before in undo:
        path.unlink() if before is None else path.write_text(before, encoding="utf-8")


def test_walls_stand(house: Path) -> None:
    done = lint(house)
    assert " 0 broken." in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(("contract", "module", "line"), BREACHES)
def test_breach_is_seen(house: Path, plant: Any, contract: str, module: str, line: str) -> None:
    plant(module, line)
    done = lint(house)
    assert done.returncode == 1
    assert any(shown.startswith(f"{contract} BROKEN") for shown in done.stdout.splitlines()), done.stdout


def test_every_contract_has_a_planted_breach() -> None:
    names = {contract["name"] for contract in contracts()["contracts"]}
    assert {name for name, _, _ in BREACHES} == names


def test_every_room_is_a_root_and_every_package_a_room() -> None:
    apart = {"tests", "bench"}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - apart
    assert packages == set(ROOMS) == set(contracts()["root_packages"])
