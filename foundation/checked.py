"""Save a row's new values only after the model has looked at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Model


def save(row: Model, values: Mapping[str, Any]) -> None:
    """Set the values, check them and the row's uniqueness and constraints as a whole, and save; raise Django's ValidationError."""
    for name, value in values.items():
        setattr(row, name, value)
    # Unlike `full_clean(exclude=…)`, which forgets every constraint that names a field which was not typed.
    row.clean_fields(exclude={field.name for field in row._meta.concrete_fields} - set(values))
    row.clean()
    row.validate_unique()
    row.validate_constraints()
    row.save(update_fields=None if row._state.adding else [*values])
