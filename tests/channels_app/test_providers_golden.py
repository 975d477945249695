"""Every vendor's golden pairs hold, and a stream means the same however it is cut into pieces."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
import pytest

from channels_app import bridge, inquiry, registry
from channels_app.contract import UpstreamHead
from channels_app.deltas import Broken, Delta, Done
from channels_app.inquiry import Inquiry, Reply
from tests.channels_app.golden import PARTS, Case, book, buckets, cases, told

NOW = 1_790_000_000.0
TODAY = date(2026, 9, 21)


def _named(part: str) -> Any:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases(part)])


@pytest.mark.parametrize("slug", sorted(slug for slug, made in registry.providers().items() if not made.is_local))
def test_every_vendor_has_its_pairs(slug: str) -> None:
    found = book(slug)
    assert set(found) <= {*PARTS, "service", "verified", "unverified"}
    assert found.get("requests"), f"tests/golden/{slug}.json is missing, or has no requests"


@_named("requests")
def test_a_call_becomes_this_request(case: Case) -> None:
    made = bridge.request(case.call, case.channel, case.key, now=NOW)
    headers = dict(made.headers)
    assert made.url == case.values["url"]
    assert {name: headers.get(name) for name in case.values.get("headers", {})} == case.values.get("headers", {})
    assert isinstance(made.body, bytes)
    assert orjson.loads(made.body) == case.values["body"]


@_named("answers")
def test_an_answer_says_this(case: Case) -> None:
    provider, vendor = bridge.speaker(case.call, case.channel)
    head = UpstreamHead(200, {"content-type": "application/json"})
    if case.call.operation == "chat":
        assert told(vendor.deltas(case.call, head, case.body)) == case.values["says"]
        return
    unframer = provider.unframe(case.call, head)
    answer = vendor.answer(case.call, head, case.body if unframer is None else unframer.feed(case.body) + unframer.end())
    assert provider.slug == case.slug
    assert orjson.loads(answer.body) == case.values["says"]
    assert answer.usage is not None
    assert buckets(answer.usage) | dict(answer.usage.units) == case.values["usage"]


@_named("streams")
def test_a_stream_says_this_however_it_is_cut(case: Case) -> None:
    whole = _heard(case, [case.body])
    assert told(whole) == case.values["says"]
    assert isinstance(whole[-1], Done | Broken)
    assert told(_heard(case, [case.body[at : at + 1] for at in range(len(case.body))])) == case.values["says"]
    for seed in range(5):
        assert told(_heard(case, [*_pieces(case.body, seed)])) == case.values["says"]


def _heard(case: Case, pieces: list[bytes]) -> list[Delta]:
    provider, vendor = bridge.speaker(case.call, case.channel)
    events = vendor.events(case.call)
    unframer = provider.unframe(case.call, UpstreamHead(200, {"content-type": case.values.get("content_type", "text/event-stream")}))
    found: list[Delta] = []
    for piece in pieces:
        found += events.feed(piece if unframer is None else unframer.feed(piece))
    return [*found, *events.end()]


def _pieces(body: bytes, seed: int) -> Iterator[bytes]:
    drawn = random.Random(seed)  # noqa: S311  # cuts, not secrets
    while body:
        size = drawn.randint(1, 40)
        yield body[:size]
        body = body[size:]


@_named("failures")
def test_an_error_means_this(case: Case) -> None:
    failure = bridge.classify(case.call, case.channel, case.values["status"], case.body)
    assert failure.kind.value == case.values["kind"]
    if "message" in case.values:
        assert failure.message == case.values["message"]


@_named("balances")
def test_the_balance_is_this(case: Case) -> None:
    provider = registry.provider(case.slug)
    assert isinstance(provider, inquiry.TellsBalance)
    asked = [*case.values["asks"]]
    replies = [Reply(status, orjson.dumps(body)) for status, body in case.values["replies"]]
    made = provider.balance(case.channel, case.key, today=TODAY)
    if "problem" in case.values:
        with pytest.raises(inquiry.NoAnswer, match=case.values["problem"]):
            _conducted(made, asked, replies)
        return
    balance = _conducted(made, asked, replies)
    assert [str(balance.amount), balance.currency] == case.values["is"]
    assert asked == []


def _conducted(made: Inquiry[Any], asked: list[str], replies: list[Reply]) -> Any:
    """Answer an inquiry's questions, and see that they are those of the case."""
    request = next(made)
    while True:
        assert request.url == asked.pop(0)
        try:
            request = made.send(replies.pop(0))
        except StopIteration as stop:
            return stop.value
