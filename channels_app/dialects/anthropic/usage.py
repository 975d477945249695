"""Anthropic's usage objects: cumulative, partly repeated, cached input beside the input. Read into buckets and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels_app.chat_usage import count
from channels_app.contract import Usage

_UNITS = (("web_search_requests", "tool:web_search"), ("web_fetch_requests", "tool:web_fetch"))


def merged(known: Mapping[str, Any], more: object) -> Mapping[str, Any]:
    """Return usage with what a later event says: the last value that is none of null wins; nothing is added up."""
    if not isinstance(more, dict):
        return known
    return {**known, **{name: value for name, value in more.items() if value is not None}}


def read(raw: Mapping[str, Any], *, is_final: bool = True) -> Usage | None:
    """Return the buckets; None when nothing was reported. Iterations of one answer (compaction) are added up.

    The first event of a stream tells one token of output; until the last one says how many there were, that is not final.
    """
    if "input_tokens" not in raw and "output_tokens" not in raw:
        return None
    iterations = [one for one in raw.get("iterations") or () if isinstance(one, dict)]
    parts = [_read(one) for one in iterations] or [_read(raw)]
    return Usage(
        input=sum(part.input for part in parts),
        cache_read=sum(part.cache_read for part in parts),
        cache_write_5m=sum(part.cache_write_5m for part in parts),
        cache_write_1h=sum(part.cache_write_1h for part in parts),
        output=sum(part.output for part in parts),
        reasoning=sum(part.reasoning for part in parts),
        units=_units(raw),
        source="upstream" if is_final else "partial",
    )


def _read(raw: Mapping[str, Any]) -> Usage:
    written = count(raw.get("cache_creation_input_tokens"))
    split = raw.get("cache_creation")
    hour = count(split.get("ephemeral_1h_input_tokens")) if isinstance(split, dict) else 0
    short = count(split.get("ephemeral_5m_input_tokens")) if isinstance(split, dict) else 0
    output = count(raw.get("output_tokens"))
    details = raw.get("output_tokens_details")
    thinking = min(output, count(details.get("thinking_tokens"))) if isinstance(details, dict) else 0
    hour = min(hour, written) if written else hour
    return Usage(
        input=count(raw.get("input_tokens")),
        cache_read=count(raw.get("cache_read_input_tokens")),
        # The split may be null or partial; the total is what counts.
        cache_write_5m=max(0, written - hour) if written else short,
        cache_write_1h=hour,
        output=output - thinking,
        reasoning=thinking,
    )


def _units(raw: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    used = raw.get("server_tool_use")
    if not isinstance(used, dict):
        return ()
    return tuple((unit, count(used.get(name))) for name, unit in _UNITS if count(used.get(name)))


def written(usage: Usage) -> dict[str, Any]:
    """Return usage as Anthropic tells it: the input without what came from the cache."""
    return {
        "input_tokens": usage.input + usage.audio_input + usage.image_input,
        "cache_creation_input_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {"ephemeral_5m_input_tokens": usage.cache_write_5m, "ephemeral_1h_input_tokens": usage.cache_write_1h},
        "output_tokens": usage.total_output,
    }
