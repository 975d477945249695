"""Quota is written and read in dollars, a currency and points: never more than there is, never less than it costs."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from django.utils import translation

from accounts.models import Tenant
from billing import quota_units, rates
from billing.quota_units import DOLLARS, POINTS, Unit

YUAN = Unit("CNY", rate=Fraction("7.2"))
YEN = Unit("JPY", rate=Fraction("150.5"), least_places=0)
# A currency of which one is worth more than a dollar: its sixth decimal is coarser than a µ$.
DINAR = Unit("KWD", rate=Fraction("0.3071"), least_places=3)


@pytest.mark.parametrize(
    ("micros", "short", "exact", "signed"),
    [
        (0, "0 points", "0 points", "+0 points"),
        (1, "0.5 points", "0.5 points", "+0.5 points"),
        (2, "1 point", "1 point", "+1 point"),
        (-1, "−0.5 points", "−0.5 points", "−0.5 points"),
        (-2, "−1 point", "−1 point", "−1 point"),
        (1_000_000, "500,000 points", "500,000 points", "+500,000 points"),
        (4_990_809, "2,495,404.5 points", "2,495,404.5 points", "+2,495,404.5 points"),
    ],
)
def test_points_are_exact(micros: int, short: str, exact: str, signed: str) -> None:
    assert (POINTS.short(micros), POINTS.exact(micros), POINTS.signed(micros)) == (short, exact, signed)
    assert POINTS.short(micros, up=True) == short


@pytest.mark.parametrize(
    ("micros", "down", "up", "exact"),
    [
        (0, "¥0.00", "¥0.00", "¥0.000000"),
        (1_000_000, "¥7.20", "¥7.20", "¥7.200000"),
        (1, "¥0.000007", "¥0.000008", "¥0.000007"),
        # A debit is never made to look smaller.
        (-1, "−¥0.000008", "−¥0.000007", "−¥0.000008"),
        (1_234_567_890_123, "¥8,888,888.808885", "¥8,888,888.808886", "¥8,888,888.808885"),
    ],
)
def test_a_currency_is_rounded_down_for_what_one_has_and_up_for_what_it_costs(micros: int, down: str, up: str, exact: str) -> None:
    assert (YUAN.short(micros), YUAN.short(micros, up=True), YUAN.exact(micros)) == (down, up, exact)


def test_a_currency_has_its_own_decimals_and_no_sign_without_a_number() -> None:
    assert [YEN.short(micros) for micros in (2_000_000, 1)] == ["JPY 301", "JPY 0.00015"]
    assert [DINAR.short(micros) for micros in (1_000_000, 3)] == ["KWD 0.3071", "KWD 0.000"]
    assert DINAR.short(3, up=True) == "KWD 0.000001"


@pytest.mark.parametrize("unit", [DOLLARS, POINTS, YUAN, YEN])
@pytest.mark.parametrize("micros", [0, 1, 2, 3, 999_999, 1_000_000, 4_990_809, 10**15 + 1])
def test_what_is_typed_as_shown_is_no_more_than_it_was(unit: Unit, micros: int) -> None:
    assert micros - 1 <= unit.read(Decimal(unit.typed(micros))) <= micros
    assert unit.read(Decimal(unit.typed(micros, up=True))) in (micros, micros + 1)


@pytest.mark.parametrize(
    ("unit", "typed", "micros"),
    [
        (DOLLARS, "2.5", 2_500_000),
        (DOLLARS, "0.0000019", 1),
        (POINTS, "500000", 1_000_000),
        (POINTS, "0.5", 1),
        (POINTS, "0.7", 1),
        (YUAN, "18", 2_500_000),
        (YUAN, "0.000007", 0),
    ],
)
def test_what_is_typed_is_read_in_the_unit_and_rounded_down(unit: Unit, typed: str, micros: int) -> None:
    assert unit.read(Decimal(typed)) == micros


@pytest.mark.parametrize(
    ("unit", "micros", "typed"), [(POINTS, 3, "1.5"), (POINTS, 10**12, "500000000000"), (YUAN, 1_000_000, "7.2"), (DOLLARS, 0, "0")]
)
def test_a_field_gets_a_plain_number(unit: Unit, micros: int, typed: str) -> None:
    assert unit.typed(micros) == typed


def test_units_have_names_in_the_readers_language() -> None:
    assert [(unit.name, unit.code, unit.symbol, unit.dollar) for unit in (DOLLARS, POINTS, YUAN, YEN)] == [
        ("US dollars", "USD", "$", "$1"),
        ("points", "points", "points", "500,000 points"),
        ("CNY", "CNY", "¥", "¥7.20 of quota"),
        ("JPY", "JPY", "JPY", "JPY 150.5 of quota"),
    ]
    with translation.override("zh-hans"):
        assert (POINTS.short(3), DOLLARS.name) == ("1.5 点", "美元")


def test_drawn_are_plain_numbers() -> None:
    assert [unit.number(1_500_000) for unit in (DOLLARS, POINTS, YUAN)] == [1.5, 750_000.0, 10.8]


@pytest.mark.django_db
def test_a_shop_shows_what_it_chose_and_dollars_while_no_rate_is_known(tenant: Tenant) -> None:
    assert quota_units.of(tenant) is DOLLARS
    tenant.quota_unit = Tenant.QuotaUnit.POINTS
    assert quota_units.of(tenant) is POINTS
    tenant.quota_unit = Tenant.QuotaUnit.CURRENCY
    assert quota_units.of(tenant) is DOLLARS
    rates.put(base="USD", quote="CNY", rate=Decimal("7.2"))
    assert quota_units.of(tenant) == YUAN
    rates.put(base="USD", quote="CNY", rate=Decimal("7.3"))
    assert quota_units.of(tenant).short(1_000_000) == "¥7.30"
    tenant.currency = "USD"
    assert quota_units.of(tenant) is DOLLARS


@pytest.mark.django_db
def test_a_unit_ends_with_its_mail(tenant: Tenant) -> None:
    tenant.quota_unit = Tenant.QuotaUnit.POINTS
    with quota_units.restored():
        quota_units.activate(tenant)
        other = Tenant(currency="USD")
        with quota_units.speaking(tenant=other, language="en"):
            assert quota_units.short(2) == "$0.000002"
        assert quota_units.short(2) == "1 point"
    assert quota_units.short(2) == "$0.000002"


@pytest.mark.django_db
def test_a_text_names_the_unit_that_is_active_when_it_is_read(tenant: Tenant) -> None:
    text = quota_units.named("%(unit)s a day")
    tenant.quota_unit = Tenant.QuotaUnit.POINTS
    with quota_units.speaking(tenant=tenant, language="en"):
        assert str(text) == "Points a day"
    assert str(text) == "US dollars a day"
