"""Write one-hub's tables of prices and groups as the ratios that one-api and new-api keep. Pure.

There 1 is $0.002 per 1,000 tokens, as a ratio is; a price of type `times` is that many times $0.002 a call.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]

_USD_A_CALL = Decimal("0.002")


def options(prices: Iterable[Row], groups: Iterable[Row]) -> dict[str, str]:
    """Return `ModelRatio`, `CompletionRatio`, `ModelPrice` and `GroupRatio`, each as JSON text."""
    ratio: dict[str, Decimal] = {}
    completion: dict[str, Decimal] = {}
    price: dict[str, Decimal] = {}
    for row in prices:
        model, asked, answered = str(row["model"]), _number(row.get("input")), _number(row.get("output"))
        if row.get("type") == "times":
            price[model] = asked * _USD_A_CALL
            continue
        ratio[model] = asked
        if asked and answered:
            completion[model] = answered / asked
    group = {str(row["symbol"]): _number(row.get("ratio")) for row in groups}
    maps = {"ModelRatio": ratio, "CompletionRatio": completion, "ModelPrice": price, "GroupRatio": group}
    return {name: _json(numbers) for name, numbers in maps.items()}


def _json(numbers: Mapping[str, Decimal]) -> str:
    """Write decimals with all their digits: as floats they would come out a little dearer."""
    return "{" + ", ".join(f"{json.dumps(name)}: {number:f}" for name, number in numbers.items()) + "}"


def _number(value: Any) -> Decimal:
    return Decimal(str(value or 0))
