"""The provider of OpenAI and of everybody who speaks like it."""

from __future__ import annotations

import orjson
import pytest

from channels_app import bridge, registry
from channels_app.contract import Call, ChannelFacts, ChannelKey, Secret

PROVIDER = registry.provider("openai")


def facts(base_url: str = "", **options: object) -> ChannelFacts:
    return ChannelFacts(1, "c", 1, "openai", base_url, (), {}, options=options)


def test_the_address_is_the_channels_or_the_vendors_own() -> None:
    assert PROVIDER.address(facts(), "/chat/completions") == "https://api.openai.com/v1/chat/completions"
    assert PROVIDER.address(facts("http://up.test"), "/chat/completions") == "http://up.test/v1/chat/completions"


def test_the_key_organisation_and_project_travel_as_headers() -> None:
    key = ChannelKey(1, Secret("sk-1"))
    assert PROVIDER.authorize(facts(), key) == (("authorization", "Bearer sk-1"),)
    assert PROVIDER.authorize(facts(organization="org", project="pro"), key)[1:] == (
        ("openai-organization", "org"),
        ("openai-project", "pro"),
    )


def test_no_key_means_no_authorization() -> None:
    assert PROVIDER.authorize(facts(), ChannelKey(1, Secret(""))) == ()


@pytest.mark.parametrize(
    ("provider", "options", "base_url", "models", "is_fitted"),
    [
        ("openai", {}, "", {}, True),
        ("openai", {}, "http://relay.test/v1", {}, False),
        ("openai", {}, "", {"gpt-5": "gpt-5-chat-latest"}, False),
        ("azure", {}, "http://acme.openai.azure.com", {"gpt-5": "prod"}, True),
        ("azure", {"api_version": "2024-10-21"}, "http://acme.openai.azure.com", {"gpt-5": "prod"}, True),
    ],
)
def test_models_that_reason_are_asked_in_words_they_take(
    provider: str, options: dict[str, object], base_url: str, models: dict[str, str], is_fitted: bool
) -> None:
    """Gotcha 24: at OpenAI and Azure themselves; what others take is theirs to say."""
    fields = {"model": "gpt-5", "messages": [], "max_tokens": 5, "temperature": 0.3}
    call = Call("chat", "openai", "gpt-5", orjson.dumps(fields), fields)
    channel = ChannelFacts(1, "c", 1, provider, base_url, (), models, options=options)
    sent = orjson.loads(bridge.request(call, channel, ChannelKey(1, Secret("k"))).body)
    assert sent.keys() == ({"model", "messages", "max_completion_tokens"} if is_fitted else fields.keys())


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5-chat-latest"])
def test_models_that_do_not_reason_keep_their_sampling(model: str) -> None:
    fields = {"model": model, "messages": [], "max_tokens": 5, "temperature": 0.3}
    call = Call("chat", "openai", model, orjson.dumps(fields), fields)
    assert orjson.loads(bridge.request(call, facts(), ChannelKey(1, Secret("k"))).body) == fields
