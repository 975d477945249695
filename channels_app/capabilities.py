"""What each vendor can do, and how that is known: the registry, and what the tests' golden pairs proved (`verified.json`).

`own` means that pairs or a scripted service of this very vendor prove it, `protocol` that pairs of its wire protocol do. Nothing
here was tried against a vendor's live service.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from channels_app import registry
from channels_app.faces import CHAT
from channels_app.inquiry import TellsBalance
from channels_app.provider import Provider

CAPABILITIES = ("chat", "stream", "tools", "images", "json", "reasoning", "embeddings", "usage", "balance", "health")
OWN, PROTOCOL, NONE = "own", "protocol", ""
MARKS = {OWN: "✓", PROTOCOL: "○", NONE: "–"}
_BOOK = Path(__file__).with_name("verified.json")
# What tests of its own prove of the vendor that needs no network.
_LOCAL = frozenset({"chat", "stream", "usage", "health"})
# Offered by the vendor itself, or by nobody: a protocol proves nothing about them.
_OWN_ONLY = frozenset({"balance"})


@functools.cache
def _book() -> Mapping[str, Mapping[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads(_BOOK.read_text(encoding="utf-8"))
    return loaded


def rows() -> list[dict[str, Any]]:
    """Return a row for each vendor: slug, label, dialect, address, options, models, capabilities, other endpoints, and proofs."""
    return [_row(made) for made in registry.providers().values()]


def _row(made: Provider) -> dict[str, Any]:
    own, protocol = _book().get(made.slug, {}), _book().get(made.dialect, {})
    return {
        "provider": made.slug,
        "label": made.label,
        "dialect": made.dialect,
        "needs_key": made.needs_key,
        "address": "your own" if made.needs_address else made.base_url or "by its region",
        "options": [field.name for field in made.fields],
        "models": list(made.default_models),
        "capabilities": {name: _grade(made, name, own, protocol) for name in CAPABILITIES},
        "other": _other(made, own, protocol),
        "verified": [f"{own['pairs']} golden pairs", *own.get("verified", ())] if own else ["tests of its own"],
        "unverified": list(own.get("unverified", ())),
    }


def _grade(made: Provider, name: str, own: Mapping[str, Any], protocol: Mapping[str, Any]) -> str:
    if name == "balance" and not isinstance(made, TellsBalance):
        return NONE
    if made.is_local:
        return OWN if name in _LOCAL else NONE
    if name in own.get("shows", ()):
        return OWN
    operation = name if name == "embeddings" else CHAT
    offered = registry.vendor(made.dialect).operations if made.operations is None else made.operations
    if name in _OWN_ONLY or operation not in offered:
        return NONE
    return PROTOCOL if name in protocol.get("shows", ()) else NONE


def _other(made: Provider, own: Mapping[str, Any], protocol: Mapping[str, Any]) -> list[str]:
    """Return the endpoints beside chat and embeddings that pairs prove."""
    offered = registry.vendor(made.dialect).operations if made.operations is None else made.operations
    proved = {*own.get("operations", ()), *protocol.get("operations", ())}
    return sorted((proved & offered) - {CHAT, "embeddings"})


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the tables of docs/providers.md: what vendors can do, what they need."""
    head = ["provider", "label", "dialect", *CAPABILITIES, "other endpoints", "verified how"]
    can = [
        [
            f"`{row['provider']}`",
            row["label"],
            row["dialect"],
            *(MARKS[grade] for grade in row["capabilities"].values()),
            ", ".join(row["other"]) or "–",
            "; ".join([*row["verified"], *(f"not verified: {text}" for text in row["unverified"])]),
        ]
        for row in rows
    ]
    needs = [
        [
            f"`{row['provider']}`",
            "yes" if row["needs_key"] else "no",
            f"`{row['address']}`" if "://" in row["address"] else row["address"],
            ", ".join(f"`{name}`" for name in row["options"]) or "–",
        ]
        for row in rows
    ]
    return _table(head, can) + "\n\n" + _table(["provider", "key", "address", "options"], needs)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '∣') for cell in line)} |" for line in lines)
