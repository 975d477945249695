"""Other names of models at a sub-key, written `name=model`; a `*` in the name stands for anything."""

from __future__ import annotations

from collections.abc import Collection, Iterable

_LONGEST_NAME = 120


def clean(aliases: Iterable[str], *, allowed: Collection[str]) -> list[str]:
    """Return `name=model` without blanks, each name once; raise ValueError for other words and models the key may not call."""
    found: dict[str, str] = {}
    for alias in filter(str.strip, aliases):
        name, _, model = map(str.strip, alias.partition("="))
        if not name or not model or len(name) > _LONGEST_NAME or len(model) > _LONGEST_NAME or name.count("*") > 1:
            raise ValueError(alias)
        if allowed and model not in allowed:
            raise ValueError(model)
        found[name] = model
    return [f"{name}={model}" for name, model in found.items()]


def pairs(aliases: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return names and models of aliases that were tidied."""
    return tuple((name, model) for name, _, model in (alias.partition("=") for alias in aliases))
