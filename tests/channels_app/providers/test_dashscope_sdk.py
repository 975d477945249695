"""Alibaba's own client believes the scripted DashScope: text that repeats itself or not, embeddings, pictures by task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dashscope as sdk
import pytest

from tests.doubles import replies
from tests.doubles.china import dashscope
from tests.doubles.china.dashscope import DashScope

MESSAGES: list[Any] = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[DashScope]:
    with DashScope() as started:
        monkeypatch.setattr(sdk, "base_http_api_url", f"{started.origin}/api/v1")
        yield started


def generate(**more: Any) -> Any:
    return sdk.Generation.call(
        api_key=more.pop("key", dashscope.KEY), model="qwen-plus", messages=MESSAGES, result_format="message", **more
    )


def test_the_vendors_client_is_answered(vendor: DashScope) -> None:
    whole = generate()
    assert (whole.output.choices[0].message.content, whole.usage["total_tokens"]) == (replies.TEXT, 16)
    assert generate(key="sk-wrong").code == "InvalidApiKey"


def test_it_reads_increments_as_such_and_repetitions_as_such(vendor: DashScope) -> None:
    texts = [event.output.choices[0].message.content for event in generate(stream=True, incremental_output=True)]
    assert texts == list(replies.WORDS)
    repeated = [event.output.choices[0].message.content for event in generate(stream=True, incremental_output=False)]
    assert repeated[-1] == replies.TEXT


def test_embeddings_and_pictures_by_task_are_answered(vendor: DashScope) -> None:
    vectors = sdk.TextEmbedding.call(api_key=dashscope.KEY, model="text-embedding-v4", input=["a", "b"])
    assert [one["text_index"] for one in vectors.output["embeddings"]] == [0, 1]
    pictures = sdk.ImageSynthesis.call(api_key=dashscope.KEY, model="wanx-v1", prompt="a cat", n=1, size="1024*1024")
    assert (pictures.output.task_status, pictures.output.results[0].url) == ("SUCCEEDED", f"{vendor.origin}/pictures/1.png")
