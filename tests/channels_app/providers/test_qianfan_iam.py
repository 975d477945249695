"""Qianfan v2 by access key: a signed call fetches the bearer token."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from channels_app import registry
from tests.channels_app import talk
from tests.channels_app.signing.vectors import NOW, VECTORS
from tests.doubles.china import baidu
from tests.doubles.china.baidu import Baidu

KEY = f"{baidu.ACCESS_KEY}|{baidu.ACCESS_SECRET}"


@pytest.fixture
def vendor() -> Iterator[Baidu]:
    with Baidu() as started:
        yield started


def ask(vendor: Baidu, key: str, ahead: float = 0.0) -> talk.Said:
    facts = talk.channel("qianfan_iam", vendor.origin, key, token_url=vendor.origin)
    return talk.ask(facts, "ernie-4.5-turbo-128k", clock=lambda: time.time() + ahead)


def test_the_token_is_fetched_and_used(vendor: Baidu) -> None:
    assert talk.is_greeting(ask(vendor, KEY))
    assert vendor.requests[-1].headers["authorization"] == "Bearer 24.test-1"


@pytest.mark.parametrize(("key", "ahead"), [(f"{baidu.ACCESS_KEY}|wrong", 0.0), (KEY, 7200.0)])
def test_a_wrong_signature_or_clock_is_a_bad_key(vendor: Baidu, key: str, ahead: float) -> None:
    assert ask(vendor, key, ahead).kind == "bad_key"


def test_the_token_lives_as_long_as_the_vendor_says() -> None:
    facts = talk.channel("qianfan_iam", "", KEY)
    request = next(registry.provider("qianfan_iam").token(facts, facts.keys[0], NOW))
    vector = VECTORS["baidu-bce-bearer-exchange"]
    assert request.url == f"https://{vector['input']['headers']['host']}{vector['input']['path']}?expireInSeconds=86400"
