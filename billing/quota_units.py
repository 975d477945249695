"""In which unit customers see quota: US dollars, the shop's currency at its rate of now, or points; and how it is written and read in it.

The books count µ$ whatever is shown. The unit is active for a request or a mail, like the language; where none is, amounts
are in dollars: in back offices, the API and files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from django.utils import translation
from django.utils.functional import SimpleLazyObject, lazy
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Tenant
from billing import rates
from billing.money import MICROS, ceil_div, minor_digits, symbol

MINUS = "−"
# What users of one-api know as quota.
POINTS_A_DOLLAR = 500_000


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of quota: how many of it $1 is, and how many decimals are kept, always shown, and shown in columns.

    An empty `currency` means points. Amounts are exact in dollars and points; others are rounded to `places`: down, so
    that no balance looks larger than it is, or `up`, so that no price looks smaller.
    """

    currency: str
    rate: Fraction = Fraction(1)
    places: int = 6
    least_places: int = 2
    column_places: int = 6

    @property
    def is_dollars(self) -> bool:
        """Tell whether amounts are shown as the books have them."""
        return self.currency == "USD"

    @property
    def name(self) -> str:
        """Name the unit in a sentence or at a field."""
        return _("US dollars") if self.is_dollars else self.currency or _("points")

    @property
    def code(self) -> str:
        """Name the unit in a heading."""
        return _("USD") if self.is_dollars else self.currency or _("points")

    @property
    def prefix(self) -> str:
        """Return what stands before each number."""
        return symbol(self.currency) if self.currency else ""

    @property
    def symbol(self) -> str:
        """Return the shortest name."""
        return self.prefix.strip() or _("points")

    @property
    def dollar(self) -> str:
        """Write what is worth $1 where its price stands beside it, perhaps in the same currency: then it is named quota."""
        if self.is_dollars:
            return "$1"
        return _("%s of quota") % self.short(MICROS) if self.currency else self.short(MICROS)

    def short(self, micros: int, *, up: bool = False) -> str:
        """Write as many decimals as it needs: $2.50, −$0.000372, 1,250,000 points."""
        return self._written(micros, least=self.least_places, up=up)

    def exact(self, micros: int, *, up: bool = False) -> str:
        """Write for a column that is added up by eye: $4.990808."""
        return self._written(micros, least=self.column_places, up=up)

    def signed(self, micros: int) -> str:
        """Write a movement: its sign always shows."""
        return self.short(micros) if micros < 0 else f"+{self.short(micros)}"

    def typed(self, micros: int, *, up: bool = False) -> str:
        """Write as it is typed into a field: neither symbol nor grouping nor needless decimals."""
        whole, rest = divmod(self._scaled(micros, up=up), 10**self.places)
        return f"{whole}.{rest:0{self.places}d}".rstrip("0").rstrip(".")

    def read(self, amount: Decimal) -> int:
        """Return µ$, rounded down."""
        return int(Fraction(amount) * MICROS // self.rate)

    def number(self, micros: int) -> float:
        """Return a number to draw."""
        return float(micros * self.rate / MICROS)

    def _scaled(self, micros: int, *, up: bool) -> int:
        over, under = micros * self.rate.numerator * 10**self.places, self.rate.denominator * MICROS
        return ceil_div(over, under) if up else over // under

    def _written(self, micros: int, *, least: int, up: bool) -> str:
        scaled = self._scaled(micros, up=up)
        whole, rest = divmod(abs(scaled), 10**self.places)
        decimals = f"{rest:0{self.places}d}".rstrip("0").ljust(least, "0")
        number = f"{whole:,}.{decimals}" if decimals else f"{whole:,}"
        sign = MINUS if scaled < 0 else ""
        if self.currency:
            return f"{sign}{self.prefix}{number}"
        return ngettext("%(n)s point", "%(n)s points", 1 if (whole, rest) == (1, 0) else 2) % {"n": f"{sign}{number}"}


DOLLARS = Unit("USD")
# Half a point is a µ$: one decimal is exact.
POINTS = Unit("", rate=Fraction(POINTS_A_DOLLAR), places=1, least_places=0, column_places=0)

_active: ContextVar[Unit] = ContextVar("quota_unit", default=DOLLARS)


def of(tenant: Tenant) -> Unit:
    """Return the unit in which a tenant shows quota; dollars where it wants its currency and no rate is known."""
    if tenant.quota_unit == Tenant.QuotaUnit.POINTS:
        return POINTS
    if tenant.quota_unit == Tenant.QuotaUnit.USD or tenant.currency.upper() == "USD":
        return DOLLARS
    try:
        rate = rates.get(base="USD", quote=tenant.currency)
    except rates.NoRate:
        return DOLLARS
    return Unit(tenant.currency.upper(), rate=Fraction(rate), least_places=minor_digits(tenant.currency))


def current() -> Unit:
    """Return the unit that is active."""
    return _active.get()


@contextmanager
def restored() -> Iterator[None]:
    """Begin with dollars; what is activated within ends with it."""
    token = _active.set(DOLLARS)
    try:
        yield
    finally:
        _active.reset(token)


def activate(tenant: Tenant) -> None:
    """Show quota as a tenant chose, from here to the end of `restored`; its rate is looked up when an amount is first written."""
    _active.set(cast(Unit, SimpleLazyObject(lambda: of(tenant))))


@contextmanager
def speaking(*, tenant: Tenant, language: str) -> Iterator[None]:
    """Write amounts as a tenant's customer reads them in a mail: in the tenant's unit and a language."""
    with restored(), translation.override(language):
        activate(tenant)
        yield


def short(micros: int) -> str:
    """Write an amount in the active unit, rounded down."""
    return current().short(micros)


def named(text: Any) -> Any:
    """Return a lazy text with the active unit's name for its %(unit)s."""
    return cast(Callable[[], Any], lazy(lambda: capfirst(str(text) % {"unit": current().name}), str))()
