"""Find the name by which an upstream knows a model: named itself, or by a pattern with one `*` on each side. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def is_pattern(name: str) -> bool:
    """Tell whether a public name stands for many."""
    return "*" in name


def upstream(models: Mapping[str, str], model: str) -> str | None:
    """Return the name upstream, or None where the model is not served.

    A name itself comes before patterns, a longer pattern before a shorter one. What the `*` of the pattern stands for takes the
    place of the `*` in the name upstream: with `gpt-*` = `openai/gpt-*`, `gpt-5` is `openai/gpt-5`.
    """
    named = models.get(model)
    if named is not None:
        return named
    fitting = [pattern for pattern in models if is_pattern(pattern) and _covered(pattern, model) is not None]
    if not fitting:
        return None
    pattern = max(fitting, key=len)
    return models[pattern].replace("*", _covered(pattern, model) or "")


def _covered(pattern: str, model: str) -> str | None:
    start, _, end = pattern.partition("*")
    fits = len(model) >= len(start) + len(end) and model.startswith(start) and model.endswith(end)
    return model[len(start) : len(model) - len(end)] if fits else None
