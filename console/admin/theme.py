"""What the back office looks like for one request: the tenant's name and a readable scale of its colour."""

from __future__ import annotations

import re

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.translation import gettext as _

from accounts.admin_scope import actor_of

DEFAULT = "#4f46e5"
# How far each step of the scale is mixed towards white (positive) or black (negative); 600 is the colour itself.
STEPS = {
    "50": 0.94, "100": 0.88, "200": 0.76, "300": 0.58, "400": 0.36, "500": 0.16,
    "600": 0.0, "700": -0.16, "800": -0.32, "900": -0.46, "950": -0.66,
}  # fmt: skip
Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
NIGHT: Colour = (17, 24, 39)


def primary(request: HttpRequest) -> dict[str, str]:
    """Return Unfold's primary colours: the tenant's own, dark enough that white text on it can be read (AA)."""
    colour = readable(parse(actor_of(request).tenant.colour))
    scale = {step: mix(colour, amount) for step, amount in STEPS.items()}
    # Links on dark ground are written in 500.
    scale["500"] = bright(scale["500"])
    return {step: _css(part) for step, part in scale.items()}


def parse(text: str) -> Colour:
    """Read #rrggbb; whatever else a tenant typed gives the default colour."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        text = DEFAULT
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(colour: Colour, amount: float) -> Colour:
    """Mix towards white (amount up to 1) or black (down to -1)."""
    target = 255 if amount > 0 else 0
    red, green, blue = (round(part + (target - part) * abs(amount)) for part in colour)
    return red, green, blue


def luminance(colour: Colour) -> float:
    """Return the relative luminance of WCAG 2."""
    linear = [part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Return the WCAG 2 contrast ratio of two colours."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def readable(colour: Colour) -> Colour:
    """Darken a colour until white text on it reaches 4.5 : 1."""
    while contrast(colour, WHITE) < 4.5:
        colour = mix(colour, -0.08)
    return colour


def bright(colour: Colour) -> Colour:
    """Lighten a colour until it can be read on the dark ground."""
    while contrast(colour, NIGHT) < 4.5:
        colour = mix(colour, 0.08)
    return colour


def stylesheet(request: HttpRequest) -> str:
    """Return the address of the few rules Unfold's own stylesheet lacks."""
    return static("css/admin.css")


def mark(request: HttpRequest) -> str:
    """Return the address of the picture on the browser's tab."""
    return static("img/mark.svg")


def tenant_name(request: HttpRequest) -> str:
    """Return the name of the shop whose back office this is."""
    return actor_of(request).tenant.name


def platform_subheader(request: HttpRequest) -> str:
    return _("Platform")


def reseller_subheader(request: HttpRequest) -> str:
    return _("Back office")


def _css(colour: Colour) -> str:
    return "rgb({}, {}, {})".format(*colour)
