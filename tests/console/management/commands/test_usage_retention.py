"""How long usage is kept, from the command line."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Tenant
from gateway.models import UsageRetention

pytestmark = pytest.mark.django_db


def _run(*options: str) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("usage_retention", *options, "--json", stdout=out)
    rows: list[dict[str, Any]] = json.loads(out.getvalue())
    return rows


def test_a_tenants_days_are_set_and_taken_back(tenant: Tenant) -> None:
    root = {"tenant": "platform", "days": 400, "cleared_until": None}
    assert _run("--tenant", "teahouse", "--days", "90") == [root, {"tenant": "teahouse", "days": 90, "cleared_until": None}]
    assert _run("--tenant", "teahouse", "--days", "0") == [root, {"tenant": "teahouse", "days": 400, "cleared_until": None}]
    assert _run() == [root, {"tenant": "teahouse", "days": 400, "cleared_until": None}]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--tenant", "teahouse"), "together"),
        (("--tenant", "nobody", "--days", "90"), "No tenant is called nobody"),
        (("--tenant", "teahouse", "--days", "6"), "at least 7 days"),
    ],
)
def test_what_cannot_be_is_refused(tenant: Tenant, options: tuple[str, ...], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        _run(*options)
    assert not UsageRetention.objects.exists()
