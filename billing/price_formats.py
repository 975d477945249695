"""Read price files of other systems: one-api and new-api ratios, and a price map of the kind LiteLLM publishes. Pure.

Raises `NotReadable` for a text that is none of them. Numbers are read as decimals and rounded up to whole µ$ per million.

one-api    ratio 1 is $2 per 1M tokens; output = input × completion ratio; a model price is dollars a call
new-api    also cache (read), create-cache (5 minutes; an hour is 1.6 times that), image and audio ratios
LiteLLM    dollars per token, second, character, picture or pixel; prices above 128k or 200k tokens of context
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any

from billing.money import MICROS

RATIO_ONE = 2 * MICROS
HOUR_FACTOR = Decimal("1.6")

_MAPS = {
    "modelratio": "ratio", "completionratio": "completion", "cacheratio": "cache", "createcacheratio": "create", "modelprice": "price",
    "imageratio": "image", "audioratio": "audio", "audiocompletionratio": "audio_completion", "groupratio": "group",
}  # fmt: skip
_PER_TOKEN = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write_5m",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "input_cost_per_audio_token": "audio_input",
    "output_cost_per_audio_token": "audio_output",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_image_token": "image_input",
    "output_cost_per_image_token": "image_output",
}
_PER_UNIT = {
    "input_cost_per_second": "seconds",
    "output_cost_per_second": "seconds",
    "input_cost_per_character": "characters",
    "output_cost_per_image": "image:*",
}
_ABOVE = re.compile(r"(.+)_above_(\d+)k_tokens")
_PICTURE = re.compile(r"(?:([\w.-]+)/)?(\d+)-x-(\d+)/([^/]+)")


class NotReadable(ValueError):
    """The text is no price file of this kind."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a file says: the values of a rule by model, factors in millionths by customer group, and what was left out and why."""

    models: Mapping[str, dict[str, Any]]
    groups: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def ratios(text: str) -> Foreign:
    """Read a one-api or new-api export: the options, `/api/ratio_config` or `/api/pricing`."""
    maps = _ratio_maps(_load(text))
    if not maps.get("ratio") and not maps.get("price"):
        raise NotReadable("there is no ModelRatio and no ModelPrice in it")
    models: dict[str, dict[str, Any]] = {name: {"per_call": _micros(price, MICROS)} for name, price in maps.get("price", {}).items()}
    notes: list[str] = []
    for name, ratio in maps.get("ratio", {}).items():
        if name in models:
            continue  # a model price goes before a ratio there
        models[name] = _of_ratio(maps, name, _number(ratio))
        if name not in maps.get("completion", {}):
            notes.append(f"{name}: no completion ratio, output costs what input costs")
    groups = {name: _micros(factor, MICROS) for name, factor in maps.get("group", {}).items() if _number(factor) > 0}
    return Foreign(models, groups, tuple(notes))


def price_map(text: str) -> Foreign:
    """Read a LiteLLM-style map: model → costs in dollars."""
    models: dict[str, dict[str, Any]] = {}
    notes: list[str] = []
    for name, entry in _load(text).items():
        if name == "sample_spec" or not isinstance(entry, dict):
            continue
        picture = _PICTURE.fullmatch(name)
        if picture and "input_cost_per_pixel" in entry:
            _add_picture(models, picture, _number(entry["input_cost_per_pixel"]))
        elif values := _of_costs(entry):
            kept = models.get(name, {})
            models[name] = {**values, **({"units": values.get("units", {}) | kept["units"]} if "units" in kept else {})}
        else:
            notes.append(f"{name}: no price that is known here")
    if not models:
        raise NotReadable("there is no model with a price in it")
    return Foreign(models, {}, tuple(notes))


FORMATS = {"oneapi": ratios, "litellm": price_map}


def _load(text: str) -> Any:
    try:
        body = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except ValueError as error:
        raise NotReadable(f"it is not JSON: {error}") from None
    if isinstance(body, dict) and isinstance(body.get("data"), dict | list):
        extra = {name: value for name, value in body.items() if name in {"group_ratio", "GroupRatio"}}
        body = {**body["data"], **extra} if isinstance(body["data"], dict) else {"list": body["data"], **extra}
    if isinstance(body, list):
        body = {"list": body}
    if not isinstance(body, dict):
        raise NotReadable("it is not a JSON object")
    return body


