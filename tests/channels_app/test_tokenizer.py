"""Counting without a network: exact for OpenAI, near for others, and never in danger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from channels_app import tokenizer

SAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "token_samples.json").read_text(encoding="utf-8"))["samples"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample["language"]))
def test_openais_models_are_counted_exactly(sample: dict[str, Any]) -> None:
    assert tokenizer.count(sample["text"], model="gpt-4o") == sample["tokens"]["OpenAI o200k"]


@pytest.mark.parametrize(
    ("family", "percent"), [("DeepSeek V3", 6), ("Gemini (Gemma 3)", 7), ("Qwen 3", 13), ("Llama 3.1", 8), ("Claude 2", 45)]
)
def test_the_error_over_all_languages_is_what_the_documentation_says(family: str, percent: int) -> None:
    true = sum(sample["tokens"][family] for sample in SAMPLES)
    counted = sum(tokenizer.count(sample["text"], model="any") for sample in SAMPLES)

    assert abs(counted - true) * 100 <= percent * true


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4o-mini", "o200k_base"),
        ("openai/gpt-4", "cl100k_base"),
        ("gpt-35-turbo", "cl100k_base"),
        ("text-embedding-3-small", "cl100k_base"),
        ("gpt-oss-120b", "o200k_base"),
        ("claude-opus-4-8", "o200k_base"),
        ("davinci-002", "cl100k_base"),
        ("", "o200k_base"),
    ],
)
def test_each_model_has_its_vocabulary(model: str, expected: str) -> None:
    assert tokenizer.vocabulary(model) == expected


def test_tokens_can_be_read_back() -> None:
    assert tokenizer.decode([9906, 1917], model="text-embedding-3-small") == "Hello world"


@pytest.mark.parametrize("numbers", [[10_000_000], [-1], ["x"]])
def test_numbers_that_are_no_tokens_are_refused(numbers: list[Any]) -> None:
    with pytest.raises(tokenizer.UnknownTokens):
        tokenizer.decode(numbers, model="text-embedding-3-small")


@pytest.mark.parametrize(("letter", "most"), [(" ", 10_000), ("a", 200_000), ("你", 1_100_000), ("\ud800", 1_100_000)])
def test_a_megabyte_of_one_letter_neither_kills_nor_takes_for_ever(letter: str, most: int) -> None:
    assert 0 < tokenizer.count(letter * 1_000_000, model="gpt-4o") <= most
