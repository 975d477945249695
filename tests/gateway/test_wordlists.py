"""What of a request is read for words, and how long that takes."""

from __future__ import annotations

import time
from typing import Any

from gateway import wordlists


def test_texts_are_found_at_any_depth_and_names_of_the_protocol_are_none() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    assert list(wordlists.texts(deep)) == ["x"]
    told = {
        "model": "a", "role": "a", "type": "a", "signature": "a", "text": "yes", "url": "data:a", "n": 1,
        "source": {"type": "base64", "media_type": "image/png", "data": "a"}, "input": {"data": "too"},
    }  # fmt: skip
    assert sorted(wordlists.texts(told)) == ["too", "yes"]


def test_sub_keys_with_the_same_words_share_what_finds_them() -> None:
    assert wordlists.screen(("a", "b")) is wordlists.screen(("a", "b"))
    assert wordlists.screen(()) is None


def test_a_thousand_words_in_a_long_text_take_milliseconds() -> None:
    found = wordlists.screen(tuple(f"词{number}语{number * 7}" for number in range(1_000)))
    assert found is not None
    text = "人们常说，语言是思想的外壳；词与词之间的界线（在中文里）并不总是清楚。" * 3_000
    assert len(text.encode()) > 300_000
    took = []
    for _ in range(3):
        start = time.perf_counter()
        assert not found.finds({"messages": [{"role": "user", "content": text}]})
        took.append(time.perf_counter() - start)
    assert min(took) < 0.1
