"""Importing prices on the command line."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Tenant
from billing import price_lists

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ratios.json"
    path.write_text(json.dumps({"ModelRatio": {"m": 1.25, "n": 1}, "CompletionRatio": {"m": 4, "n": 2}, "GroupRatio": {"vip": 0.9}}))
    return path


def run(file: Path, *arguments: str) -> str:
    out = StringIO()
    call_command("import_prices", "--format", "oneapi", "--file", str(file), *arguments, stdout=out)
    return out.getvalue()


def test_a_draft_changes_nothing(root_tenant: Tenant, file: Path) -> None:
    told = run(file)
    assert "2 new, 0 changed, 0 same, 0 refused" in told
    assert "Nothing is changed" in told
    assert price_lists.load(root_tenant.pk).resolve("m") is None


def test_applied_it_counts(root_tenant: Tenant, file: Path) -> None:
    told = json.loads(run(file, "--apply", "--groups", "--model", "m", "--json"))
    assert (told["applied"], told["groups"]) == (1, {"vip": 0.9})
    assert [change["model"] for change in told["changes"]] == ["m"]
    prices = price_lists.load(root_tenant.pk)
    assert prices.resolve("n") is None
    sold = prices.resolve("m", group="vip")
    assert sold is not None
    # ratio 1.25 is $2.50, × 4 = $10; 0.9 of both: 1,000 × 2.25 + 1,000 × 9
    assert sold.charge(input=1_000, output=1_000).price_micros == 11_250


def test_what_cannot_be_read_is_said(root_tenant: Tenant, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path / "none.json")
    empty = tmp_path / "empty.json"
    empty.write_text("{}")
    with pytest.raises(CommandError, match="no price file of oneapi"):
        run(empty)
