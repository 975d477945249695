"""MiniMax's chatcompletion_v2: its path, its limit of output, its errors."""

from __future__ import annotations

import pytest

from tests.channels_app import talk
from tests.doubles.china import likeopenai
from tests.doubles.china.likeopenai import LikeOpenAI


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through_within_the_bounds(stream: bool) -> None:
    with LikeOpenAI(rules=likeopenai.minimax_rules) as vendor:
        facts = talk.channel("minimax_v2", vendor.origin, likeopenai.KEY)
        assert talk.is_greeting(talk.ask(facts, "abab6.5s-chat", stream=stream, temperature=0, max_completion_tokens=4096))
        sent = vendor.requests[-1].fields
        assert vendor.requests[-1].path == "/v1/text/chatcompletion_v2"
        assert (sent["max_tokens"], "max_completion_tokens" in sent) == (2048, False)
        vendor.script(likeopenai.base_resp(1008, "insufficient balance"))
        assert talk.ask(facts, "abab6.5s-chat", stream=stream).kind == "no_quota"
