"""Write the lines of several processes to one terminal, each behind its name."""

from __future__ import annotations

import os
from typing import TextIO

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_NAME_WIDTH = 9


class Log:
    """A terminal or pipe; a reader that went away silences it instead of stopping the work."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._colours: dict[str, int] = {}
        self._is_open = True
        self.is_coloured = _wants_colour(out)

    def line(self, name: str, text: str) -> None:
        """Write one line of the process `name`."""
        label = f"{name:<{_NAME_WIDTH}} |"
        if self.is_coloured:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            label = f"\033[{colour}m{label}\033[0m"
        self.plain(f"{label} {text}")

    def plain(self, text: str) -> None:
        """Write text as it is."""
        if not self._is_open:
            return
        try:
            self._out.write(f"{text}\n")
            self._out.flush()
        except OSError:
            self._is_open = False


def _wants_colour(out: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or out.isatty()
