"""What a person who tests a channel sees: the request and the answer, and no secret."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels_app import probes
from channels_app.contract import ChannelFacts, ChannelKey, Secret
from channels_app.questions import Question
from tests.doubles import replies
from tests.doubles.upstream import Upstream

SECRET = "sk-upstream-very-secret-0042"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        yield started


def facts(upstream: Upstream, *secrets: str) -> ChannelFacts:
    keys = tuple(ChannelKey(place, Secret(text)) for place, text in enumerate(secrets, start=1))
    return ChannelFacts(1, "up", 1, "openai", upstream.url, keys, {"m": "up-1"}, options={"organization": "acme"}, allow_private=True)


def test_request_and_answer_are_shown_without_the_key(upstream: Upstream) -> None:
    upstream.script(replies.error(401, "invalid_api_key", f"Incorrect API key provided: {SECRET}"))
    (found,) = probes.ask(facts(upstream, SECRET), Question("chat", "m"))
    assert found.asked.splitlines()[0] == f"POST {upstream.url}/chat/completions"
    assert "authorization: …" in found.asked
    assert "openai-organization: acme" in found.asked
    assert '"model":"up-1"' in found.asked
    assert found.answered.startswith("401\n")
    assert "…0042" in found.answered
    assert SECRET not in found.asked + found.answered


def test_each_key_is_asked_and_told_apart(upstream: Upstream) -> None:
    upstream.script(replies.error(401, "invalid_api_key"))
    found = probes.ask(facts(upstream, SECRET, "sk-another-secret-0043"), Question("chat", "m"))
    assert [(one.key_id, one.failure is None) for one in found] == [(1, False), (2, True)]
    assert all(one.latency_ms >= 0 and one.first_ms is None for one in found)


def test_a_huge_pool_is_asked_in_part(upstream: Upstream) -> None:
    found = probes.ask(facts(upstream, *[f"sk-secret-number-{number:04}" for number in range(40)]), Question("models", ""))
    assert len(found) == probes.MOST_KEYS


def test_an_operation_the_vendor_does_not_offer_is_a_finding_not_an_error(upstream: Upstream) -> None:
    (found,) = probes.ask(facts(upstream, SECRET), Question("count_tokens", "m"))
    assert found.failure is None or found.failure.kind.value in {"unsupported", "upstream"}


def test_what_never_left_is_told(upstream: Upstream) -> None:
    dead = ChannelFacts(1, "up", 1, "openai", "http://127.0.0.1:1", (), {"m": "m"}, allow_private=True)
    (found,) = probes.ask(dead, Question("chat", "m"))
    assert found.failure is not None
    assert (found.failure.was_sent, found.answered) == (False, "")
