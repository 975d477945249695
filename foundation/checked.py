"""Save a row's new values only after the model has looked at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Model


def save(row: Model, values: Mapping[str, Any]) -> None:
    """Set the values, run the model's own checks (choices, uniqueness, constraints), and save; raise Django's ValidationError."""
    for name, value in values.items():
        setattr(row, name, value)
    row.full_clean()
    row.save(update_fields=None if row._state.adding else [*values])
