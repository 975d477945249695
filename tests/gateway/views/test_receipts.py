"""A call's receipt, for the key that made it and nobody else."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from accounts import keys
from gateway.flusher import Flusher
from tests.channels_app.test_sound import wav
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, PRICE, Caller
from tests.gateway.live import LiveRelay
from tests.gateway.views.conftest import Offer


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


def told_of(relay: LiveRelay, caller: Caller, answer: httpx.Response) -> dict[str, Any]:
    """Return the receipt of an answer, once it is booked."""
    assert answer.status_code == 200, answer.text
    flusher = Flusher(relay.state.spool.folder.parent, keep_seconds=3600)
    while flusher.turn():
        pass
    told: dict[str, Any] = relay.http.get(f"/v1/receipts/{answer.headers['x-request-id']}", headers=caller.headers).json()
    assert told["numerator"] == str(sum(int(item["product"]) for item in told["items"]))
    assert told["price_micros"] == -(-int(told["numerator"]) // told["denominator"])
    return told


def test_a_receipt_of_pictures_counts_them_by_size_and_quality(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("dall-e-3", units={"image:1024x1024:hd": 80_000_000_000})
    upstream.script(replies.answer({"created": 1, "data": [{"url": "https://img.example/1.png"}, {"url": "https://img.example/2.png"}]}))
    asked = {"model": "dall-e-3", "prompt": "a cat", "size": "1024x1024", "quality": "hd", "n": 2}
    told = told_of(relay, caller, relay.http.post("/v1/images/generations", headers=caller.headers, json=asked))
    assert told["items"] == [
        {"name": "image:1024x1024:hd", "count": 2, "price_micros_per_million": 80_000_000_000, "product": "160000000000"}
    ]
    assert (told["usage"], told["price_micros"], told["price_usd"], told["usage_source"]) == (
        {"image:1024x1024:hd": 2},
        160_000,
        "0.160000",
        "upstream",
    )


def test_a_receipt_of_pictures_by_tokens_has_their_buckets(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("gpt-image-1", input=5_000_000, image_output=40_000_000)
    usage = {"input_tokens": 10, "output_tokens": 272, "total_tokens": 282, "input_tokens_details": {"text_tokens": 10, "image_tokens": 0}}
    upstream.script(replies.answer({"created": 1, "data": [{"b64_json": "aGk="}], "usage": usage}))
    answer = relay.http.post("/v1/images/generations", headers=caller.headers, json={"model": "gpt-image-1", "prompt": "a cat"})
    told = told_of(relay, caller, answer)
    assert [(item["name"], item["count"], item["product"]) for item in told["items"]] == [
        ("input", 10, "50000000"),
        ("image_output", 272, "10880000000"),
    ]
    assert told["price_micros"] == 10_930


def test_a_receipt_of_speech_counts_letters(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("tts-1", units={"characters": 15_000_000})
    upstream.script(replies.Reply((b"ID3", b"end"), content_type="audio/mpeg", is_chunked=True))
    asked = {"model": "tts-1", "voice": "alloy", "input": "Hello 世界"}
    told = told_of(relay, caller, relay.http.post("/v1/audio/speech", headers=caller.headers, json=asked))
    assert told["items"] == [{"name": "characters", "count": 8, "price_micros_per_million": 15_000_000, "product": "120000000"}]
    assert (told["price_micros"], told["usage_source"]) == (120, "counted")


def test_a_receipt_of_a_transcription_counts_seconds(offer: Offer, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    offer("whisper-1", units={"seconds": 100_000_000})
    upstream.script(replies.answer({"text": "Hello"}))
    files, data = {"file": ("a.wav", wav(2.5))}, {"model": "whisper-1"}
    told = told_of(relay, caller, relay.http.post("/v1/audio/transcriptions", headers=caller.headers, files=files, data=data))
    assert told["items"] == [{"name": "seconds", "count": 3, "price_micros_per_million": 100_000_000, "product": "300000000"}]
    assert (told["price_micros"], told["usage_source"]) == (300, "counted")


def test_nobody_else_sees_it(relay: LiveRelay, caller: Caller, identifier: str) -> None:
    other = keys.issue(membership=caller.membership, name="other").secret
    for path, secret in ((identifier, other), (str(uuid.uuid4()), caller.secret), ("nonsense", caller.secret)):
        answer = relay.http.get(f"/v1/receipts/{path}", headers={"authorization": f"Bearer {secret}"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "receipt_not_found")
    assert relay.http.get(f"/v1/receipts/{identifier}").status_code == 401
