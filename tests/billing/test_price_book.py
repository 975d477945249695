"""Setting prices: versions, floors, the shipped list."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Tenant
from billing import arithmetic, price_book, price_lists
from billing.models import PriceRule
from foundation.models import SnapshotVersion

pytestmark = pytest.mark.django_db


def version() -> int:
    return SnapshotVersion.objects.values_list("version", flat=True).filter(kind="prices").first() or 0


def test_a_new_price_ends_the_old_one_and_keeps_it(root_tenant: Tenant) -> None:
    first = price_book.set_price(model="m", input=1_000_000)
    second = price_book.set_price(model="m", input=2_000_000)
    first.refresh_from_db()
    assert first.valid_to == second.valid_from
    assert (first.input, second.input, second.valid_to) == (1_000_000, 2_000_000, None)
    sold = price_lists.load(root_tenant.pk).resolve("m")
    assert sold is not None
    assert sold.charge(input=1_000_000).price_micros == 2_000_000
    event = AuditEvent.objects.get(action="price.set", before__input=1_000_000)
    assert event.after == {"input": 2_000_000}


def test_the_same_price_again_changes_nothing(root_tenant: Tenant) -> None:
    first = price_book.set_price(model="m", input=1, output=2)
    before = version()
    assert price_book.set_price(model="m", input=1, output=2) == first
    assert PriceRule.objects.count() == 1
    assert version() == before


def test_a_change_raises_the_version_relays_watch(root_tenant: Tenant) -> None:
    before = version()
    price_book.set_price(model="m", input=1)
    assert version() > before


def test_a_retail_price_below_wholesale_is_refused_when_typed(tenant: Tenant) -> None:
    price_book.set_price(model="gpt-4o", input=2_500_000, output=10_000_000)
    with pytest.raises(price_book.BelowWholesale, match=r"output of gpt-4o: \$9\.00 per 1M tokens is below the wholesale price \$10\.00"):
        price_book.set_price(model="gpt-4o", tenant=tenant, input=3_000_000, output=9_000_000)
    with pytest.raises(price_book.BelowWholesale, match="input of gpt-4o"):
        price_book.set_price(model="gpt-*", tenant=tenant, input=2_000_000)
    assert PriceRule.objects.filter(book__tenant=tenant).count() == 0


def test_a_reseller_sells_above_wholesale(tenant: Tenant) -> None:
    price_book.set_price(model="gpt-4o", input=2_500_000)
    price_book.set_price(model="gpt-4o", tenant=tenant, input=3_000_000)
    sold = price_lists.load(tenant.pk).resolve("gpt-4o")
    assert sold is not None
    charge = sold.charge(input=1_000)
    assert charge.price_micros == 3_000
    # 1,000 × $2.50 ÷ 1M = 2,500 to the platform, the rest is the shop's
    assert [amount for _account, amount in charge.splits] == [2_500, 500]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "at least an input price"),
        ({"cache_read": 1}, "at least an input price"),
        ({"input": -1}, "0 or more"),
        ({"input": 1, "priced_as": "other"}, "no prices of its own"),
        ({"priced_as": "m"}, "not that model itself"),
    ],
)
def test_a_rule_without_sense_is_refused(root_tenant: Tenant, values: dict[str, int], reason: str) -> None:
    with pytest.raises(price_book.BadPrice, match=reason):
        price_book.set_price(model="m", **values)  # type: ignore[arg-type]  # mixed values by table
    assert PriceRule.objects.count() == 0


def test_the_shipped_list_is_dated_and_imports_once(root_tenant: Tenant) -> None:
    first = price_book.import_list()
    again = price_book.import_list()
    assert first.date == "2026-11-20"
    assert first.changed == PriceRule.objects.count() > 40
    assert (again.changed, again.unchanged) == (0, first.changed)
    sold = price_lists.load(root_tenant.pk).resolve("gpt-4o-2024-08-06")
    assert sold is not None
    # priced as gpt-4o: 1,000 × $2.50 ÷ 1M
    assert sold.charge(input=1_000).price_micros == 2_500
    assert "2026-11-20" in PriceRule.objects.get(pattern="gpt-4o").source


def test_what_the_platform_has_not_priced_is_not_listed(tenant: Tenant) -> None:
    price_book.set_price(model="b*", input=1)
    price_book.set_price(model="a", input=1)
    price_book.set_price(model="own", tenant=tenant, input=1)
    assert price_lists.models(tenant.pk) == ["a", "b*"]


def test_a_tenfold_jump_wants_to_be_confirmed(root_tenant: Tenant) -> None:
    price_book.set_price(model="m", input=1_000_000, output=2_000_000)
    with pytest.raises(price_book.NeedsConfirming, match=r"input: \$1\.00 → \$10\.00"):
        price_book.set_price(model="m", input=10_000_000, output=2_000_000)
    assert PriceRule.objects.get(pattern="m", valid_to=None).input == 1_000_000
    assert price_book.set_price(model="m", input=10_000_000, output=2_000_000, is_confirmed=True).input == 10_000_000


def test_units_and_tiers_reach_the_price_list(root_tenant: Tenant) -> None:
    rule = price_book.set_price(model="m", input=1_000_000, units={"tool:web_search": 10**10}, tiers=[{"above": 100, "input": 2_000_000}])
    sold = price_lists.load(root_tenant.pk).resolve("m")
    assert sold is not None
    # 101 × 2 (above 100 tokens) + 1 × 10,000
    assert sold.charge_for({"input": 101, "tool:web_search": 1}).price_micros == 10_202
    same = price_book.set_price(model="m", input=1_000_000, units={"tool:web_search": 10**10}, tiers=[{"above": 100, "input": 2_000_000}])
    assert same == rule


def test_a_group_pays_its_part_until_it_is_changed(tenant: Tenant) -> None:
    price_book.set_price(model="m", input=1_000_000)
    price_book.set_price(model="m", tenant=tenant, input=2_000_000)
    before = version()
    first = price_book.set_group(tenant=tenant, group="vip", factor=900_000)
    assert version() > before
    assert price_book.set_group(tenant=tenant, group="vip", factor=900_000) == first
    second = price_book.set_group(tenant=tenant, group="vip", factor=600_000)
    sold = price_lists.load(tenant.pk).resolve("m", group="vip")
    assert sold is not None
    # 2.0 × 0.6 = 1.2
    charge = sold.charge(input=1_000)
    assert (charge.price_micros, charge.book.split()[-1]) == (1_200, f"g{second.pk}")
    # The rules of a call long ago: 2.0 × 0.9
    old = price_lists.of_book((tenant.parent_id or 0, tenant.pk), charge.book.replace(f"g{second.pk}", f"g{first.pk}"))
    assert old is not None
    assert old.charge(input=1_000).price_micros == 1_800


@pytest.mark.parametrize(("group", "factor"), [("", 1), ("g", 0), ("g", 100_000_001), ("g" * 41, 1)])
def test_a_group_without_sense_is_refused(root_tenant: Tenant, group: str, factor: int) -> None:
    with pytest.raises(price_book.BadPrice):
        price_book.set_group(group=group, factor=factor)


def asked(root: Tenant, *, at: datetime.datetime | None = None) -> int:
    """Return what a million tokens of `m` cost at a moment."""
    sold = price_lists.load(root.pk, at=at).resolve("m")
    assert sold is not None
    return sold.charge(input=1_000_000).price_micros


def test_a_planned_price_counts_from_its_time_on(root_tenant: Tenant) -> None:
    price_book.set_price(model="m", input=1_000_000)
    begins = timezone.now() + datetime.timedelta(hours=2)
    price_book.set_price(model="m", input=2_000_000, begins=begins)
    moments = [None, begins - datetime.timedelta(seconds=1), begins, begins + datetime.timedelta(days=400)]
    assert [asked(root_tenant, at=moment) for moment in moments] == [1_000_000, 1_000_000, 2_000_000, 2_000_000]
    left = price_lists.load(root_tenant.pk).lasts_seconds
    assert left is not None
    assert 7_190 < left <= 7_200
    assert price_lists.load(root_tenant.pk, at=begins).lasts_seconds is None


def test_what_was_planned_for_later_is_given_up(root_tenant: Tenant) -> None:
    price_book.set_price(model="m", input=1_000_000)
    begins = timezone.now() + datetime.timedelta(hours=2)
    price_book.set_price(model="m", input=2_000_000, begins=begins)
    price_book.set_price(model="m", input=1_500_000)
    assert [asked(root_tenant, at=moment) for moment in (None, begins)] == [1_500_000, 1_500_000]
    assert price_lists.load(root_tenant.pk).lasts_seconds is None
    price_book.set_price(model="m", input=3_000_000, begins=begins)
    price_book.set_price(model="m", input=1_500_000)
    assert asked(root_tenant, at=begins) == 1_500_000, "the same price again gives the plan up too"


def test_no_price_begins_in_the_past(root_tenant: Tenant) -> None:
    with pytest.raises(price_book.BadPrice, match="now or in the future"):
        price_book.set_price(model="m", input=1, begins=timezone.now())


def test_a_planned_retail_price_is_compared_with_the_wholesale_price_of_that_time(tenant: Tenant) -> None:
    begins = timezone.now() + datetime.timedelta(days=1)
    price_book.set_price(model="m", input=1_000_000)
    price_book.set_price(model="m", input=2_000_000, begins=begins)
    price_book.set_price(model="m", tenant=tenant, input=1_500_000)
    with pytest.raises(price_book.BelowWholesale):
        price_book.set_price(model="m", tenant=tenant, input=1_500_000, begins=begins)


def _charged(shop: Tenant) -> int:
    """What a million tokens in and a million out cost the shop's customers."""
    sold = price_lists.load(shop.pk).resolve("m")
    assert sold is not None
    return sold.charge(input=1_000_000, output=1_000_000).price_micros


