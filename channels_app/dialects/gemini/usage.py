"""Gemini's usage: cumulative, the cache inside the prompt, thoughts beside the answer. Read into buckets and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels_app.chat_usage import count
from channels_app.contract import Usage


def read(raw: object, *, is_final: bool = True) -> Usage | None:
    """Return the buckets; None when nothing was reported.

    Some report the thoughts inside the candidates: the total gives that away.
    """
    if not isinstance(raw, dict) or ("promptTokenCount" not in raw and "totalTokenCount" not in raw):
        return None
    asked, tools = count(raw.get("promptTokenCount")), count(raw.get("toolUsePromptTokenCount"))
    said, thought = count(raw.get("candidatesTokenCount")), count(raw.get("thoughtsTokenCount"))
    if thought and asked + said + tools == count(raw.get("totalTokenCount")):
        said = max(0, said - thought)
    prompt = asked + tools
    cached = min(prompt, count(raw.get("cachedContentTokenCount")))
    heard = min(prompt - cached, _fresh(raw, "AUDIO"))
    seen = min(prompt - cached - heard, _fresh(raw, "IMAGE"))
    spoken = min(said, _of(raw.get("candidatesTokensDetails"), "AUDIO"))
    drawn = min(said - spoken, _of(raw.get("candidatesTokensDetails"), "IMAGE"))
    return Usage(
        input=prompt - cached - heard - seen,
        cache_read=cached,
        audio_input=heard,
        image_input=seen,
        output=said - spoken - drawn,
        reasoning=thought,
        audio_output=spoken,
        image_output=drawn,
        source="upstream" if is_final else "partial",
    )


def _fresh(raw: Mapping[str, Any], modality: str) -> int:
    """Return the tokens of a modality in the prompt that did not come from the cache."""
    return max(0, _of(raw.get("promptTokensDetails"), modality) - _of(raw.get("cacheTokensDetails"), modality))


def _of(details: object, modality: str) -> int:
    rows = details if isinstance(details, list) else []
    return sum(count(row.get("tokenCount")) for row in rows if isinstance(row, dict) and row.get("modality") == modality)


def written(usage: Usage) -> dict[str, int]:
    """Return usage as Gemini tells it."""
    counts = {
        "promptTokenCount": usage.total_input,
        "cachedContentTokenCount": usage.cache_read,
        "candidatesTokenCount": usage.total_output - usage.reasoning,
        "thoughtsTokenCount": usage.reasoning,
        "totalTokenCount": usage.total_input + usage.total_output,
    }
    return {name: tokens for name, tokens in counts.items() if tokens or name not in {"cachedContentTokenCount", "thoughtsTokenCount"}}
