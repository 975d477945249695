"""Turn the usage object of an OpenAI-type answer into disjoint buckets of tokens."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from channels_app.contract import Usage

# No single answer costs a million dollars.
_MOST_MICROS = 10**12
_PLAIN = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})
_REPORTED = frozenset({"prompt_tokens", "completion_tokens", "input_tokens", "total_tokens"})


def count(value: object) -> int:
    """Return a token count as an int ≥ 0; what is no number counts as 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return max(0, int(value))


def _details(raw: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        found = raw.get(name)
        if isinstance(found, dict):
            return found
    return {}


def is_reported(raw: object) -> bool:
    """Tell whether a usage object says anything at all: `{}` and null do not, an explicit zero does."""
    return isinstance(raw, dict) and not _REPORTED.isdisjoint(raw)


def is_nonzero(raw: Mapping[str, Any]) -> bool:
    """Tell whether any total is above zero (zeros in mid-stream are not final)."""
    return any(count(raw.get(name)) for name in ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens"))


def read_usage(raw: object) -> Usage | None:
    """Return the buckets, or None when the vendor reported nothing.

    OpenAI counts include: prompt ⊇ cached, cache writes, audio, images; completion ⊇ reasoning, audio, images. xAI leaves
    reasoning outside the completion; its total gives that away. DeepSeek and Moonshot name cache hits beside the prompt.
    """
    if not isinstance(raw, dict) or _REPORTED.isdisjoint(raw):
        return None
    if raw.keys() == _PLAIN and (plain := _plain(raw["prompt_tokens"], raw["completion_tokens"])) is not None:
        return plain
    prompt = count(raw.get("prompt_tokens", raw.get("input_tokens")))
    completion = count(raw.get("completion_tokens", raw.get("output_tokens")))
    inward = _details(raw, "prompt_tokens_details", "input_tokens_details")
    outward = _details(raw, "completion_tokens_details", "output_tokens_details")
    cached = min(prompt, count(inward.get("cached_tokens")) or count(raw.get("prompt_cache_hit_tokens") or raw.get("cached_tokens")))
    written = min(prompt - cached, count(inward.get("cache_write_tokens")))
    audio_in = min(prompt - cached - written, count(inward.get("audio_tokens")))
    image_in = min(prompt - cached - written - audio_in, count(inward.get("image_tokens")))
    reasoning = count(outward.get("reasoning_tokens"))
    if reasoning and count(raw.get("total_tokens")) == prompt + completion + reasoning:
        completion += reasoning
    reasoning = min(completion, reasoning)
    audio_out = min(completion - reasoning, count(outward.get("audio_tokens")))
    image_out = min(completion - reasoning - audio_out, count(outward.get("image_tokens")))
    return Usage(
        input=prompt - cached - written - audio_in - image_in,
        cache_read=cached,
        cache_write_5m=written,
        audio_input=audio_in,
        image_input=image_in,
        output=completion - reasoning - audio_out - image_out,
        reasoning=reasoning,
        audio_output=audio_out,
        image_output=image_out,
        cost_micros=micros(_told_cost(raw)),
    )


def _plain(prompt: object, completion: object) -> Usage | None:
    """Return the buckets of a usage that is nothing but two counts and their total, as nearly all are."""
    if type(prompt) is int and type(completion) is int and prompt >= 0 and completion >= 0:
        return Usage(input=prompt, output=completion)
    return None


def _told_cost(raw: Mapping[str, Any]) -> object:
    """Return the price in dollars that stands in a usage object: a number (OpenRouter), or an object with the sum (Perplexity)."""
    cost = raw.get("cost")
    return cost.get("total_cost") if isinstance(cost, dict) else cost


def micros(dollars: object) -> int | None:
    """Return dollars as µ$, rounded up; None for what is no amount of money."""
    if isinstance(dollars, bool) or not isinstance(dollars, int | float | str):
        return None
    try:
        amount = Decimal(str(dollars)) * 1_000_000
    except InvalidOperation:
        return None
    return math.ceil(amount) if amount.is_finite() and 0 <= amount < _MOST_MICROS else None


def client_usage(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the usage object as a client may read it: the vendor's own, with the three totals always there."""
    prompt = count(raw.get("prompt_tokens", raw.get("input_tokens")))
    completion = count(raw.get("completion_tokens", raw.get("output_tokens")))
    total = count(raw.get("total_tokens")) or prompt + completion
    return {**raw, "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
