"""Allowances of sub-keys: which budgets a call of a key has to fit into."""

from __future__ import annotations

from billing.models import KeyBudget


def budgets_of(api_key_id: int) -> tuple[int, ...]:
    """Return the ids of a key's budgets, ascending; empty for a key without limits."""
    return tuple(KeyBudget.objects.filter(api_key_id=api_key_id).order_by("id").values_list("id", flat=True))
