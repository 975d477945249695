"""Wenxin by access token: exchanged once, put into the address, refused where the keys are wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from channels_app import bridge, registry
from channels_app.inquiry import Reply
from channels_app.tokens import Tokens
from channels_app.transport import Transport
from tests.channels_app import talk
from tests.channels_app.signing.vectors import VECTORS
from tests.doubles.china import baidu
from tests.doubles.china.baidu import Baidu

KEY = f"{baidu.API_KEY}|{baidu.SECRET_KEY}"


@pytest.fixture
def vendor() -> Iterator[Baidu]:
    with Baidu() as started:
        yield started


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(vendor: Baidu, stream: bool) -> None:
    assert talk.is_greeting(talk.ask(talk.channel("baidu", vendor.origin, KEY), "ERNIE-4.0-8K", stream=stream))
    place = "/rpc/2.0/ai_custom/v1/wenxinworkshop/chat/completions_pro"
    assert [request.path.partition("?")[0] for request in vendor.requests] == ["/oauth/2.0/token", place]
    assert vendor.requests[-1].path == f"{place}?access_token=24.test-1"
    assert "authorization" not in vendor.requests[-1].headers
    assert "x-access-token" not in vendor.requests[-1].headers


def test_the_exchange_is_that_of_the_vector() -> None:
    vector = VECTORS["baidu-oauth-url"]
    given, facts = vector["input"], talk.channel("baidu", "", "")
    key = talk.channel("baidu", "", f"{given['api_key']}|{given['secret_key']}").keys[0]
    request = next(registry.provider("baidu").token(facts, key, 0.0))
    assert (request.method, request.url) == (vector["expected"]["method"], vector["expected"]["url"])


def test_two_calls_at_once_exchange_once(vendor: Baidu) -> None:
    facts = talk.channel("baidu", vendor.origin, KEY)

    async def run() -> list[str]:
        async with Transport() as transport:
            tokens = Tokens(transport)
            try:
                found = await asyncio.gather(*(tokens.get(registry.provider("baidu"), facts, facts.keys[0]) for _ in range(5)))
            finally:
                await tokens.stop()
        return [secret.reveal() for secret in found]

    assert asyncio.run(run()) == ["24.test-1"] * 5
    assert vendor.exchanges == 1


@pytest.mark.parametrize("key", [f"{baidu.API_KEY}|wrong", f"wrong|{baidu.SECRET_KEY}", "only-one-part"])
def test_wrong_keys_are_bad_keys(vendor: Baidu, key: str) -> None:
    said = talk.ask(talk.channel("baidu", vendor.origin, key), "ERNIE-4.0-8K")
    assert (said.kind, said.failure and said.failure.code) == ("bad_key", "invalid_client")


def test_the_vendors_own_lifetime_counts(vendor: Baidu) -> None:
    facts = talk.channel("baidu", vendor.origin, KEY)
    steps = registry.provider("baidu").token(facts, facts.keys[0], 0.0)
    next(steps)
    with pytest.raises(StopIteration) as stop:
        steps.send(Reply(200, b'{"access_token":"t","expires_in":7}'))
    assert stop.value.value.lifetime_seconds == 7.0


def test_secrets_show_in_no_failure(vendor: Baidu) -> None:
    facts = talk.channel("baidu", "http://127.0.0.1:1", KEY)
    with pytest.raises(Exception) as error:  # noqa: PT011  # whatever it is, it must not tell
        talk.ask(facts, "ERNIE-4.0-8K")
    assert baidu.SECRET_KEY not in str(error.value)
    assert baidu.SECRET_KEY not in repr(bridge.classify(talk.call({"model": "m"}), facts, 500, b"no"))
