"""Usage in disjoint buckets."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.chat_usage import client_usage, micros, read_usage
from channels_app.contract import Usage


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"prompt_tokens": 12, "completion_tokens": 4}, Usage(input=12, output=4)),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, Usage()),
        ({"input_tokens": 5, "output_tokens": 6}, Usage(input=5, output=6)),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10, "audio_tokens": 5, "image_tokens": 3},
            },
            Usage(input=22, cache_read=60, cache_write_5m=10, audio_input=5, image_input=3, output=50),
        ),
        (
            {"prompt_tokens": 1, "completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 5}},
            Usage(input=1, output=15, reasoning=30, audio_output=5),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 45, "completion_tokens_details": {"reasoning_tokens": 30}},
            Usage(input=10, output=5, reasoning=30),
        ),
        (
            {"prompt_tokens": 100, "completion_tokens": 1, "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36},
            Usage(input=36, cache_read=64, output=1),
        ),
        ({"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 99}}, Usage(cache_read=10, output=1)),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 50}},
            Usage(input=10, reasoning=5),
        ),
        ({"prompt_tokens": -3, "completion_tokens": "7", "prompt_tokens_details": None}, Usage()),
        ({"prompt_tokens": 3.0, "completion_tokens": True}, Usage(input=3)),
        ({}, None),
        (None, None),
        ("12", None),
        ({"cost": 1}, None),
    ],
)
def test_counts_that_contain_each_other_become_disjoint(raw: Any, expected: Usage | None) -> None:
    """Gotchas 29 and 32: cached tokens are inside the prompt; xAI's thoughts stand outside the completion."""
    assert read_usage(raw) == expected


def test_buckets_add_up_to_what_the_vendor_said() -> None:
    usage = read_usage({"prompt_tokens": 100, "completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 60}})
    assert usage is not None
    assert (usage.total_input, usage.total_output) == (100, 50)


def test_a_client_always_gets_the_three_totals() -> None:
    assert client_usage({"prompt_tokens": 3, "cost": 1}) == {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3, "cost": 1}


@pytest.mark.parametrize(
    ("dollars", "expected"),
    [(0.00014, 140), ("0.0000312", 32), (0, 0), (1e-9, 1), (None, None), (True, None), ("x", None), (-1, None), ("nan", None), (1e9, None)],
)
def test_dollars_that_a_vendor_tells_are_rounded_up(dollars: object, expected: int | None) -> None:
    assert micros(dollars) == expected


@pytest.mark.parametrize("cost", [0.005, {"total_cost": 0.005, "request_cost": 0.005}])
def test_the_cost_in_a_usage_is_read(cost: object) -> None:
    found = read_usage({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "cost": cost})
    assert found is not None
    assert (found.input, found.output, found.cost_micros) == (1, 2, 5000)
