"""Numbers inside a vendor's bounds, and nothing where nothing was said."""

from __future__ import annotations

import pytest

from channels_app import bounds


def test_numbers_are_brought_inside_and_others_left_alone() -> None:
    fields = {"temperature": 0, "top_p": 0.5, "seed": "7", "n": True}
    assert bounds.clamped(fields, temperature=(0.01, 1), top_p=(0, 1), seed=(1, 2), n=(2, 3), stop=(1, 2)) == {
        "temperature": 0.01,
        "top_p": 0.5,
    }
    assert bounds.changed(fields, temperature=(0.01, 1), top_p=(0, 1)) == {"temperature": 0.01}


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({}, None),
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 3, "max_tokens": 5}, 3),
        ({"max_tokens": True}, None),
        ({"max_tokens": 0}, None),
    ],
)
def test_the_limit_of_output_has_two_names(fields: dict[str, object], limit: int | None) -> None:
    assert bounds.output_limit(fields) == limit