def _ratio_maps(body: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the maps by our names, wherever they stand: as objects, as JSON inside texts, as options, or as a list of models."""
    pairs = [(name, value) for name, value in body.items() if name != "list"]
    listed = [entry for entry in body.get("list", ()) if isinstance(entry, dict)]
    pairs += [(entry["key"], entry.get("value")) for entry in listed if isinstance(entry.get("key"), str)]
    maps: dict[str, dict[str, Any]] = {}
    for name, value in pairs:
        known = _MAPS.get(name.replace("_", "").lower())
        if known and (found := _object(value)):
            maps[known] = found
    for entry in listed:
        if "model_name" in entry:
            _add_listed(maps, entry)
    return maps


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.strip():
        value = _load(value)
    return value if isinstance(value, dict) else {}


def _add_listed(maps: dict[str, dict[str, Any]], entry: Mapping[str, Any]) -> None:
    name = str(entry["model_name"])
    if entry.get("quota_type") == 1:
        maps.setdefault("price", {})[name] = entry.get("model_price", 0)
        return
    for key in ("model_ratio", "completion_ratio", "cache_ratio", "create_cache_ratio"):
        if entry.get(key) is not None:
            maps.setdefault(_MAPS[key.replace("_", "")], {})[name] = entry[key]


def _of_ratio(maps: Mapping[str, Mapping[str, Any]], name: str, ratio: Decimal) -> dict[str, Any]:
    def of(kind: str) -> Decimal | None:
        found = maps.get(kind, {}).get(name)
        return None if found is None else _number(found)

    exact: dict[str, Decimal | None] = {"input": ratio, "output": ratio * (of("completion") or 1)}
    cache, create, image, audio = of("cache"), of("create"), of("image"), of("audio")
    exact["cache_read"] = None if cache is None else ratio * cache
    exact["cache_write_5m"] = None if create is None else ratio * create
    exact["cache_write_1h"] = None if create is None else ratio * create * HOUR_FACTOR
    exact["image_input"] = None if image is None else ratio * image
    exact["audio_input"] = None if audio is None else ratio * audio
    exact["audio_output"] = None if audio is None else ratio * audio * (of("audio_completion") or 1)
    return {bucket: _micros(value, RATIO_ONE) for bucket, value in exact.items() if value is not None}


def _of_costs(entry: Mapping[str, Any]) -> dict[str, Any]:
    million = MICROS * MICROS
    costs = {name: value for name, value in entry.items() if isinstance(value, Decimal)}
    values: dict[str, Any] = {bucket: _micros(costs[name], million) for name, bucket in _PER_TOKEN.items() if name in costs}
    units = {unit: _micros(costs[name], million) for name, unit in _PER_UNIT.items() if costs.get(name)}
    searches = _object(entry.get("search_context_cost_per_query"))
    if searches:
        units["tool:web_search"] = max(_micros(price, million) for price in searches.values())
    tiers: dict[int, dict[str, int]] = {}
    for name, cost in costs.items():
        found = _ABOVE.fullmatch(name)
        if found and found[1] in _PER_TOKEN:
            tiers.setdefault(int(found[2]) * 1_000, {})[_PER_TOKEN[found[1]]] = _micros(cost, million)
    if costs.get("input_cost_per_query"):
        values["per_call"] = _micros(costs["input_cost_per_query"], MICROS)
    priced = values | ({"units": units} if units else {})
    return priced | ({"tiers": [{"above": above, **prices} for above, prices in tiers.items()]} if tiers else {})


def _add_picture(models: dict[str, dict[str, Any]], found: re.Match[str], per_pixel: Decimal) -> None:
    """Turn a price per pixel of one size and quality into a price per picture of the model."""
    quality, width, height, model = found.groups()
    price = _micros(per_pixel * int(width) * int(height), MICROS * MICROS)
    models.setdefault(model, {}).setdefault("units", {})[f"image:{width}x{height}:{quality or 'standard'}"] = price


def _number(value: Any) -> Decimal:
    if isinstance(value, Decimal) and value.is_finite() and 0 <= value < 10**9:
        return value
    raise NotReadable(f"{value!r} is no price")


def _micros(value: Any, factor: int) -> int:
    return int((_number(value) * factor).to_integral_value(rounding=ROUND_CEILING))
