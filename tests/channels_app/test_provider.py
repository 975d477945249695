"""What every vendor file inherits: keys in parts, codes of its own, and what the vendors of China have in common."""

from __future__ import annotations

import orjson
import pytest

from channels_app import bridge, codes, registry
from channels_app.contract import ChannelKey, Failure, FailureKind, Secret
from channels_app.provider import Field, Provider
from tests.channels_app import talk

LIKE_OPENAI = (
    "baichuan", "dashscope_compatible", "deepseek", "hunyuan", "lingyiwanwu", "minimax", "minimax_v2", "moonshot", "qianfan",
    "qianfan_iam", "siliconflow", "spark_http", "stepfun", "volcengine", "zhinao", "zhipu",
)  # fmt: skip


class Parted(Provider):
    slug, label, codes = "parted", "Parted", codes.ZHIPU
    key_parts = (Field("a", "A"), Field("b", "B"), Field("c", "C"))


@pytest.mark.parametrize(
    ("key", "parts"), [("1|2|3", ["1", "2", "3"]), ("2|3", ["", "2", "3"]), ("3", ["", "", "3"]), ("1|2|3|4", ["1", "2", "3|4"])]
)
def test_a_key_is_split_into_its_parts_the_last_ones_first(key: str, parts: list[str]) -> None:
    assert Parted().split(ChannelKey(1, Secret(key))) == parts


def test_its_codes_correct_the_reading_of_its_dialect() -> None:
    failure = Failure(FailureKind.RATE_LIMITED, "no", status=429, code="1113")
    assert Parted().classify(failure, b"").kind == "no_quota"
    assert Parted().classify(Failure(FailureKind.UPSTREAM, "no", code="x", type="1302"), b"").kind == "rate_limited"
    assert Parted().classify(Failure(FailureKind.UPSTREAM, "no"), b"").kind == "upstream"
    assert (Parted().corrects, registry.provider("baichuan").corrects) == (True, False)


@pytest.mark.parametrize("slug", LIKE_OPENAI)
def test_developers_speak_as_the_system_and_the_limit_has_its_old_name(slug: str) -> None:
    facts = talk.channel(slug, "", "k")
    fields = {"model": "m", "messages": [{"role": "developer", "content": "a"}, *talk.HELLO], "max_completion_tokens": 5}
    sent = orjson.loads(bridge.request(talk.call(fields), facts, facts.keys[0]).body)
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert 5 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))


@pytest.mark.parametrize("slug", sorted(registry.providers()))
def test_the_parts_of_a_key_have_names_of_their_own(slug: str) -> None:
    names = [part.name for part in registry.provider(slug).key_parts]
    assert len(set(names)) == len(names)