def test_a_shops_price_follows_the_wholesale_price_in_each_mode(tenant: Tenant) -> None:
    price_book.set_price(model="m", input=1_000_000, output=2_000_000)
    price_book.set_price(model="*", tenant=tenant, mode="percent", factor=1_250_000)
    assert _charged(tenant) == 3_750_000
    price_book.set_price(model="*", tenant=tenant, mode="added", input=100_000, output=50_000)
    assert _charged(tenant) == 3_150_000
    price_book.set_price(model="m", tenant=tenant, input=1_500_000, output=2_500_000)
    assert _charged(tenant) == 4_000_000
    price_book.set_price(model="m", input=2_000_000, output=2_000_000)
    assert _charged(tenant) == 4_500_000  # the fixed price of input is lifted to the floor
    price_book.set_price(model="m", tenant=tenant, mode="inherit")
    assert _charged(tenant) == 4_000_000
    last = PriceRule.objects.get(book__tenant=tenant, pattern="m", valid_to=None)
    assert (last.mode, last.factor, last.input) == ("inherit", 1_000_000, None)
    assert AuditEvent.objects.latest("pk").after == {"mode": "inherit"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mode": "percent"}, "more than 0 and"),
        ({"mode": "percent", "factor": 900_000}, "more than 0 and"),
        ({"mode": "percent", "factor": 1_100_000, "input": 5}, "leave the prices empty"),
        ({"mode": "added"}, "at least one amount"),
        ({"mode": "added", "input": -5}, "0 or more"),
        ({"mode": "added", "input": 5, "factor": 1_100_000}, "only the mode percent"),
        ({"mode": "inherit", "per_call": 5}, "leave the prices empty"),
        ({"mode": "inherit", "priced_as": "other"}, "leave those of your own empty"),
        ({"mode": "added", "input": 5, "tiers": [{"above": 9, "input": 5}]}, "leave those of your own empty"),
        ({"mode": "cheap"}, "is no mode"),
        ({"input": 2_000_000, "factor": 1_100_000}, "only the mode percent"),
    ],
)
def test_a_mode_takes_just_what_it_needs(tenant: Tenant, given: dict[str, Any], said: str) -> None:
    price_book.set_price(model="m", input=1_000_000, output=2_000_000)
    with pytest.raises(price_book.BadPrice, match=said):
        price_book.set_price(model="m", tenant=tenant, **given)
    assert not PriceRule.objects.filter(book__tenant=tenant).exists()


