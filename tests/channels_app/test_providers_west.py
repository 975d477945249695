"""Each vendor that speaks nearly like OpenAI is asked after its health, its models and its balance, as the background does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from channels_app import asking, probes
from channels_app.contract import ChannelFacts, ChannelKey, Secret
from channels_app.inquiry import Balance, NoAnswer
from channels_app.questions import Question
from tests.channels_app import golden, talk
from tests.doubles.west.aggregators import MANAGEMENT_KEY
from tests.doubles.west.manners import TABLE
from tests.doubles.west.service import Service

TODAY = date(2026, 11, 27)
BALANCES = {"openrouter": "14.5", "litellm": "8.75", "oneapi": "7.5"}
TROUBLES = [(slug, place) for slug, manners in sorted(TABLE.items()) for place in range(len(manners.troubles))]
LISTED = sorted(slug for slug, one in TABLE.items() if any(path.endswith("/models") for path in one.pages))


def facts(vendor: Service, *, key: str | None = None, **options: str) -> ChannelFacts:
    manners = vendor.manners
    keys = (ChannelKey(1, Secret(manners.key if key is None else key)),)
    own = {**manners.options, **options}
    return ChannelFacts(1, "c", 1, manners.slug, vendor.url, keys, {"m": manners.model}, options=own, allow_private=True)


@pytest.mark.parametrize("slug", sorted(TABLE))
def test_what_is_told_of_a_vendor_is_what_is_tried(slug: str) -> None:
    tried = {"chat", "stream", "usage", "health"} | (set() if slug == "perplexity" else {"tools"})
    tried |= {"balance"} if slug in BALANCES else {"embeddings"} if slug == "jina" else set()
    assert set(golden.book(slug)["service"]) == tried


@pytest.mark.parametrize("kind", ["chat", "stream"])
@pytest.mark.parametrize("slug", sorted(TABLE))
def test_a_healthy_vendor_is_found_healthy(slug: str, kind: str) -> None:
    with Service(TABLE[slug]) as vendor:
        (found,) = probes.ask(facts(vendor), Question(kind, "m"))
        assert found.failure is None, found.answered
        assert (found.first_ms is not None) == (kind == "stream")


@pytest.mark.parametrize("slug", sorted(TABLE.keys() - {"ollama", "perplexity"}))
def test_a_refused_key_is_found_as_one(slug: str) -> None:
    with Service(TABLE[slug]) as vendor:
        (found,) = probes.ask(facts(vendor, key="wrong-key-12345"), Question("chat", "m"))
        assert found.failure is not None
        assert found.failure.kind == "bad_key"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("slug", "place"), TROUBLES)
def test_its_errors_are_understood(slug: str, place: int, stream: bool) -> None:
    trouble = TABLE[slug].troubles[place]
    with Service(TABLE[slug]) as vendor:
        vendor.script(trouble.reply)
        channel = replace(facts(vendor), models={})
        said = talk.ask(channel, TABLE[slug].model, stream=stream)
        assert (said.kind, len(vendor.requests)) == (trouble.kind, 1)


@pytest.mark.parametrize("slug", LISTED)
def test_its_models_are_listed(slug: str) -> None:
    with Service(TABLE[slug]) as vendor:
        assert len(asking.models(facts(vendor))) == 1


@pytest.mark.parametrize("slug", sorted(BALANCES))
def test_its_balance_is_read(slug: str) -> None:
    with Service(TABLE[slug]) as vendor:
        channel = facts(vendor)
        assert asking.balance(channel, channel.keys[0], today=TODAY) == Balance(Decimal(BALANCES[slug]), "USD")


def test_openrouters_credits_are_told_to_its_management_key_alone() -> None:
    with Service(TABLE["openrouter"]) as vendor:
        channel = facts(vendor, management_key="")
        with pytest.raises(NoAnswer, match="management key"):
            asking.balance(channel, channel.keys[0], today=TODAY)
        channel = facts(vendor)
        asking.balance(channel, channel.keys[0], today=TODAY)
        assert [(request.path, request.headers["authorization"]) for request in vendor.requests[-2:]] == [
            ("/api/v1/key", f"Bearer {TABLE['openrouter'].key}"),
            ("/api/v1/credits", f"Bearer {MANAGEMENT_KEY}"),
        ]
