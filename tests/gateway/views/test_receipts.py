"""A call's receipt, for the key that made it and nobody else."""

from __future__ import annotations

import uuid

import pytest

from accounts import keys
from gateway.flusher import Flusher
from tests.gateway.conftest import HELLO, PRICE, Caller
from tests.gateway.live import LiveRelay


@pytest.fixture
def identifier(relay: LiveRelay, caller: Caller) -> str:
    """The id of a posted call."""
    answer = relay.http.post("/v1/chat/completions", headers=caller.headers, json=HELLO)
    assert answer.status_code == 200
    flusher = Flusher(relay.state.spool.folder.parent, keep_seconds=3600)
    while flusher.turn():
        pass
    return str(answer.headers["x-request-id"])


def test_a_receipt_adds_up_to_what_was_charged(relay: LiveRelay, caller: Caller, identifier: str) -> None:
    told = relay.http.get(f"/v1/receipts/{identifier}", headers=caller.headers).json()
    assert (told["object"], told["id"], told["model"], told["status"]) == ("receipt", identifier, "m", "ok")
    # 12 × $2.50 + 4 × $10 per million
    assert told["items"] == [
        {"name": "input", "count": 12, "price_micros_per_million": 2_500_000, "product": "30000000"},
        {"name": "output", "count": 4, "price_micros_per_million": 10_000_000, "product": "40000000"},
    ]
    assert (told["numerator"], told["denominator"], told["price_micros"], told["price_usd"]) == ("70000000", 1_000_000, PRICE, "0.000070")
    assert not {"cost", "splits", "channel", "cost_micros"} & set(told)


def test_nobody_else_sees_it(relay: LiveRelay, caller: Caller, identifier: str) -> None:
    other = keys.issue(membership=caller.membership, name="other").secret
    for path, secret in ((identifier, other), (str(uuid.uuid4()), caller.secret), ("nonsense", caller.secret)):
        answer = relay.http.get(f"/v1/receipts/{path}", headers={"authorization": f"Bearer {secret}"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "receipt_not_found")
    assert relay.http.get(f"/v1/receipts/{identifier}").status_code == 401
