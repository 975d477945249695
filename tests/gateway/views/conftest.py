"""What tests of the operations need: models of their own kind, the official SDK."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import openai
import pytest

from billing import price_book
from channels_app import channels
from channels_app.models import Channel
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import Caller
from tests.gateway.live import LiveRelay

Offer = Callable[..., Channel]


@pytest.fixture
def offer(transactional_db: None, upstream: Upstream) -> Offer:
    """Offer a model: priced, and served by the upstream as `up-<model>`."""

    def make(model: str, **prices: Any) -> Channel:
        if prices:
            price_book.set_price(model=model, **prices)
        return channels.add(name=model, provider="openai", base_url=upstream.url, key="sk-upstream-secret", models={model: f"up-{model}"})

    return make


@pytest.fixture
def sdk(relay: LiveRelay, caller: Caller) -> Generator[openai.OpenAI, None, None]:
    with openai.OpenAI(base_url=relay.url + "/v1", api_key=caller.secret, max_retries=0) as client:
        yield client
