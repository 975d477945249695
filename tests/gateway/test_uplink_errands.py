"""A picture that is made by a task, through the ordinary address of pictures: waited for, answered, billed by what came."""

from __future__ import annotations

from typing import Any

import pytest

from billing import price_book
from channels_app import channels, dashscope_images
from tests.doubles.china import dashscope
from tests.doubles.china.dashscope import DashScope
from tests.gateway.conftest import Caller, lines
from tests.gateway.live import LiveRelay

CENT = 10_000


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashscope_images, "_PAUSES", (0.01,))
    monkeypatch.setattr(dashscope_images, "_PAUSE", 0.01)


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
