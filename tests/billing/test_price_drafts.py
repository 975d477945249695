"""An import is a draft with a diff until it is applied."""

from __future__ import annotations

import pytest

from accounts.models import Tenant
from billing import price_book, price_drafts, price_lists
from billing.models import GroupRate, PriceRule
from billing.price_formats import Foreign

pytestmark = pytest.mark.django_db
FOREIGN = Foreign(
    {"a": {"input": 1_000_000, "output": 2_000_000}, "b": {"input": 3_000_000}, "c": {"input": 5}, "d": {"priced_as": "d"}},
    {"vip": 900_000},
)


@pytest.fixture
def draft(root_tenant: Tenant) -> price_drafts.Draft:
    price_book.set_price(model="a", input=1_000_000, output=2_000_000)
    price_book.set_price(model="b", input=2_000_000)
    return price_drafts.draft(foreign=FOREIGN)


def test_each_model_says_what_would_change(draft: price_drafts.Draft) -> None:
    told = {change.model: (change.state, change.differences) for change in draft.changes}
    assert told == {
        "a": ("same", ()),
        "b": ("changed", ("input: $2.00 → $3.00",)),
        "c": ("new", ("input: – → $0.000005",)),
        "d": ("refused", ()),
    }
    assert "not that model itself" in draft.changes[3].reason
    # 1,000 × $3, before 1,000 × $2
    assert str(draft.changes[1].preview) == "a call of 1,000 tokens in and 1,000 out costs $0.003 (before: $0.002)"
    assert PriceRule.objects.count() == 2


def test_applied_it_counts(draft: price_drafts.Draft, root_tenant: Tenant) -> None:
    assert price_drafts.apply(draft=draft, source="import of x.json") == 2
    sold = price_lists.load(root_tenant.pk).resolve("b")
    assert sold is not None
    assert sold.charge(input=1_000).price_micros == 3_000
    assert PriceRule.objects.get(pattern="b", valid_to=None).source == "import of x.json"
    assert GroupRate.objects.count() == 0
    again = price_drafts.draft(foreign=FOREIGN)
    assert [change.state for change in again.changes] == ["same", "same", "same", "refused"]
    assert price_drafts.apply(draft=again, source="", with_groups=True) == 0
    assert GroupRate.objects.get().factor == 900_000


def test_a_tenfold_jump_stops_the_whole_import(draft: price_drafts.Draft) -> None:
    jumping = price_drafts.draft(foreign=Foreign({"a": {"input": 10_000_000}, "new": {"input": 1}}))
    assert jumping.jumps == ("a",)
    with pytest.raises(price_book.NeedsConfirming, match="tenfold or more: a"):
        price_drafts.apply(draft=jumping, source="")
    assert PriceRule.objects.filter(pattern="new").count() == 0
    assert price_drafts.apply(draft=jumping, source="", is_confirmed=True) == 2


def test_a_reseller_cannot_import_below_wholesale(draft: price_drafts.Draft, tenant: Tenant) -> None:
    cheap = price_drafts.draft(foreign=Foreign({"b": {"input": 1_999_999}}), tenant=tenant)
    assert (cheap.changes[0].state, cheap.values) == ("refused", {})
    assert "below the wholesale price" in cheap.changes[0].reason
