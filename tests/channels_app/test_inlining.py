"""Pictures by URL are put into a call as bytes, for vendors that take no addresses."""

from __future__ import annotations

from typing import Any

import orjson

from channels_app import bridge
from channels_app.contract import Call, ChannelFacts, ChannelKey, Secret
from channels_app.inlining import inlined, urls_of

URL = "https://pictures.test/a.png"
PARTS: list[dict[str, Any]] = [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": URL, "detail": "low"}}]
CHAT: dict[str, Any] = {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": PARTS}]}
DATA = {URL: "data:image/png;base64,AAAA"}


def test_only_addresses_are_found_and_replaced() -> None:
    data = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,BBBB"}}]}
    assert urls_of({"messages": [*CHAT["messages"], data]}) == [URL]
    changed = inlined(CHAT, DATA)
    assert changed["messages"][1]["content"][1]["image_url"] == {"url": DATA[URL]}
    assert CHAT["messages"][1]["content"][1]["image_url"]["url"] == URL


def test_a_vendor_that_wants_bytes_gets_them_and_others_get_the_address() -> None:
    call = Call("chat", "openai", "m", orjson.dumps(CHAT), CHAT)
    key = ChannelKey(1, Secret("k"))
    for provider, wanted in (("gemini", [URL]), ("anthropic", [])):
        facts = ChannelFacts(1, "c", 1, provider, "", (key,), {})
        assert bridge.picture_urls(call, facts) == wanted
        raw = bridge.request(call, facts, key, pictures={url: DATA[url] for url in wanted}).body
        assert isinstance(raw, bytes)
        assert (b"AAAA" in raw, URL.encode() in raw) == ((True, False) if wanted else (False, True))
