"""Pictures by Hunyuan: what is asked for, when it is asked after, what came of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app import hunyuan_images
from channels_app.contract import UpstreamHead
from channels_app.faces import Unexpressible
from tests.channels_app import talk
from tests.doubles.china import hunyuan

HEAD = UpstreamHead(200, {})
TICKET = orjson.dumps({"Response": {"JobId": "j1", "RequestId": "r"}})


def call(**fields: Any) -> Any:
    return talk.call({"model": "m", "prompt": "a cat", **fields}, operation="images")


def state(code: str, **members: Any) -> bytes:
    return orjson.dumps({"Response": {**hunyuan.job(code, **members), "RequestId": "r"}})


def test_a_size_has_a_colon() -> None:
    made = hunyuan_images.encode(call(size="768x1024", n=2, negative_prompt="dogs", seed=7))
    assert made.headers == (("x-tc-action", "SubmitHunyuanImageJob"),)
    assert orjson.loads(made.body) == {"Prompt": "a cat", "Num": 2, "NegativePrompt": "dogs", "Seed": 7, "Resolution": "768:1024"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"stream": True}, "stream"),
        ({"response_format": "b64_json"}, "response_format"),
        ({"prompt": "a" * 1025}, "prompt"),
        ({"n": 5}, "n"),
    ],
)
def test_what_it_has_no_words_for_is_refused(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Unexpressible) as error:
        hunyuan_images.encode(call(**fields))
    assert error.value.field == field


def test_a_job_is_asked_after_for_some_two_minutes() -> None:
    first = hunyuan_images.errand(TICKET, TICKET, 0)
    assert first is not None
    assert (orjson.loads(first[0].body), first[1]) == ({"JobId": "j1"}, 1.0)
    assert first[0].headers == (("x-tc-action", "QueryHunyuanImageJob"),)
    waited = sum(found[1] for asked in range(100) if (found := hunyuan_images.errand(state("2"), TICKET, asked)))
    assert waited == 117.0
    failure = hunyuan_images.answer(call(), HEAD, state("2")).failure
    assert failure is not None
    assert (failure.message, failure.is_timeout) == ("the picture took too long", True)


@pytest.mark.parametrize("body", [state("4"), state("5"), b"{}", b"<html>", b'{"Response":{"Error":{"Code":"x"}}}'])
def test_what_waits_no_more_is_not_asked_after(body: bytes) -> None:
    assert hunyuan_images.errand(body, TICKET, 0) is None


def test_pictures_come_with_their_words_and_are_counted() -> None:
    body = state("5", ResultImage=["https://x.test/1.png", "https://x.test/2.png"], RevisedPrompt=["a red cat"])
    answer = hunyuan_images.answer(call(size="1024x1024", n=3), HEAD, body)
    assert orjson.loads(answer.body)["data"] == [
        {"url": "https://x.test/1.png", "revised_prompt": "a red cat"},
        {"url": "https://x.test/2.png"},
    ]
    assert answer.usage is not None
    assert answer.usage.units == (("image:1024x1024:auto", 2),)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (state("4", JobErrorCode="OperationDenied.TextIllegalDetected", JobErrorMsg="no"), "content_filter"),
        (state("4", JobErrorCode="FailedOperation.EngineServerError", JobErrorMsg="no"), "upstream"),
        (state("4"), "upstream"),
        (b"<html>", "upstream"),
    ],
)
def test_a_job_that_failed_says_why(body: bytes, kind: str) -> None:
    failure = hunyuan_images.answer(call(), HEAD, body).failure
    assert failure is not None
    assert failure.kind == kind
