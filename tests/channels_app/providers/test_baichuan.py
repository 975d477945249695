"""baichuan speaks like OpenAI; a base without a path gets the vendor's own."""

from __future__ import annotations

import pytest

from channels_app import bridge, registry
from tests.channels_app import talk
from tests.doubles.china import likeopenai
from tests.doubles.china.likeopenai import LikeOpenAI


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(stream: bool) -> None:
    with LikeOpenAI() as vendor:
        assert talk.is_greeting(talk.ask(talk.channel("baichuan", vendor.origin, likeopenai.KEY), "m", stream=stream))
        assert talk.ask(talk.channel("baichuan", vendor.origin, "sk-wrong"), "m").kind == "bad_key"


def test_the_default_address_is_the_vendors() -> None:
    facts = talk.channel("baichuan", "", likeopenai.KEY)
    made = bridge.request(talk.call({"model": "m", "messages": []}), facts, facts.keys[0])
    assert made.url == registry.provider("baichuan").base_url + "/chat/completions"
