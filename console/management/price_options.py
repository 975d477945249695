"""Read prices typed on a command line: dollars per million tokens or per unit, tiers, units by name."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from billing import price_texts
from billing.money import MICROS, parse_usd
from billing.price_texts import BY_THE_MILLION
from billing.pricing import BUCKETS


def add(parser: CommandParser) -> None:
    """Offer every kind of price."""
    for bucket in BUCKETS:
        parser.add_argument(f"--{bucket.replace('_', '-')}", metavar="USD", help="USD per 1M tokens")
    parser.add_argument("--per-call", metavar="USD", help="USD per call")
    parser.add_argument("--per-second", metavar="USD", help="USD per second of sound or video")
    parser.add_argument("--per-character", metavar="USD", help="USD per 1M characters of text to speak")
    parser.add_argument(
        "--unit",
        action="append",
        default=[],
        metavar="NAME=USD",
        help="USD for each image:<size>:<quality> or tool:<kind>, by name or pattern: image:1024x1024:hd=0.08",
    )
    parser.add_argument(
        "--tier",
        action="append",
        default=[],
        metavar="TOKENS:BUCKET=USD,…",
        help="other prices above a size of context: 200000:input=6,output=22.5",
    )


def read(options: dict[str, Any]) -> dict[str, Any]:
    """Return what was typed as `set_price` takes it; raise BadAmount."""
    values: dict[str, Any] = {name: parse_usd(options[name]) for name in (*BUCKETS, "per_call") if options[name] is not None}
    units = dict(price_texts.unit(text) for text in options["unit"])
    if options["per_second"] is not None:
        units["seconds"] = parse_usd(options["per_second"]) * MICROS
    if options["per_character"] is not None:
        units[BY_THE_MILLION] = parse_usd(options["per_character"])
    tiers = [price_texts.tier(text) for text in options["tier"]]
    return values | ({"units": units} if units else {}) | ({"tiers": tiers} if tiers else {})


def shown(values: dict[str, Any]) -> dict[str, Any]:
    """Return values in dollars, as they were typed."""
    found: dict[str, Any] = {name: value / MICROS for name, value in values.items() if name not in {"units", "tiers"}}
    for name, price in values.get("units", {}).items():
        found[name] = price / MICROS / (1 if name == BY_THE_MILLION else MICROS)
    if values.get("tiers"):
        found["tiers"] = [{name: price if name == "above" else price / MICROS for name, price in tier.items()} for tier in values["tiers"]]
    return found
