"""Hunyuan by the interface like OpenAI's."""

from __future__ import annotations

import pytest

from tests.channels_app import talk
from tests.doubles.china import hunyuan
from tests.doubles.china.hunyuan import Hunyuan


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(stream: bool) -> None:
    with Hunyuan() as vendor:
        facts = talk.channel("hunyuan", vendor.origin, hunyuan.BEARER)
        assert talk.is_greeting(talk.ask(facts, "hunyuan-lite", stream=stream, enable_enhancement=True))
        assert (vendor.requests[-1].path, vendor.requests[-1].fields["enable_enhancement"]) == ("/v1/chat/completions", True)
        assert talk.ask(talk.channel("hunyuan", vendor.origin, "sk-wrong"), "hunyuan-lite").kind == "bad_key"
