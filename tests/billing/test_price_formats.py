"""Price files of other systems, each number worked out by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from billing import price_formats
from billing.price_formats import NotReadable

RATIOS = {
    "ModelRatio": {"gpt-4o": 1.25, "gpt-audio": 1.25, "odd": 0.0001234, "dall-e-3": 99},
    "CompletionRatio": {"gpt-4o": 4, "gpt-audio": 4},
    "CacheRatio": {"gpt-4o": 0.5},
    "CreateCacheRatio": {"gpt-4o": 1.25},
    "ImageRatio": {"gpt-4o": 2},
    "AudioRatio": {"gpt-audio": 16},
    "AudioCompletionRatio": {"gpt-audio": 2},
    "ModelPrice": {"dall-e-3": 0.04},
    "GroupRatio": {"default": 1, "vip": 0.85, "none": 0},
}
NAMES = {
    "ModelRatio": "model_ratio", "CompletionRatio": "completion_ratio", "CacheRatio": "cache_ratio",
    "CreateCacheRatio": "create_cache_ratio", "ImageRatio": "image_ratio", "AudioRatio": "audio_ratio",
    "AudioCompletionRatio": "audio_completion_ratio", "ModelPrice": "model_price",
}  # fmt: skip
# GET /api/ratio_config
CONFIG = {NAMES[name]: value for name, value in RATIOS.items() if name in NAMES}


def as_texts(values: dict[str, Any]) -> list[dict[str, str]]:
    return [{"key": key, "value": json.dumps(value)} for key, value in values.items()]


@pytest.mark.parametrize(
    "body",
    [
        RATIOS,
        {name: json.dumps(value) for name, value in RATIOS.items()},  # as the options page shows them
        {"success": True, "data": as_texts(RATIOS)},  # GET /api/option/
        {"success": True, "data": CONFIG, "group_ratio": RATIOS["GroupRatio"]},
    ],
)  # fmt: skip
def test_ratios_are_read_wherever_they_stand(body: Any) -> None:
    found = price_formats.ratios(json.dumps(body))
    assert found.models["gpt-4o"] == {
        "input": 2_500_000,  # 1.25 × $2
        "output": 10_000_000,  # × 4
        "cache_read": 1_250_000,  # × 0.5
        "cache_write_5m": 3_125_000,  # × 1.25
        "cache_write_1h": 5_000_000,  # × 1.25 × 1.6
        "image_input": 5_000_000,  # × 2
    }
    # 1.25 × $2 × 16 = $40, × 2 = $80
    audio = found.models["gpt-audio"]
    assert (audio["audio_input"], audio["audio_output"]) == (40_000_000, 80_000_000)
    # 0.0001234 × 2,000,000 = 246.8, rounded up; no completion ratio: output as input
    assert found.models["odd"] == {"input": 247, "output": 247}
    # the model price goes before the ratio: $0.04 a call
    assert found.models["dall-e-3"] == {"per_call": 40_000}
    assert dict(found.groups) == {"default": 1_000_000, "vip": 850_000}
    assert found.notes == ("odd: no completion ratio, output costs what input costs",)


def test_a_published_price_page_is_read() -> None:
    listed = [
        {"model_name": "a", "quota_type": 0, "model_ratio": 0.5, "model_price": 0, "completion_ratio": 3},
        {"model_name": "b", "quota_type": 1, "model_ratio": 0, "model_price": 0.1, "completion_ratio": 0},
    ]
    found = price_formats.ratios(json.dumps({"success": True, "data": listed, "group_ratio": {"vip": 0.5}}))
    # 0.5 × $2 = $1, × 3 = $3; $0.10 a call
    assert found.models == {"a": {"input": 1_000_000, "output": 3_000_000}, "b": {"per_call": 100_000}}
    assert found.groups == {"vip": 500_000}


def test_a_price_map_is_read() -> None:
    body = {
        "sample_spec": {"input_cost_per_token": 0},
        "gemini-pro": {
            "max_tokens": 8192, "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 3.125e-07,
            "input_cost_per_token_above_200k_tokens": 2.5e-06, "output_cost_per_token_above_200k_tokens": 1.5e-05, "mode": "chat",
            "output_cost_per_reasoning_token": 1.1e-05,
            "search_context_cost_per_query": {"search_context_size_low": 0.03, "search_context_size_high": 0.05},
        },
        "claude": {
            "input_cost_per_token": 3e-06, "cache_creation_input_token_cost": 3.75e-06,
            "cache_creation_input_token_cost_above_1hr": 6e-06,
        },
        "whisper-1": {"input_cost_per_second": 0.0001},
        "tts-1": {"input_cost_per_character": 1.5e-05},
        "rerank": {"input_cost_per_query": 0.002},
        "hd/1024-x-1024/dall-e-3": {"input_cost_per_pixel": 7.629e-08},
        "1024-x-1792/dall-e-3": {"input_cost_per_pixel": 4e-08},
        "free": {"mode": "chat"},
    }  # fmt: skip
    found = price_formats.price_map(json.dumps(body))
    assert found.models["gemini-pro"] == {
        "input": 1_250_000, "output": 10_000_000, "cache_read": 312_500, "reasoning": 11_000_000,
        "units": {"tool:web_search": 50_000 * 1_000_000},
        "tiers": [{"above": 200_000, "input": 2_500_000, "output": 15_000_000}],
    }  # fmt: skip
    assert found.models["claude"] == {"input": 3_000_000, "cache_write_5m": 3_750_000, "cache_write_1h": 6_000_000}
    assert found.models["whisper-1"] == {"units": {"seconds": 100_000_000}}
    assert found.models["tts-1"] == {"units": {"characters": 15_000_000}}
    assert found.models["rerank"] == {"per_call": 2_000}
    # 1,024 × 1,024 × 0.00000007629 = $0.07999586304; 1,024 × 1,792 × 0.00000004 = $0.07340032
    assert found.models["dall-e-3"] == {"units": {"image:1024x1024:hd": 79_995_863_040, "image:1024x1792:standard": 73_400_320_000}}
    assert found.notes == ("free: no price that is known here",)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '"x"', "{", '{"ModelRatio": {"m": "dear"}}', '{"ModelRatio": {"m": -1}}', '{"ModelRatio": {"m": NaN}}']
)
def test_what_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(NotReadable):
        price_formats.ratios(text)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"m": {"input_cost_per_token": -1}}', '{"m": {"mode": "chat"}}'])
def test_what_is_no_price_map_is_refused(text: str) -> None:
    with pytest.raises(NotReadable):
        price_formats.price_map(text)
