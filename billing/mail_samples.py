"""Amounts in the examples with which staff look at a mail: in the shop's currency, and quota as its customers see it."""

from __future__ import annotations

from accounts.models import Tenant
from billing import quota_units
from billing.money import MICROS, format_minor, minor_digits

# Hundredths of $1 of quota, and of a unit of the shop's currency.
_QUOTA = {"balance": 80, "below": 100, "used": 910, "limit": 1_000}
_CASH = {"total": 7_800, "received": 7_700, "amount": 3_900}
# Of $1: the code in the examples, two of which were ordered.
_PIECE = 5
# Mails whose `amount` is quota.
_OF_QUOTA = ("credit_expiring",)


def of(template: str, *, tenant: Tenant, language: str) -> dict[str, str]:
    """Return a mail's amounts by name, as a customer of the tenant reads them in this language."""
    cash = {name: _CASH[name] * 10 ** minor_digits(tenant.currency) // 100 for name in _CASH}
    with quota_units.speaking(tenant=tenant, language=language):
        told = {name: quota_units.short(cents * MICROS // 100) for name, cents in _QUOTA.items()}
        piece = quota_units.short(_PIECE * MICROS)
        told |= {name: format_minor(minor, currency=tenant.currency) for name, minor in cash.items()}
        return told | {"pieces": f"2 × {piece}"} | ({"amount": piece} if template in _OF_QUOTA else {})
