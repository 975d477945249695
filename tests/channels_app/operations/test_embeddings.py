"""How many texts a vendor embeds at once: as many go out, one more is refused with the number named."""

from __future__ import annotations

import pytest

from channels_app import bridge
from channels_app.faces import Unexpressible
from tests.channels_app import talk


@pytest.mark.parametrize(
    ("provider", "model", "most"),
    [
        ("dashscope", "text-embedding-v2", 25),
        ("dashscope", "text-embedding-v4", 10),
        ("dashscope_compatible", "text-embedding-v4", 10),
        ("zhipu", "embedding-3", 64),
        ("baidu", "bge-large-zh", 16),
        ("hunyuan_tc3", "hunyuan-embedding", 50),
    ],
)
def test_more_texts_than_the_vendor_takes_are_refused_with_the_number(provider: str, model: str, most: int) -> None:
    facts = talk.channel(provider, "https://x.test", "1|id|key")
    made = bridge.request(talk.call({"model": model, "input": ["a"] * most}, operation="embeddings"), facts, facts.keys[0])
    assert isinstance(made.body, bytes)
    assert made.body.count(b'"a"') == most
    with pytest.raises(Unexpressible, match=f"at most {most} texts a call, not {most + 1}") as error:
        bridge.request(talk.call({"model": model, "input": ["a"] * (most + 1)}, operation="embeddings"), facts, facts.keys[0])
    assert error.value.field == "input"


def test_spark_takes_one() -> None:
    facts = talk.channel("spark", "https://x.test", "1|id|key")
    with pytest.raises(Unexpressible, match="at most 1 text a call, not 2"):
        bridge.request(talk.call({"model": "spark-embedding", "input": ["a", "b"]}, operation="embeddings"), facts, facts.keys[0])


def test_of_an_unknown_model_nothing_is_refused() -> None:
    facts = talk.channel("dashscope_compatible", "https://x.test", "k")
    made = bridge.request(talk.call({"model": "text-embedding-v9", "input": ["a"] * 100}, operation="embeddings"), facts, facts.keys[0])
    assert isinstance(made.body, bytes)
    assert made.body.count(b'"a"') == 100
