"""Usage as the Responses protocol tells it: OpenAI's counts under names of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from channels_app.chat_usage import count, read_usage
from channels_app.contract import Usage


def read(response: Mapping[str, Any]) -> Usage | None:
    """Return the buckets of a response object; None when nothing was reported."""
    raw = response.get("usage")
    found = read_usage(raw)
    if found is None or not isinstance(raw, dict):
        return None
    details = raw.get("input_tokens_details")
    parts = details.get("cache_write_tokens_details") if isinstance(details, dict) else None
    long = min(found.cache_write_5m, count(parts.get("ttl_12h_tokens"))) if isinstance(parts, dict) else 0
    return replace(found, cache_write_5m=found.cache_write_5m - long, cache_write_1h=long, units=_units(response.get("tool_usage")))


def _units(used: object) -> tuple[tuple[str, int], ...]:
    search = used.get("web_search") if isinstance(used, dict) else None
    asked = count(search.get("num_requests")) if isinstance(search, dict) else 0
    return (("tool:web_search", asked),) if asked else ()


def written(usage: Usage) -> dict[str, Any]:
    """Return usage as clients read it; every detail is there, because strict clients insist."""
    return {
        "input_tokens": usage.total_input,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h},
        "output_tokens": usage.total_output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total_input + usage.total_output,
    }
