"""Zhipu's v3: a token for each call, its times in milliseconds by the vendor's clock."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from channels_app import registry
from tests.channels_app import talk
from tests.doubles.china import zhipu
from tests.doubles.china.zhipu import Zhipu


@pytest.fixture
def vendor() -> Iterator[Zhipu]:
    with Zhipu() as started:
        yield started


def ask(vendor: Zhipu, *, key: str = zhipu.KEY, ahead: float = 0.0) -> talk.Said:
    return talk.ask(talk.channel("zhipu_v3", vendor.origin, key), "chatglm_std", clock=lambda: time.time() + ahead)


def test_the_token_is_taken(vendor: Zhipu) -> None:
    assert talk.is_greeting(ask(vendor))
    assert not vendor.requests[-1].headers["authorization"].startswith("Bearer")


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
def test_a_clock_that_is_wrong_is_told_as_such_and_not_as_a_bad_key(vendor: Zhipu, ahead: float) -> None:
    said = ask(vendor, ahead=ahead)
    assert said.failure is not None
    assert (said.kind, said.failure.code, "clock" in said.failure.message) == ("upstream", "1003", True)


@pytest.mark.parametrize("key", ["not-two-parts", "a.b.c", "0123456789abcdef0123456789abcdef.wrong-wrong-wrong-wrong-wrong-wrong"])
def test_a_wrong_key_is_refused(vendor: Zhipu, key: str) -> None:
    assert ask(vendor, key=key).kind == "bad_key"


def test_it_is_off_by_default() -> None:
    assert registry.provider("zhipu_v3").is_retired
