"""One figure of a page's first row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its title and a word about it, and where something is done about it."""

    title: str
    figure: str
    note: str = ""
    link: str = ""
    action: str = ""
