"""Products, codes and redemption on the command line."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command

from accounts.models import Membership, Tenant
from billing import codes
from billing.models import Code, Product

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Any:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_minted_code_is_redeemed_once(root_tenant: Tenant, platform_admin: Membership) -> None:
    cache.clear()
    minted = run("mint_codes", "--tenant", root_tenant.slug, "--units-usd", "5", "--count", "2", "--offline")
    assert sorted(minted) == ["batch", "codes"]
    arguments = ["redeem", "--user", str(platform_admin.user.email), "--code", minted["codes"][0]]
    assert run(*arguments)["available_micros"] == 5_000_000
    assert run(*arguments)["available_micros"] == 5_000_000
    with pytest.raises(CommandError, match="not a whole code"):
        run("redeem", "--user", str(platform_admin.user.email), "--code", "PPP6A")


def test_a_large_batch_is_made_without_a_worker_and_shows_how_far_it_is(root_tenant: Tenant) -> None:
    out, told = StringIO(), StringIO()
    call_command(
        "mint_codes", "--tenant", root_tenant.slug, "--units-usd", "1", "--count", "2500", "--offline", "--json", stdout=out, stderr=told
    )
    assert told.getvalue().splitlines() == ["1,000 of 2,500 codes are made", "2,000 of 2,500 codes are made"]
    minted = json.loads(out.getvalue())["codes"]
    assert (len(minted), len(set(minted))) == (2_500, 2_500)
    assert minted == codes.reveal(Code.objects.select_related("batch").order_by("serial"))


def test_codes_of_a_product_are_worth_what_it_says(root_tenant: Tenant) -> None:
    added = run("add_product", "--tenant", root_tenant.slug, "--name", "Five dollars", "--units-usd", "5", "--price", "39.00")
    assert added["path"] == "/p/five-dollars/"
    assert len(run("mint_codes", "--tenant", root_tenant.slug, "--product", "five-dollars", "--count", "3")["codes"]) == 3
    with pytest.raises(CommandError, match="another denomination"):
        run("mint_codes", "--tenant", root_tenant.slug, "--product", "five-dollars", "--count", "1", "--units-usd", "6")


def test_minting_without_stock_says_what_is_missing(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match=r"need \$10\.00 of stock"):
        run("mint_codes", "--tenant", tenant.slug, "--units-usd", "5", "--count", "2")


def test_a_product_is_added_with_a_tag(root_tenant: Tenant) -> None:
    common = ("add_product", "--tenant", root_tenant.slug, "--units-usd", "5", "--price", "39.00")
    run(*common, "--name", "Five dollars", "--tag", "bonus", "--tag-text", "+10%")
    assert list(Product.objects.values_list("tag", "tag_text")) == [("bonus", "+10%")]
    with pytest.raises(CommandError, match="at most 24 characters"):
        run(*common, "--name", "Six", "--tag", "hot", "--tag-text", "x" * 25)
