"""The sum behind a price, by the rules of the time of the call."""

from __future__ import annotations

import pytest

from accounts.models import Tenant
from billing import arithmetic, price_book, price_lists
from billing.arithmetic import Arithmetic, Item
from billing.pricing import Charge

pytestmark = pytest.mark.django_db
USAGE = {"input": 7, "output": 5, "tool:web_search": 2}


@pytest.fixture
def charge(tenant: Tenant) -> Charge:
    """A call of the shop's customer, at prices that are changed right after it."""
    price_book.set_price(model="m", input=1_000_001, output=3_333_333, per_call=10, units={"tool:web_search": 2_500_000})
    price_book.set_price(model="m", tenant=tenant, input=1_100_001, output=3_666_667)
    sold = price_lists.load(tenant.pk).resolve("m")
    assert sold is not None
    made = sold.charge_for(USAGE)
    price_book.set_price(model="m", input=1, output=1, is_confirmed=True)
    price_book.set_price(model="m", tenant=tenant, input=2, output=2, is_confirmed=True)
    return made


def explained(tenant: Tenant, charge: Charge, **changes: int) -> Arithmetic:
    facts = {"price_micros": charge.price_micros, "numerator": charge.numerator} | changes
    found = arithmetic.explain(tenant_id=tenant.pk, book=charge.book, usage=USAGE, **facts)
    assert found is not None
    return found


def test_each_product_the_sum_and_the_parts(tenant: Tenant, charge: Charge) -> None:
    sums = explained(tenant, charge)
    # 7 × 1,100,001; 5 × 3,666,667; 2 × 2,500,000 at the platform's price
    assert sums.items == (
        Item("input", 7, 1_100_001, 7_700_007),
        Item("output", 5, 3_666_667, 18_333_335),
        Item("tool:web_search", 2, 2_500_000, 5_000_000),
    )
    # + 10 µ$ a call: 7,700,007 + 18,333,335 + 5,000,000 + 10,000,000 = 41,033,342 → 42 µ$
    assert (sums.per_call_micros, sums.numerator, sums.price_micros, sums.above) == (10, 41_033_342, 42, None)
    # the platform: 7 × 1,000,001 + 5 × 3,333,333 + 5,000,000 + 10,000,000 = 38,666,672 → 39, the shop 42 − 39
    assert [(share.numerator, share.part_micros) for share in sums.shares] == [(38_666_672, 39), (41_033_342, 3)]
    assert [(share.account_id, share.part_micros) for share in sums.shares] == list(charge.splits)
    assert (sums.agrees, sums.is_free) == (True, False)


def test_an_empty_answer_is_free(tenant: Tenant, charge: Charge) -> None:
    sums = explained(tenant, charge, price_micros=0, numerator=0)
    assert (sums.is_free, sums.agrees) == (True, True)


def test_a_sum_that_does_not_come_to_the_charge_says_so(tenant: Tenant, charge: Charge) -> None:
    assert explained(tenant, charge, price_micros=41).agrees is False


def test_the_tier_that_counted_is_named(root_tenant: Tenant) -> None:
    price_book.set_price(model="m", input=1_000_000, tiers=[{"above": 100, "input": 2_000_000}])
    sold = price_lists.load(root_tenant.pk).resolve("m")
    assert sold is not None
    charge = sold.charge(input=101)
    sums = arithmetic.explain(
        tenant_id=root_tenant.pk, book=charge.book, usage={"input": 101}, price_micros=charge.price_micros, numerator=charge.numerator
    )
    assert sums is not None
    assert (sums.above, sums.items, sums.agrees) == (100, (Item("input", 101, 2_000_000, 202_000_000),), True)


def test_a_book_nobody_knows_has_no_sum(root_tenant: Tenant) -> None:
    assert arithmetic.explain(tenant_id=root_tenant.pk, book="", usage={}, price_micros=1, numerator=1) is None
    assert arithmetic.explain(tenant_id=root_tenant.pk, book="list:1", usage={}, price_micros=1, numerator=1) is None
