"""The signatures the vendors' own clients make of made-up keys at a fixed second (`vectors.json`), by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NOW = 1_700_000_000
VECTORS: dict[str, dict[str, Any]] = {
    vector["id"]: vector for vector in json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))["vectors"]
}


def named(start: str) -> list[str]:
    """Return the names of the vectors that begin so; there is at least one."""
    found = [name for name in VECTORS if name.startswith(start)]
    assert found, start
    return found