def test_the_platform_has_no_price_above_it(root_tenant: Tenant) -> None:
    with pytest.raises(price_book.BadPrice, match="no wholesale price above"):
        price_book.set_price(model="m", mode="percent", factor=1_100_000)


def test_a_rehearsal_tells_both_prices_and_sets_nothing(tenant: Tenant) -> None:
    price_book.set_price(model="m", input=1_000_000, output=2_000_000)
    assert price_book.rehearse(model="m", tenant=tenant, mode="percent", factor=1_500_000) == (3_000, 4_500)
    assert not PriceRule.objects.filter(book__tenant=tenant).exists()
    with pytest.raises(price_book.BelowWholesale):
        price_book.rehearse(model="m", tenant=tenant, input=1)


def test_beyond_the_ceiling_nothing_can_be_typed_in_any_mode(tenant: Tenant) -> None:
    price_book.set_price(model="m-1", input=1_000_000, output=2_000_000)
    price_book.set_ceiling(tenant=tenant, factor=1_500_000)
    with pytest.raises(price_book.AboveCeiling, match=r"output of m-1: \$3\.10 per 1M tokens is more than the \$3\.00 allowed"):
        price_book.set_price(model="m-*", tenant=tenant, input=1_400_000, output=3_100_000)
    with pytest.raises(price_book.AboveCeiling, match=r"1\.6 times the wholesale price of m-1 is more than the 1\.5 times allowed"):
        price_book.set_price(model="m-1", tenant=tenant, mode="percent", factor=1_600_000)
    with pytest.raises(price_book.AboveCeiling, match=r"input of m-1: \$1\.60"):
        price_book.set_price(model="m-1", tenant=tenant, mode="added", input=600_000)
    assert not PriceRule.objects.filter(book__tenant=tenant).exists()
    price_book.set_price(model="m-1", tenant=tenant, mode="percent", factor=1_500_000)
    price_book.set_price(model="m-1", tenant=tenant, mode="inherit")


