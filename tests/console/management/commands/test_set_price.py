"""Pricing models on the command line."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Tenant
from billing import price_lists

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Any:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_set_price_reads_dollars_per_million_tokens(tenant: Tenant) -> None:
    run("set_price", "--model", "m-*", "--input", "2.5", "--output", "10", "--cache-read", "0.25", "--per-call", "0.001")
    answer = run("set_price", "--model", "m-*", "--tenant", tenant.slug, "--input", "3")
    assert answer == {"model": "m-*", "tenant": "teahouse", "priced_as": None, "input": 3.0}
    sold = price_lists.load(tenant.pk).resolve("m-1")
    assert sold is not None
    # 1,000 × $3 ÷ 1M + 1,000 × $10 ÷ 1M + $0.001 = 3,000 + 10,000 + 1,000 µ$
    assert sold.charge(input=1_000, output=1_000).price_micros == 14_000


def test_set_price_says_what_is_wrong(tenant: Tenant) -> None:
    run("set_price", "--model", "m", "--input", "2.5")
    for arguments, reason in (
        (["--model", "m", "--tenant", "nobody", "--input", "1"], "no tenant nobody"),
        (["--model", "m", "--input", "1e3"], "not an amount"),
        (["--model", "m", "--tenant", tenant.slug, "--input", "1"], "below the wholesale price"),
        (["--input", "1"], "say which model"),
    ):
        with pytest.raises(CommandError, match=reason):
            run("set_price", *arguments)


def test_set_price_imports_the_shipped_list(root_tenant: Tenant) -> None:
    assert run("set_price", "--list")["changed"] > 40
    assert price_lists.load(root_tenant.pk).resolve("gpt-4o-mini") is not None
