"""How long a page looks by itself."""

from __future__ import annotations

import pytest

from billing.views import pacing


def test_a_page_looks_for_a_quarter_of_an_hour() -> None:
    waits = [pacing.context(done)["look_in"] for done in range(pacing.MOST_LOOKS + 1)]
    assert sum(waits) == 15 * 60
    assert waits.count(2) == 30
    assert waits[-2:] == [5, 0]


@pytest.mark.parametrize(
    ("text", "looks"), [("", 0), ("7", 7), ("-1", 0), ("x", 0), ("٣", 0), ("1" * 400, 0), ("99999999", pacing.MOST_LOOKS)]
)
def test_what_is_no_number_is_the_first_look(text: str, looks: int) -> None:
    assert pacing.looks(text) == looks
