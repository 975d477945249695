"""A connection lets go of its call: what a call held is free at its end, and not only when the collector comes."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from gateway.dispatch import Conductor
from gateway.link import Link
from gateway.requests import RelayRequest
from tests.gateway.conftest import HELLO, Caller
from tests.gateway.live import LiveRelay


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_call_leaves_nothing_for_the_collector(no_collector: None, relay: LiveRelay, caller: Caller, is_stream: bool) -> None:
    for _ in range(3):
        response = relay.http.post("/v1/chat/completions", headers=caller.headers, json={**HELLO, "stream": is_stream})
        assert response.status_code == 200

    relay.run(asyncio.sleep(0.05))  # the last one's task may just be ending
    left = [one for one in gc.get_objects() if isinstance(one, Conductor | Link | RelayRequest)]
    assert left == []
