"""A tenant's colour stays readable in both themes, whatever it is."""

from __future__ import annotations

import pytest

from console.pages import brand

COLOURS = ["#000000", "#ffffff", "#ffff00", "#4f46e5", "#e5484d", "#00ff88", "#808080", "#102030", "#fde68a", "#ff8800"]


def test_contrast_of_black_and_white_is_21() -> None:
    assert brand.contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("colour", COLOURS)
def test_text_on_the_page_and_on_the_surface_is_readable_in_both_themes(colour: str) -> None:
    for fitted, page in zip(brand.shades(colour), (brand.PAPER, brand.INK), strict=True):
        assert brand.contrast(fitted.text, page) >= 4.5
        assert brand.contrast(fitted.ink, fitted.surface) >= 4.5
        assert brand.contrast(fitted.surface, page) >= 3


def test_a_readable_colour_is_left_as_it_is() -> None:
    light, _dark = brand.shades("#4f46e5")
    assert light == brand.Shades(surface="#4f46e5", ink="#ffffff", text="#4f46e5")


def test_an_unusable_colour_falls_back_to_the_house_colour() -> None:
    assert brand.shades("red;}body{display:none") == brand.shades(brand.DEFAULT)


def test_the_version_changes_with_the_colour() -> None:
    assert brand.version("#4f46e5") != brand.version("#e5484d")
    assert brand.version("#4f46e5") == brand.version("#4f46e5")
