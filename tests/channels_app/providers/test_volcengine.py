"""Ark: endpoints, bots with a path of their own, arrears told as 403."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import likeopenai
from tests.doubles.china.likeopenai import LikeOpenAI


@pytest.fixture
def vendor() -> Iterator[LikeOpenAI]:
    with LikeOpenAI("/api/v3", rules=likeopenai.ark_rules) as started:
        yield started


def ask(vendor: LikeOpenAI, model: str = "ep-20260101-abcde", **fields: Any) -> talk.Said:
    return talk.ask(talk.channel("volcengine", vendor.origin, likeopenai.KEY), model, **fields)


@pytest.mark.parametrize(
    ("model", "path"), [("ep-20260101-abcde", "/api/v3/chat/completions"), ("bot-20260101-abcde", "/api/v3/bots/chat/completions")]
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(vendor: LikeOpenAI, model: str, path: str, stream: bool) -> None:
    assert talk.is_greeting(ask(vendor, model, stream=stream, thinking={"type": "auto"}))
    assert (vendor.requests[-1].path, vendor.requests[-1].fields["thinking"]) == (path, {"type": "auto"})


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "AuthenticationError", "bad_key"),
        (403, "AccountOverdueError", "no_quota"),
        (404, "InvalidEndpointOrModel.ModelIDAccessDisabled", "not_found"),
        (404, "ModelNotOpen", "not_found"),
        (400, "InvalidEndpoint.ClosedEndpoint", "not_found"),
        (429, "RateLimitExceeded.EndpointTPMExceeded", "rate_limited"),
        (429, "SetLimitExceeded", "no_quota"),
        (400, "SensitiveContentDetected.SevereViolation", "content_filter"),
        (400, "InputTextSensitiveContentDetected", "content_filter"),
        (400, "MissingParameter", "bad_request"),
    ],
)
def test_the_code_comes_before_the_status(vendor: LikeOpenAI, status: int, code: str, kind: str) -> None:
    vendor.script(replies.error(status, code, "no", kind="Any"))
    assert ask(vendor).kind == kind
