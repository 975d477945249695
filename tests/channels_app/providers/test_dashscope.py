"""DashScope's key, workspace and region."""

from __future__ import annotations

from channels_app import bridge
from tests.channels_app import talk
from tests.doubles.china import dashscope
from tests.doubles.china.dashscope import DashScope


def test_a_wrong_key_is_refused_and_the_workspace_travels_along() -> None:
    with DashScope() as vendor:
        said = talk.ask(talk.channel("dashscope", vendor.origin, "sk-wrong", workspace="ws-1"), "qwen-plus")
        assert (said.kind, vendor.requests[-1].headers["x-dashscope-workspace"]) == ("bad_key", "ws-1")


def test_the_region_is_the_channels_own_base() -> None:
    facts = talk.channel("dashscope", "https://dashscope-intl.aliyuncs.com", dashscope.KEY)
    made = bridge.request(talk.call({"model": "qwen-plus", "messages": []}), facts, facts.keys[0])
    assert made.url == "https://dashscope-intl.aliyuncs.com/api/v1/services/aigc/text-generation/generation"
