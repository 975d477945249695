"""A picture that is made by a task, through the ordinary address of pictures: waited for, answered, billed by what came."""

from __future__ import annotations

from typing import Any

import pytest

from billing import price_book
from channels_app import channels, dashscope_images, hunyuan_images
from tests.doubles.china import dashscope, hunyuan
from tests.doubles.china.dashscope import DashScope
from tests.doubles.china.hunyuan import Hunyuan
from tests.gateway.conftest import Caller, lines
from tests.gateway.live import LiveRelay

CENT = 10_000


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    for vendor in (dashscope_images, hunyuan_images):
        monkeypatch.setattr(vendor, "_PAUSES", (0.01,))
        monkeypatch.setattr(vendor, "_PAUSE", 0.01)


def paint(relay: LiveRelay, caller: Caller, vendor: DashScope, **fields: Any) -> Any:
    price_book.set_price(model="painter", units={"image:*:*": CENT * 1_000_000})
    channels.add(
        name="wanx", provider="dashscope", base_url=vendor.origin, key=dashscope.KEY, models={"painter": "wanx-v1"}, allow_private=True
    )
    asked = {"model": "painter", "prompt": "a cat", "size": "1024x1024", **fields}
    return relay.http.post("/v1/images/generations", json=asked, headers=caller.headers)


def test_a_task_is_waited_for_and_its_pictures_are_billed(relay: LiveRelay, caller: Caller) -> None:
    with DashScope() as vendor:
        answer = paint(relay, caller, vendor)
        assert (answer.status_code, answer.json()["data"]) == (200, [{"url": f"{vendor.origin}/pictures/1.png"}])
        assert [request.method for request in vendor.requests] == ["POST", "GET", "GET"]
        assert vendor.requests[-1].path == "/api/v1/tasks/task-1"
        assert vendor.requests[-1].headers["authorization"] == f"Bearer {dashscope.KEY}"
        assert [(line.price, line.status) for line in lines(relay)] == [(CENT, "ok")]


def test_of_three_pictures_the_two_that_came_are_billed(relay: LiveRelay, caller: Caller) -> None:
    with DashScope() as vendor:
        results = [{"url": "https://x.test/1.png"}, {"code": "InternalError", "message": "no"}, {"url": "https://x.test/3.png"}]
        vendor.next_task = [{"task_status": "SUCCEEDED", "results": results}]
        assert len(paint(relay, caller, vendor, n=3).json()["data"]) == 2
        assert [line.price for line in lines(relay)] == [2 * CENT]


def test_a_task_that_fails_is_told_and_not_billed(relay: LiveRelay, caller: Caller) -> None:
    with DashScope() as vendor:
        vendor.next_task = [{"task_status": "RUNNING"}, {"task_status": "FAILED", "code": "DataInspectionFailed", "message": "no"}]
        answer = paint(relay, caller, vendor)
        assert answer.status_code == 400
        assert lines(relay) == []


def paint_signed(relay: LiveRelay, caller: Caller, vendor: Hunyuan, **fields: Any) -> Any:
    price_book.set_price(model="painter", units={"image:*:*": CENT * 1_000_000})
    key = f"{hunyuan.APP_ID}|{hunyuan.SECRET_ID}|{hunyuan.SECRET_KEY}"
    made = channels.add(name="hunyuan", provider="hunyuan_tc3", base_url=vendor.origin, key=key, models=["painter"], allow_private=True)
    channels.enable(channel=made)
    asked = {"model": "painter", "prompt": "a cat", "size": "1024x1024", **fields}
    return relay.http.post("/v1/images/generations", json=asked, headers=caller.headers)


def test_a_job_is_asked_after_by_signed_calls(relay: LiveRelay, caller: Caller) -> None:
    with Hunyuan() as vendor:
        answer = paint_signed(relay, caller, vendor, n=2)
        assert (answer.status_code, answer.json()["data"]) == (200, [{"url": "https://x.test/1.png"}, {"url": "https://x.test/2.png"}])
        actions = [request.headers["x-tc-action"] for request in vendor.requests]
        assert actions == ["SubmitHunyuanImageJob", *["QueryHunyuanImageJob"] * 3]
        assert vendor.requests[0].fields == {"Prompt": "a cat", "Num": 2, "Resolution": "1024:1024"}
        assert [request.fields for request in vendor.requests[1:]] == [{"JobId": f"{hunyuan.APP_ID}-1"}] * 3
        assert vendor.refused == []
        assert [(line.price, line.status) for line in lines(relay)] == [(2 * CENT, "ok")]


def test_a_job_that_fails_is_told_and_not_billed(relay: LiveRelay, caller: Caller) -> None:
    with Hunyuan() as vendor:
        failed = hunyuan.job("4", JobErrorCode="OperationDenied.ImageIllegalDetected", JobErrorMsg="no")
        vendor.next_job = [hunyuan.job("2"), failed]
        answer = paint_signed(relay, caller, vendor)
        assert answer.status_code == 400
        assert lines(relay) == []
