"""A warm call asks nobody: no SQL and no Redis between the request and the last byte of the answer."""

from __future__ import annotations

from collections import Counter
from contextvars import ContextVar
from typing import Any

import pytest
from django.db.backends.utils import CursorWrapper
from redis.asyncio.connection import AbstractConnection

from accounts import tenants
from channels_app.models import RoutingPolicy
from foundation import db
from gateway.handler import RelayHandler
from tests.gateway.conftest import HELLO, Caller
from tests.gateway.live import LiveRelay

# Set while a request is handled, and inherited by every task it spawns; the background tasks of the process do not have it.
_in_request: ContextVar[bool] = ContextVar("_in_request", default=False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what requests ask the database and Redis."""
    counts: Counter[str] = Counter()

    def counted(owner: Any, name: str, what: str) -> None:
        real = getattr(owner, name)

        def count(*args: Any, **kwargs: Any) -> Any:
            if _in_request.get():
                counts[what] += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, count)

    answer = RelayHandler.__call__

    async def marked(*args: Any) -> None:
        _in_request.set(True)
        await answer(*args)

    monkeypatch.setattr(RelayHandler, "__call__", marked)
    counted(db, "query", "sql")
    counted(CursorWrapper, "execute", "sql")
    counted(AbstractConnection, "send_packed_command", "redis")
    return counts


@pytest.fixture
def titles(transactional_db: None) -> None:
    """Another name for the model, known before the relay starts."""
    RoutingPolicy.objects.create(tenant=tenants.root(), utility_model="m")


@pytest.mark.parametrize(("is_stream", "model"), [(False, "m"), (True, "m"), (False, "gpt-4o-mini")])
def test_a_warm_call_asks_neither_the_database_nor_redis(
    titles: None, asked: Counter[str], relay: LiveRelay, caller: Caller, is_stream: bool, model: str
) -> None:
    body = {**HELLO, "model": model, "stream": is_stream, "max_tokens": 50}
    # Growth doubles what the purse takes; after these it holds enough for the calls that are counted.
    for _ in range(10):
        assert relay.http.post("/v1/chat/completions", headers=caller.headers, json=body).status_code == 200
    assert asked["sql"] >= 3  # the key, the prices, the channels and the first money were fetched
    asked.clear()

    for _ in range(5):
        assert relay.http.post("/v1/chat/completions", headers=caller.headers, json=body).status_code == 200

    assert asked == Counter()
