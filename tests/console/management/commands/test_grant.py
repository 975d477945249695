"""Granting quota on the command line, and reading the balance."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Membership

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Any:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_grant_is_in_the_balance(platform_admin: Membership) -> None:
    email = str(platform_admin.user.email)
    assert run("grant", "--user", email, "--usd", "2.5")["granted_micros"] == 2_500_000
    assert run("balance", "--user", email) == {"available_micros": 2_500_000, "held_micros": 0, "expiring_micros": 0}


def test_a_key_grants_once(platform_admin: Membership) -> None:
    arguments = ["grant", "--user", str(platform_admin.user.email), "--usd", "1", "--key", "welcome"]
    assert run(*arguments) == run(*arguments)
    with pytest.raises(CommandError, match="used for another grant"):
        run(*arguments[:4], "2", *arguments[5:])
    assert run("balance", "--user", arguments[2])["available_micros"] == 1_000_000


@pytest.mark.parametrize("amount", ["0", "-1", "abc", "1.2345678"])
def test_what_is_no_amount_is_refused(platform_admin: Membership, amount: str) -> None:
    with pytest.raises(CommandError):
        run("grant", "--user", str(platform_admin.user.email), f"--usd={amount}")
    assert run("balance", "--user", str(platform_admin.user.email))["available_micros"] == 0


def test_a_stranger_is_named() -> None:
    with pytest.raises(CommandError, match="nobody has the address"):
        run("balance", "--user", "nobody@example.test")
