"""The colours of the back office."""

from __future__ import annotations

import pytest

from console.admin import theme


@pytest.mark.parametrize("colour", ["#ffff00", "#4f46e5", "#ffffff", "#00ff88", "#000000"])
def test_text_in_and_on_the_primary_colour_reaches_four_and_a_half(colour: str) -> None:
    assert theme.contrast(theme.readable(theme.parse(colour)), theme.WHITE) >= 4.5
    assert theme.contrast(theme.bright(theme.parse(colour)), theme.NIGHT) >= 4.5


def test_a_dark_colour_stays_as_it_is() -> None:
    assert theme.readable(theme.parse("#4f46e5")) == (79, 70, 229)


@pytest.mark.parametrize("typed", ["", "red", "#12345", "#1;}a{b"])
def test_what_is_no_colour_gives_the_default(typed: str) -> None:
    assert theme.parse(typed) == theme.parse(theme.DEFAULT)


def test_the_scale_runs_from_light_to_dark() -> None:
    colour = theme.parse("#4f46e5")
    lights = [sum(theme.mix(colour, amount)) for amount in theme.STEPS.values()]
    assert lights == sorted(lights, reverse=True)
