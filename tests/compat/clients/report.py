"""How a client's script tells what it tried: one JSON line for each feature."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

BASE, KEY, MODEL, TEXT = (os.environ[f"COMPAT_{name}"] for name in ("BASE", "KEY", "MODEL", "TEXT"))


def tried(feature: str, act: Callable[[], object], *, calls: int = 1) -> None:
    """Run a feature that makes so many upstream calls; an AssertionError or any exception is its failure."""
    try:
        act()
    except Exception as error:  # whatever a client raises is what we want to know
        told = f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
        print(json.dumps({"feature": feature, "ok": False, "calls": calls, "told": told}), flush=True)
    else:
        print(json.dumps({"feature": feature, "ok": True, "calls": calls, "told": ""}), flush=True)


def same(found: object, wanted: object) -> None:
    """Compare exactly."""
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")
