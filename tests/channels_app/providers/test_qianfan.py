"""Qianfan v2: a Bearer of the console, an application's id, and errors whose type says more than the status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.channels_app import talk
from tests.doubles.china import baidu
from tests.doubles.china.baidu import Baidu


@pytest.fixture
def vendor() -> Iterator[Baidu]:
    with Baidu() as started:
        yield started


def ask(vendor: Baidu, *, key: str = baidu.V2_KEY, **fields: Any) -> talk.Said:
    return talk.ask(talk.channel("qianfan", vendor.origin, key, appid="app-1"), "ernie-4.5-turbo-128k", **fields)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(vendor: Baidu, stream: bool) -> None:
    assert talk.is_greeting(ask(vendor, stream=stream))
    assert (vendor.requests[-1].path, vendor.requests[-1].headers["appid"]) == ("/v2/chat/completions", "app-1")


def test_a_wrong_key_is_refused(vendor: Baidu) -> None:
    assert ask(vendor, key="bce-v3/wrong").kind == "bad_key"


@pytest.mark.parametrize(
    ("status", "code", "error_type", "kind"),
    [
        (401, "invalid_model", "invalid_request_error", "not_found"),
        (400, "unsafe", "unsafe_request", "content_filter"),
        (429, "rpm_rate_limit_exceeded", "rate_limit_exceeded", "rate_limited"),
        (401, "access_denied", "invalid_request_error", "bad_key"),
        (400, "tokens_too_long", "invalid_request_error", "bad_request"),
    ],
)
def test_code_and_type_come_before_the_status(vendor: Baidu, status: int, code: str, error_type: str, kind: str) -> None:
    vendor.script(baidu.v2_error(code, "no", status=status, kind=error_type))
    assert ask(vendor).kind == kind
