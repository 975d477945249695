"""Fit a tenant's colour to both themes so that every text on or in it is readable (WCAG AA)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

DEFAULT = "#4f46e5"
PAPER, INK = "#f6f5f0", "#181a20"  # the background that is hardest to read on: the light page, the dark panel
WHITE, BLACK = "#ffffff", "#0f1014"
READABLE = 4.5
Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Shades:
    """One theme's three colours: surface, text on the surface, text on the page."""

    surface: str
    ink: str
    text: str


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    red, green, blue = (part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _towards(colour: str, goal: str, share: float) -> str:
    mixed = (round(a + (b - a) * share) for a, b in zip(_rgb(colour), _rgb(goal), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _readable(colour: str, *, on: str, goal: str) -> str:
    """Move a colour towards white or black, as little as needed, until it can be read on a background."""
    for step in range(41):
        candidate = _towards(colour, goal, step / 40)
        if contrast(candidate, on) >= READABLE:
            return candidate
    return goal


def _shades(colour: str, *, page: str, goal: str) -> Shades:
    text = _readable(colour, on=page, goal=goal)
    # A button must stand out from the page (3:1) and carry readable text; the fitted text colour does both.
    surface = colour if contrast(colour, page) >= 3 else text
    ink = WHITE if contrast(WHITE, surface) >= READABLE else BLACK
    if contrast(ink, surface) < READABLE:
        surface, ink = _readable(surface, on=WHITE, goal=BLACK), WHITE
    return Shades(surface=surface, ink=ink, text=text)


def shades(colour: str) -> tuple[Shades, Shades]:
    """Give the light and the dark theme's colours of a brand; an unusable value falls back to the house colour."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        colour = DEFAULT
    return _shades(colour, page=PAPER, goal=BLACK), _shades(colour, page=INK, goal=WHITE)


def _declarations(fitted: Shades) -> str:
    return f"--brand:{fitted.surface};--brand-ink:{fitted.ink};--brand-text:{fitted.text}"


def stylesheet(colour: str) -> str:
    """Write the few custom properties that carry the brand."""
    light, dark = shades(colour)
    return (
        f":root{{{_declarations(light)}}}"
        f"@media(prefers-color-scheme:dark){{:root{{{_declarations(dark)}}}}}"
        f":root[data-theme=light]{{{_declarations(light)}}}"
        f":root[data-theme=dark]{{{_declarations(dark)}}}\n"
    )


def version(colour: str) -> str:
    """Name a stylesheet by its content, for the address."""
    return hashlib.sha256(stylesheet(colour).encode()).hexdigest()[:10]
