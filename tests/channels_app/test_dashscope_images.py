"""Pictures by DashScope: what is asked for, when it is asked for again, what came of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app import dashscope_images
from channels_app.contract import UpstreamHead, Usage
from channels_app.faces import Unexpressible
from tests.channels_app import talk

HEAD = UpstreamHead(200, {})


def call(**fields: Any) -> Any:
    return talk.call({"model": "m", "prompt": "a cat", **fields}, operation="images")


def output(**members: Any) -> bytes:
    return orjson.dumps({"output": {"task_id": "t1", **members}, "request_id": "r"})


def test_a_picture_is_ordered_as_a_task() -> None:
    made = dashscope_images.encode(call(size="1024x1024", n=2, negative_prompt="dogs", seed=7), "wanx-v1")
    assert (made.path, made.headers) == ("/services/aigc/text2image/image-synthesis", (("x-dashscope-async", "enable"),))
    assert orjson.loads(made.body) == {
        "model": "wanx-v1",
        "input": {"prompt": "a cat", "negative_prompt": "dogs"},
        "parameters": {"seed": 7, "size": "1024*1024", "n": 2},
    }


def test_qwen_image_answers_at_once() -> None:
    made = dashscope_images.encode(call(), "qwen-image-2.0")
    assert (made.path, made.headers) == ("/services/aigc/multimodal-generation/generation", ())
    assert orjson.loads(made.body)["input"]["messages"] == [{"role": "user", "content": [{"text": "a cat"}]}]
    choice = {"message": {"role": "assistant", "content": [{"image": "https://x.test/1.png"}]}, "finish_reason": "stop"}
    answer = dashscope_images.answer(call(size="512x512"), HEAD, orjson.dumps({"output": {"choices": [choice]}}))
    assert orjson.loads(answer.body)["data"] == [{"url": "https://x.test/1.png"}]


@pytest.mark.parametrize("fields", [{"stream": True}, {"response_format": "b64_json"}])
def test_what_it_cannot_say_is_another_channels(fields: dict[str, Any]) -> None:
    with pytest.raises(Unexpressible):
        dashscope_images.encode(call(**fields), "wanx-v1")


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "SUSPENDED"])
def test_a_task_under_way_is_asked_for_again_and_not_for_ever(state: str) -> None:
    body = output(task_status=state)
    assert [dashscope_images.errand(body, asked) for asked in (0, 1, 2, 3)] == [("/tasks/t1", pause) for pause in (1.0, 2.0, 4.0, 5.0)]
    waited = sum(found[1] for asked in range(100) if (found := dashscope_images.errand(body, asked)))
    assert 100 <= waited <= 130
    answer = dashscope_images.answer(call(), HEAD, body)
    assert answer.failure is not None
    assert (answer.failure.kind, answer.failure.is_timeout) == ("upstream", True)


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"])
def test_a_task_that_ended_is_not_asked_for_again(state: str) -> None:
    assert dashscope_images.errand(output(task_status=state), 0) is None


def test_only_the_pictures_that_came_are_billed() -> None:
    results = [{"url": "https://x.test/1.png"}, {"code": "InternalError", "message": "no"}, {"url": "https://x.test/3.png"}]
    answer = dashscope_images.answer(call(size="1024x1024", n=3), HEAD, output(task_status="SUCCEEDED", results=results))
    assert [one["url"] for one in orjson.loads(answer.body)["data"]] == ["https://x.test/1.png", "https://x.test/3.png"]
    assert answer.usage is not None
    assert (sum(count for _, count in answer.usage.units), answer.usage.total_input) == (2, 0)
    assert answer.usage.units[0][0].startswith("image:1024x1024:")


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"task_status": "FAILED", "code": "DataInspectionFailed", "message": "no"}, "content_filter"),
        ({"task_status": "SUCCEEDED", "results": [{"code": "DataInspectionFailed", "message": "no"}]}, "content_filter"),
        ({"task_status": "FAILED", "code": "InternalError.Timeout", "message": "no"}, "upstream"),
        ({"task_status": "UNKNOWN"}, "upstream"),
    ],
)
def test_a_task_without_a_picture_is_a_failure(members: dict[str, Any], kind: str) -> None:
    failure = dashscope_images.answer(call(), HEAD, output(**members)).failure
    assert failure is not None
    assert failure.kind == kind


def test_the_usage_counts_nothing_but_pictures() -> None:
    answer = dashscope_images.answer(call(), HEAD, output(task_status="SUCCEEDED", results=[{"url": "u"}]))
    assert answer.usage is not None
    assert Usage(units=answer.usage.units) == answer.usage
