"""What the house tests look at: the rooms' files, read once."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("config", "console", "gateway", "billing", "channels_app", "accounts", "foundation")


def room_files(*, with_migrations: bool = False) -> list[Path]:
    """Return the rooms' Python files, relative to the root."""
    files = [path.relative_to(ROOT) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [path for path in files if with_migrations or "migrations" not in path.parts]


@functools.cache
def text(path: Path) -> str:
    """Return a file's text; `path` is relative to the root."""
    return (ROOT / path).read_text(encoding="utf-8")


@functools.cache
def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(text(path), filename=str(path))
