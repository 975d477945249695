"""Who asks, in a vendor's words: one digest where it wants one, and never a client's own."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app import bridge, channel_settings, end_users
from channels_app.channel_settings import BadSetting
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, Secret

KEY = ChannelKey(1, Secret("id.secret"))
HELLO = [{"role": "user", "content": "Hi"}]


def facts(provider: str, base_url: str = "") -> ChannelFacts:
    return ChannelFacts(1, "c", 1, provider, base_url, (KEY,), {"m": "m"}, options={"end_user": "hashed"})


def call(operation: str = "chat", end_user: str = "digest", **fields: Any) -> Call:
    return Call(operation, "openai", "m", orjson.dumps(fields), fields, end_user=end_user)


@pytest.mark.parametrize(
    ("provider", "base_url", "expected"),
    [
        ("openai", "", {"safety_identifier": "digest"}),
        ("openai", "https://other.test/v1", {"user": "digest"}),
        ("azure", "https://x.openai.azure.com", {"user": "digest"}),
        ("zhipu", "", {"user_id": "digest"}),
        # These document none: what stood there is replaced.
        ("deepseek", "", {"user": "digest", "safety_identifier": "digest"}),
    ],
)
def test_a_chat_names_its_user_once(provider: str, base_url: str, expected: dict[str, str]) -> None:
    made = call(model="m", messages=HELLO, user="bob", safety_identifier="b-1")
    sent = orjson.loads(bridge.request(made, facts(provider, base_url), KEY).body)
    assert {name: sent[name] for name in ("user", "safety_identifier", "user_id") if name in sent} == expected


def test_without_a_digest_the_bytes_stay_the_very_same() -> None:
    encoded = Encoded("/chat/completions", b'{ "user" : "bob" }')
    assert end_users.told(encoded, call(end_user=""), "user") is encoded
    plain = Encoded("/embeddings", b'{ "input" : "x" }')
    assert end_users.told(plain, call("embeddings"), "safety_identifier") is plain


@pytest.mark.parametrize(("operation", "path"), [("embeddings", "/embeddings"), ("chat", "/completions")])
def test_what_does_not_know_the_newer_field_keeps_the_older(operation: str, path: str) -> None:
    told = end_users.told(Encoded(path, b'{"user":"bob","input":"x"}'), call(operation), "safety_identifier")
    assert orjson.loads(told.body) == {"user": "digest", "input": "x"}


def test_metadata_keeps_its_other_members() -> None:
    body = b'{"metadata":{"user_id":"bob","team":"a"}}'
    for field in ("metadata.user_id", "safety_identifier", ""):
        metadata = orjson.loads(end_users.told(Encoded("/x", body), call(), field).body)["metadata"]
        assert metadata == {"user_id": "digest", "team": "a"}


def test_the_clients_own_word_is_found_in_every_protocol() -> None:
    assert end_users.named(call(user="u", safety_identifier="s")) == "s"
    assert end_users.named(call(user="u", metadata={"user_id": "m"})) == "u"
    fields = {"metadata": {"user_id": "m"}}
    assert end_users.named(Call("chat", "anthropic", "m", b"", fields)) == "m"
    assert end_users.named(call(user=7)) == ""


def test_the_option_has_one_value() -> None:
    channel_settings.check({"end_user": "hashed"})
    channel_settings.check({"end_user": ""})
    with pytest.raises(BadSetting):
        channel_settings.check({"end_user": "plain"})
