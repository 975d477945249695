"""Wenxin by signature: what goes over the wire is what was signed, and the clock must be right."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.channels_app import talk
from tests.doubles.china import baidu
from tests.doubles.china.baidu import Baidu


@pytest.fixture
def vendor() -> Iterator[Baidu]:
    with Baidu() as started:
        yield started


@pytest.mark.parametrize(
    ("key", "ahead", "kind"),
    [
        (f"{baidu.ACCESS_KEY}|{baidu.ACCESS_SECRET}", 0.0, None),
        (f"{baidu.ACCESS_KEY}|{baidu.ACCESS_SECRET}", 3600.0, "bad_key"),
        (f"{baidu.ACCESS_KEY}|wrong", 0.0, "bad_key"),
        (f"wrong|{baidu.ACCESS_SECRET}", 0.0, "bad_key"),
    ],
)
def test_a_right_signature_of_now_is_taken(vendor: Baidu, key: str, ahead: float, kind: str | None) -> None:
    said = talk.ask(talk.channel("baidu_iam", vendor.origin, key), "ERNIE-4.0-8K", clock=lambda: time.time() + ahead)
    assert said.kind == kind
    assert talk.is_greeting(said) is (kind is None)
