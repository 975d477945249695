"""Payment accounts from the command line."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Tenant
from billing import gateways
from billing.models import GatewayAccount


def add(*options: str) -> dict[str, str]:
    out = StringIO()
    call_command("add_payment_account", "--tenant", "teahouse", "--json", *options, stdout=out)
    found: dict[str, str] = json.loads(out.getvalue())
    return found


def test_an_account_points_at_a_double_and_shows_no_secret(tenant: Tenant) -> None:
    shown = add(
        "--gateway", "stripe", "--option", "secret_key=sk_test_1", "--option", "webhook_secret=whsec_1", "--api-base", "http://127.0.0.1:9"
    )  # fmt: skip
    account = GatewayAccount.objects.get()
    assert shown["webhook_path"] == f"/pay/stripe/{account.token}/webhook/"
    assert account.options == {"api_base": "http://127.0.0.1:9"}
    assert "sk_test_1" not in json.dumps(shown) + account.sealed
    assert gateways.is_ready(account)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--gateway", "paypal"), "there are: credit, epay, epusdt, sandbox, stripe"),
        (("--gateway", "epay", "--option", "pid=1"), "epay needs base, key"),
        (
            ("--gateway", "epay", "--option", "color=red"),
            "epay has no color; it has: base, confirm_above, interface, key, pid, refunds, type",
        ),
        (("--gateway", "epay", "--option", "pid"), "pid: write it like name=value"),
        (("--gateway", "sandbox", "--tenant", "nobody"), "there is no tenant nobody; make it with add_tenant"),
    ],
)
def test_mistakes_are_said_and_add_nothing(tenant: Tenant, options: tuple[str, ...], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        add(*options)
    assert not GatewayAccount.objects.exists()
