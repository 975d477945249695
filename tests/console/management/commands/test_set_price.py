"""Pricing models on the command line."""

from __future__ import annotations

import datetime
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Tenant
from billing import price_lists
from channels_app import channels, costs, selectors
from channels_app.contract import Usage

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Any:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_set_price_reads_dollars_per_million_tokens(tenant: Tenant) -> None:
    run("set_price", "--model", "m-*", "--input", "2.5", "--output", "10", "--cache-read", "0.25", "--per-call", "0.001")
    answer = run("set_price", "--model", "m-*", "--tenant", tenant.slug, "--input", "3")
    # the reseller's input, the platform's output and call: 1,000 × 3 + 1,000 × 10 + 1,000 µ$; before 2,500 + 10,000 + 1,000
    preview = "a call of 1,000 tokens in and 1,000 out costs $0.014 (before: $0.0135)"
    assert answer == {"model": "m-*", "tenant": "teahouse", "priced_as": None, "input": 3.0, "preview": preview}
    sold = price_lists.load(tenant.pk).resolve("m-1")
    assert sold is not None
    # 1,000 × $3 ÷ 1M + 1,000 × $10 ÷ 1M + $0.001 = 3,000 + 10,000 + 1,000 µ$
    assert sold.charge(input=1_000, output=1_000).price_micros == 14_000


@pytest.mark.parametrize(
    ("words", "price_micros"),
    [
        (("--mode", "inherit"), 12_500),
        (("--mode", "percent", "--percent", "12.5"), 14_063),  # rounded up
        (("--mode", "added", "--input", "0.5", "--output", "1"), 14_000),
        (("--mode", "price", "--input", "3", "--output", "11"), 14_000),
    ],
)
def test_a_shops_price_follows_the_wholesale_price_in_every_mode(tenant: Tenant, words: tuple[str, ...], price_micros: int) -> None:
    run("set_price", "--model", "m", "--input", "2.5", "--output", "10")
    answer = run("set_price", "--model", "m", "--tenant", tenant.slug, *words)
    assert answer.get("mode", "price") == words[1]
    sold = price_lists.load(tenant.pk).resolve("m")
    assert sold is not None
    assert sold.charge(input=1_000, output=1_000).price_micros == price_micros


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mode", "percent"), "say how much more"),
        (("--percent", "5"), "say how much more"),
        (("--mode", "percent", "--percent", "much"), "no percentage"),
        (("--mode", "percent", "--percent", "1.00001"), "at most 4 decimals"),
        (("--mode", "percent", "--percent=-5"), "more than 0 and"),
        (("--mode", "added"), "at least one amount"),
        (("--mode", "inherit", "--input", "3"), "leave the prices empty"),
        (("--input", "2.4", "--output", "11"), "below"),
    ],
)
def test_a_mode_that_makes_no_price_is_refused(tenant: Tenant, words: tuple[str, ...], said: str) -> None:
    run("set_price", "--model", "m", "--input", "2.5", "--output", "10")
    with pytest.raises(CommandError, match=said):
        run("set_price", "--model", "m", "--tenant", tenant.slug, *words)


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


def test_set_price_reads_units_and_tiers(root_tenant: Tenant) -> None:
    answer = run(
        "set_price", "--model", "m", "--input", "3", "--per-second", "0.0001", "--per-character", "15", "--unit", "tool:web_search=0.01",
        "--unit", "image:1024x1024:hd=0.08", "--tier", "200000:input=6,output=22.5",
    )  # fmt: skip
    assert (answer["seconds"], answer["characters"], answer["tool:web_search"]) == (0.0001, 15.0, 0.01)
    assert answer["tiers"] == [{"above": 200_000, "input": 6.0, "output": 22.5}]
    sold = price_lists.load(root_tenant.pk).resolve("m")
    assert sold is not None
    # 2 × 100 + 2 × 15 + 3 × 10,000 + 1 × 80,000
    charge = sold.charge_for({"seconds": 2, "characters": 2, "tool:web_search": 3, "image:1024x1024:hd": 1})
    assert charge.price_micros == 110_230
    # 200,001 × 6 + 2 × 22.5
    assert sold.charge(input=200_001, output=2).price_micros == 1_200_051


def test_a_tenfold_price_wants_confirm_and_a_dry_run_changes_nothing(root_tenant: Tenant) -> None:
    run("set_price", "--model", "m", "--input", "1")
    with pytest.raises(CommandError, match=r"input: \$1\.00 → \$10\.00; say --confirm"):
        run("set_price", "--model", "m", "--input", "10")
    shown = run("set_price", "--model", "m", "--input", "10", "--dry-run")
    # 1,000 × $10 ÷ 1M, before 1,000 × $1 ÷ 1M
    assert shown["preview"] == "a call of 1,000 tokens in and 1,000 out costs $0.01 (before: $0.001)"
    assert shown["jumps"][0] == "input: $1.00 → $10.00"
    assert run("set_price", "--model", "m", "--input", "10", "--confirm")["input"] == 10.0


def test_set_price_gives_a_group_its_factor(root_tenant: Tenant) -> None:
    run("set_price", "--model", "m", "--input", "2")
    assert run("set_price", "--group", "vip", "--factor", "0.9") == {"group": "vip", "tenant": "platform", "factor": 0.9}
    sold = price_lists.load(root_tenant.pk).resolve("m", group="vip")
    assert sold is not None
    assert sold.charge(input=1_000).price_micros == 1_800
    for factor in ("", "much", "0.0000001", "0"):
        with pytest.raises(CommandError):
            run("set_price", "--group", "vip", "--factor", factor)


def test_set_price_writes_what_a_channel_costs(root_tenant: Tenant) -> None:
    made = channels.add(name="Up", provider="demo", models=["m"])
    answer = run("set_price", "--channel", "Up", "--model", "m", "--input", "1.5", "--output", "6", "--unit", "tool:web_search=0.01")
    assert answer == {"model": "m", "channel": "Up", "input": 1.5, "output": 6.0, "tool:web_search": 0.01}
    usage = Usage(input=1_000, output=10, units=(("tool:web_search", 1),))
    # 1,000 × 1.5 + 10 × 6 + 10,000
    assert costs.charge(selectors.load_one(made.pk), "m", usage) == (11_560, 11_560_000_000)
    with pytest.raises(CommandError, match="platform has no channel Down; there are: Up"):
        run("set_price", "--channel", "Down", "--model", "m", "--input", "1")
    with pytest.raises(CommandError, match="give what the upstream asks"):
        run("set_price", "--channel", "Up", "--model", "m")


def test_set_price_plans_ahead(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(zone="Asia/Shanghai")
    run("set_price", "--model", "m", "--input", "1")
    answer = run("set_price", "--model", "m", "--tenant", tenant.slug, "--input", "2", "--from", "2099-01-01T08:00")
    assert answer["begins"] == "2099-01-01 08:00:00+08:00"
    at = datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC)
    found = [price_lists.load(tenant.pk, at=moment).resolve("m") for moment in (None, at)]
    assert [sold.charge(input=1_000_000).price_micros for sold in found if sold is not None] == [1_000_000, 2_000_000]
    with pytest.raises(CommandError, match="is no time"):
        run("set_price", "--model", "m", "--input", "2", "--from", "tomorrow")