def test_a_ceiling_counts_at_once_and_old_calls_keep_their_sum(tenant: Tenant) -> None:
    price_book.set_price(model="m", input=1_000_000)
    price_book.set_price(model="m", tenant=tenant, input=3_000_000)
    before, was = version(), price_lists.load(tenant.pk).resolve("m")
    made = price_book.set_ceiling(tenant=tenant, factor=2_000_000)
    assert made is not None
    assert version() > before
    lowered = price_lists.load(tenant.pk).resolve("m")
    assert was is not None
    assert lowered is not None
    charge = lowered.charge(input=1_000_000)
    assert (was.charge(input=1_000_000).price_micros, charge.price_micros) == (3_000_000, 2_000_000)
    assert [micros for _account, micros in charge.splits] == [1_000_000, 1_000_000]
    assert charge.book.endswith(f" c{made.pk}")
    price_book.set_price(model="m", input=400_000)  # what a shop typed as a fixed price goes down with the wholesale price
    lower = price_lists.load(tenant.pk).resolve("m")
    assert lower is not None
    assert lower.charge(input=1_000_000).price_micros == 800_000
    price_book.set_ceiling(tenant=tenant, factor=None)
    sums = [
        explained.price_micros
        for book in (charge.book, was.book)
        if (explained := arithmetic.explain(tenant_id=tenant.pk, book=book, usage={"input": 1_000_000}, price_micros=0, numerator=0))
    ]
    assert sums == [2_000_000, 3_000_000]
    free = price_lists.load(tenant.pk).resolve("m")
    assert free is not None
    assert free.charge(input=1_000_000).price_micros == 3_000_000


def test_a_ceiling_is_a_shops_and_not_below_wholesale(tenant: Tenant, root_tenant: Tenant) -> None:
    for shop, factor in ((root_tenant, 2_000_000), (tenant, 999_999), (tenant, 100_000_001)):
        with pytest.raises(price_book.BadPrice):
            price_book.set_ceiling(tenant=shop, factor=factor)
    first = price_book.set_ceiling(tenant=tenant, factor=2_000_000)
    assert price_book.set_ceiling(tenant=tenant, factor=2_000_000) == first
    assert AuditEvent.objects.filter(action="price.ceiling", tenant=tenant).count() == 1
