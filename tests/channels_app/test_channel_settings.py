"""What an operator sets for a channel holds for every vendor and every protocol."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app import bridge, channel_settings
from channels_app.channel_settings import BadSetting
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, Secret
from channels_app.exchange import Timeouts

BOTH = {"parts": [{"text": "Be kind"}, {"text": "s"}]}
KEY = ChannelKey(1, Secret("sk-1"))


def facts(provider: str = "openai", **options: Any) -> ChannelFacts:
    return ChannelFacts(1, "c", 1, provider, "", (), {}, options=options)


def call(dialect: str = "openai", **fields: Any) -> Call:
    whole = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return Call("chat", dialect, "m", orjson.dumps(whole), whole)


def sent(channel: ChannelFacts, made: Call) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(bridge.request(made, channel, KEY).body)
    return loaded


@pytest.mark.parametrize(
    ("provider", "expected"),
    [("openai", {"model": "m", "messages": []}), ("cohere", {"model": "m", "messages": []})],
)
def test_fields_are_left_out_and_set_whatever_the_vendor(provider: str, expected: dict[str, Any]) -> None:
    channel = facts(provider, strip="seed, top_p", override='{"temperature": 0.5, "max_tokens": null, "a": {"b": 1}}')
    made = call(messages=[], seed=1, max_tokens=5, a={"c": 2}) if provider == "openai" else call(messages=[], seed=1, max_tokens=5)
    extra = {"a": {"c": 2, "b": 1}} if provider == "openai" else {"a": {"b": 1}}
    assert sent(channel, made) == {**expected, "temperature": 0.5, **extra}


def test_without_settings_the_bytes_stay_the_very_same() -> None:
    encoded = Encoded("/x", b'{ "model" : "m" }')
    assert channel_settings.fitted(encoded, facts()) is encoded
    assert channel_settings.fitted(encoded, facts(strip="seed")) is encoded
    plain = call()
    assert channel_settings.prefixed(plain, facts(), "openai") is plain


@pytest.mark.parametrize(
    "text", ['{"X-Team": "shop", "authorization": "Basic abc", "accept": ""}', "X-Team: shop\nAuthorization: Basic abc\n\naccept:"]
)
def test_headers_take_the_place_of_others(text: str) -> None:
    headers = dict(bridge.request(call(), facts(headers=text), KEY).headers)
    assert headers == {"content-type": "application/json", "x-team": "shop", "authorization": "Basic abc"}


@pytest.mark.parametrize(
    ("dialect", "fields", "name", "expected"),
    [
        ("openai", {}, "messages", [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Hi"}]),
        ("openai", {"messages": [{"role": "developer", "content": "s"}]}, "messages", [{"role": "developer", "content": "Be kind\n\ns"}]),
        (
            "openai",
            {"messages": [{"role": "system", "content": [{"type": "text", "text": "s"}]}]},
            "messages",
            [{"role": "system", "content": [{"type": "text", "text": "Be kind"}, {"type": "text", "text": "s"}]}],
        ),
        ("anthropic", {}, "system", "Be kind"),
        ("anthropic", {"system": "s"}, "system", "Be kind\n\ns"),
        ("anthropic", {"system": [{"type": "text", "text": "s"}]}, "system", [{"type": "text", "text": t} for t in ("Be kind", "s")]),
        ("responses", {"instructions": "s"}, "instructions", "Be kind\n\ns"),
        ("gemini", {}, "systemInstruction", {"parts": [{"text": "Be kind"}]}),
        (
            "gemini",
            {"system_instruction": {"parts": [{"text": "s"}]}},
            "system_instruction",
            {"parts": [{"text": "Be kind"}, {"text": "s"}]},
        ),
        ("gemini", {"systemInstruction": "s"}, "systemInstruction", {"parts": [{"text": "Be kind"}, {"text": "s"}]}),
    ],
)
def test_instructions_come_before_the_clients_in_each_protocol(dialect: str, fields: dict[str, Any], name: str, expected: Any) -> None:
    made = channel_settings.prefixed(call(dialect, **fields), facts(system_prefix="Be kind"), dialect)
    assert made.fields[name] == expected
    assert orjson.loads(made.body) == made.fields


def test_instructions_reach_a_vendor_of_another_protocol() -> None:
    body = sent(facts("bedrock", system_prefix="Be kind"), call(messages=[{"role": "system", "content": "s"}]))
    assert body["system"] == [{"text": "Be kind\n\ns"}]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"override": "[1]"}, "override"),
        ({"override": "{"}, "override"),
        ({"headers": "Host: x"}, "headers"),
        ({"headers": "no good: x"}, "headers"),
        ({"headers": '{"X": "a\\nb"}'}, "headers"),
        ({"headers": "{"}, "headers"),
        ({"proxy": "ftp://x:1"}, "proxy"),
        ({"proxy": "socks5://x"}, "proxy"),
        ({"connect_seconds": "soon"}, "connect_seconds"),
        ({"idle_seconds": "0"}, "idle_seconds"),
        ({"total_seconds": "9999999"}, "total_seconds"),
    ],
)
def test_what_cannot_be_understood_is_named(options: dict[str, str], name: str) -> None:
    with pytest.raises(BadSetting) as refused:
        channel_settings.check(options)
    assert refused.value.name == name


def test_what_can_be_is_taken() -> None:
    options = {"override": " ", "headers": "", "proxy": "socks5://u:p@h:1080", "connect_seconds": "2.5", "strip": "a,b"}
    channel_settings.check(options)
    assert channel_settings.proxy_of(facts(**options)) == "socks5://u:p@h:1080"
    usual = Timeouts(connect=1, first_byte=2, idle=3, total=4)
    assert channel_settings.timeouts_of(facts(**options), usual) == Timeouts(connect=2.5, first_byte=2, idle=3, total=4)
    assert channel_settings.timeouts_of(facts(), usual) is usual
    assert channel_settings.stripped(facts(strip=["a"])) == {"a"}
