"""The provider of OpenAI and of everybody who speaks like it."""

from __future__ import annotations

from channels_app import registry
from channels_app.contract import ChannelFacts, ChannelKey, Secret

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
