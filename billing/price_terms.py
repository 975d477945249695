"""Check what somebody types as a price before it becomes a rule. Raises `BadPrice`; the message says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from billing.money import MICROS
from billing.price_rules import is_unit
from billing.pricing import BUCKETS, Rule, Tier

FIELDS = ("mode", "factor", *BUCKETS, "per_call", "hold_ceiling", "priced_as", "units", "tiers")
OPEN: dict[str, Any] = {
    "mode": "price",
    "factor": MICROS,
    **dict.fromkeys((*BUCKETS, "per_call", "hold_ceiling")),
    "priced_as": "",
    "units": {},
    "tiers": [],
}
MODES = ("price", "inherit", "percent", "added")
_MOST_FACTOR = 100 * MICROS


class BadPrice(ValueError):
    """The price cannot be set; the message says why."""


def values_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all fields of a rule from those that are given, in their stored form; raise BadPrice for what makes no sense."""
    for name in given:
        if name not in FIELDS:
            raise BadPrice(f"{name.replace('_', ' ')} is not a price bucket")
    values = OPEN | dict(given)
    values["units"] = dict(sorted((values["units"] or {}).items()))
    values["tiers"] = _tiers(values["tiers"] or [])
    _check_units(values["units"])
    return values


def check(model: str, values: Mapping[str, Any]) -> None:
    """Raise BadPrice when there is nothing to charge by, an amount is negative, or an alias has prices of its own."""
    if not model.strip() or len(model) > 120:
        raise BadPrice(_("a price needs a model name or pattern of at most 120 characters"))
    prices = [values[name] for name in (*BUCKETS, "per_call") if values[name] is not None]
    prices += values["units"].values()
    prices += [price for tier in values["tiers"] for price in tier.values()]
    if any(price < 0 for price in prices):
        raise BadPrice(_("a price is 0 or more"))
    alias = values["priced_as"]
    if values["mode"] != "price" or values["factor"] != MICROS:
        _check_mode(values, has_prices=bool(prices))
        return
    if alias and (prices or alias == model):
        raise BadPrice(_("a model priced as another one has no prices of its own and is not that model itself"))
    if not alias and not values["units"] and all(values[name] is None for name in ("input", "output", "per_call")):
        raise BadPrice(_("give at least an input price, an output price, a price per call or of a unit"))


def as_rule(number: int, model: str, values: Mapping[str, Any]) -> Rule:
    """Return checked values as the rule that pricing knows."""
    return Rule(
        id=number,
        pattern=model,
        prices={name: values[name] for name in BUCKETS if values[name] is not None},
        per_call=values["per_call"],
        hold_ceiling=values["hold_ceiling"],
        priced_as=values["priced_as"],
        units=values["units"],
        tiers=tiers_of(values["tiers"]),
        is_relative=values["mode"] != "price",
        factor=values["factor"],
    )


def tiers_of(stored: Sequence[Mapping[str, int]]) -> tuple[Tier, ...]:
    """Return a rule's stored tiers as pricing knows them."""
    return tuple(Tier(tier["above"], {name: tier[name] for name in BUCKETS if name in tier}) for tier in stored)


def _tiers(given: Sequence[Mapping[str, int]]) -> list[dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for tier in given:
        prices = {name: price for name, price in tier.items() if name != "above"}
        if tier.get("above", 0) < 1 or not prices or set(prices) - set(BUCKETS):
            raise BadPrice(_("a tier says above how many tokens of context it counts, and at least one price by bucket"))
        if tier["above"] in found:
            raise BadPrice(_("there are two tiers above %(tokens)d tokens") % {"tokens": tier["above"]})
        found[tier["above"]] = {"above": tier["above"], **dict(sorted(prices.items()))}
    return [found[above] for above in sorted(found)]


def _check_mode(values: Mapping[str, Any], *, has_prices: bool) -> None:
    """Raise BadPrice unless a price that is relative to the wholesale price has just what its mode needs."""
    mode, factor = values["mode"], values["factor"]
    if mode not in MODES:
        raise BadPrice(f"{mode!r} is no mode: use {', '.join(MODES)}")
    if values["priced_as"] or values["tiers"]:
        raise BadPrice(_("a price relative to the wholesale price follows its model and its tiers: leave those of your own empty"))
    if mode == "percent" and not MICROS < factor <= _MOST_FACTOR:
        raise BadPrice(_("a mark-up is more than 0 and at most %(most)d per cent") % {"most": 100 * _MOST_FACTOR // MICROS - 100})
    if mode != "percent" and factor != MICROS:
        raise BadPrice(_("only the mode percent has a percentage"))
    if mode == "added" and not has_prices:
        raise BadPrice(_("give at least one amount that comes on top of the wholesale price"))
    if mode != "added" and has_prices:
        raise BadPrice(_("with a percentage, or the wholesale price as it is, leave the prices empty"))


def _check_units(units: Mapping[str, int]) -> None:
    for name in units:
        if not is_unit(name):
            text = _("%(name)s is no unit: use seconds, characters, searches, image:<size>:<quality> or tool:<kind>")
            raise BadPrice(text % {"name": name})
