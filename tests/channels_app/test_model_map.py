"""Names themselves before patterns, longer patterns before shorter ones; the star carries its text along."""

from __future__ import annotations

import pytest

from channels_app import model_map

MODELS = {"gpt-5": "exact", "gpt-*": "openai/gpt-*", "gpt-5-*-mini": "small/*", "claude-*": "one-claude", "*-fast": "*"}


@pytest.mark.parametrize(
    ("model", "upstream"),
    [
        ("gpt-5", "exact"),
        ("gpt-4.1", "openai/gpt-4.1"),
        ("gpt-", "openai/gpt-"),
        ("gpt-5-x-mini", "small/x"),
        ("claude-opus", "one-claude"),
        ("grok-fast", "grok"),
        ("llama", None),
        ("gp", None),
    ],
)
def test_a_model_is_found(model: str, upstream: str | None) -> None:
    assert model_map.upstream(MODELS, model) == upstream


def test_what_start_and_end_share_is_not_counted_twice() -> None:
    assert model_map.upstream({"ab*ba": "x"}, "aba") is None
    assert model_map.upstream({"*": "any/*"}, "m") == "any/m"


def test_only_a_star_makes_a_pattern() -> None:
    assert [model_map.is_pattern(name) for name in ("gpt-*", "gpt-?", "gpt")] == [True, False, False]
