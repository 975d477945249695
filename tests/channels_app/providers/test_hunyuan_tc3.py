"""Hunyuan signed: wrong keys and wrong clocks are told apart by the vendor's code."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from channels_app import registry
from tests.channels_app import talk
from tests.doubles.china import hunyuan
from tests.doubles.china.hunyuan import Hunyuan

KEY = f"{hunyuan.APP_ID}|{hunyuan.SECRET_ID}|{hunyuan.SECRET_KEY}"


@pytest.fixture
def vendor() -> Iterator[Hunyuan]:
    with Hunyuan() as started:
        yield started


@pytest.mark.parametrize(
    ("key", "ahead", "code", "kind"),
    [
        (KEY, 0.0, None, None),
        (f"{hunyuan.SECRET_ID}|{hunyuan.SECRET_KEY}", 0.0, None, None),
        (KEY, 600.0, "AuthFailure.SignatureExpire", "upstream"),
        (KEY + "x", 0.0, "AuthFailure.SignatureFailure", "bad_key"),
        ("1|2|3", 0.0, "AuthFailure.SecretIdNotFound", "bad_key"),
    ],
)
def test_a_right_signature_of_now_is_taken(vendor: Hunyuan, key: str, ahead: float, code: str | None, kind: str | None) -> None:
    facts = talk.channel("hunyuan_tc3", vendor.origin, key, region="ap-guangzhou")
    said = talk.ask(facts, "hunyuan-lite", clock=lambda: time.time() + ahead)
    assert (said.failure.code if said.failure else None) == code
    assert said.kind == kind
    assert ("clock" in said.failure.message if said.failure else False) is (kind == "upstream")
    assert vendor.requests[-1].headers["x-tc-region"] == "ap-guangzhou"


def test_it_is_off_by_default() -> None:
    assert registry.provider("hunyuan_tc3").is_retired
