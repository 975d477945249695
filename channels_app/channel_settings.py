"""What an operator may set for any channel, whatever its vendor: one mechanism for all. Pure.

    strip, override, headers      the request that goes out, in upstream's own terms, after the vendor file had its say
    system_prefix                 instructions put before the client's own, in whatever protocol they are written
    proxy                         http://, socks4:// or socks5:// (names are resolved there)
    completions                   whether texts are completed natively or by a chat
    repeats                       after how many equal pieces a stream is cut off
    connect_seconds …             deadlines that differ from the relay's

Raises BadSetting.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import orjson

from channels_app import end_users
from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.exchange import Timeouts
from channels_app.faces import CHAT
from channels_app.fitting import fit
from channels_app.provider import Field, gettext_noop
from channels_app.repetition import MOST

Headers = tuple[tuple[str, str], ...]

FIELDS = (
    Field(
        "strip",
        gettext_noop("Fields to leave out"),
        help=gettext_noop(
            "Names of request fields this upstream refuses, with commas between them; messages.name is the name in each message."
        ),
    ),
    Field(
        "override",
        gettext_noop("Fields to set"),
        help=gettext_noop('JSON laid over the request in upstream\'s own terms, such as {"temperature": 0.5}; null removes a field.'),
        rows=3,
    ),
    Field(
        "headers",
        gettext_noop("Headers to set"),
        is_secret=True,
        help=gettext_noop(
            'A JSON object, such as {"X-Team": "shop"}; a header with an empty value is left out. A single - removes them all.'
        ),
    ),
    Field(
        "system_prefix",
        gettext_noop("System prompt before the client's own"),
        help=gettext_noop("Its tokens are charged like the client's."),
        rows=3,
    ),
    Field(
        "proxy",
        gettext_noop("Proxy"),
        is_secret=True,
        help=gettext_noop("http://, socks4:// or socks5://, with user:password@ where it asks for them. A single - removes it."),
    ),
    Field(
        "completions",
        gettext_noop("Text completions"),
        help=gettext_noop("native passes them on as they are, chat asks them as a chat; empty: by the model's name and by what is asked."),
    ),
    Field(end_users.OPTION, gettext_noop("End users"), help=gettext_noop("hashed: the vendor knows who asks by a digest.")),
    Field(
        "repeats",
        gettext_noop("Equal pieces that end a stream"),
        help=gettext_noop("A stream that says the same so often in a row is cut off. Empty: 100; 0: never."),
    ),
    Field("connect_seconds", gettext_noop("Time to connect, in seconds")),
    Field("first_byte_seconds", gettext_noop("Time to the answer's beginning, in seconds")),
    Field("idle_seconds", gettext_noop("Longest silence inside an answer, in seconds")),
    Field("total_seconds", gettext_noop("Time for a whole answer, in seconds")),
)
PROXY_SCHEMES = frozenset({"http", "socks4", "socks5"})
_TIMES = ("connect", "first_byte", "idle", "total")
_MOST_SECONDS = 3600.0
_NAME = re.compile(r"[A-Za-z0-9-]+")
# These are the connection's own.
_UNTOUCHABLE = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"})


class BadSetting(ValueError):
    """A setting cannot be understood; `name` is its field, the message says what is wrong."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def check(options: Mapping[str, Any]) -> None:
    """Raise BadSetting where a setting cannot be understood."""
    override_of(str(options.get("override") or ""))
    headers_of(str(options.get("headers") or ""))
    proxy = str(options.get("proxy") or "")
    if proxy and not _is_proxy(proxy):
        raise BadSetting("proxy", "The proxy must be http://, socks4:// or socks5:// with a host and a port.")
    if options.get("completions") not in (None, "", "native", "chat"):
        raise BadSetting("completions", "Text completions are native or chat, or empty.")
    if options.get(end_users.OPTION) not in (None, "", end_users.HASHED):
        raise BadSetting(end_users.OPTION, "End users are hashed, or empty.")
    if options.get("repeats") not in (None, ""):
        _repeats(str(options["repeats"]))
    for name in _TIMES:
        _seconds(f"{name}_seconds", options.get(f"{name}_seconds"))


def stripped(channel: ChannelFacts) -> frozenset[str]:
    """Return the names of the request fields this channel leaves out."""
    listed = channel.options.get("strip") or ()
    return _names(listed) if isinstance(listed, str) else frozenset(listed)


def leaving_out(channel: ChannelFacts, names: Collection[str]) -> ChannelFacts:
    """Return the channel as one that leaves out these fields too."""
    return replace(channel, options={**channel.options, "strip": stripped(channel).union(names)})


@functools.lru_cache(maxsize=1024)
def _names(listed: str) -> frozenset[str]:
    return frozenset(name.strip() for name in listed.split(",") if name.strip())


def fitted(encoded: Encoded, channel: ChannelFacts) -> Encoded:
    """Return the request as the channel wants it; its very bytes where the channel wants nothing."""
    if channel.options.get("strip"):
        encoded = fit(encoded, drops=stripped(channel))
    text = channel.options.get("override")
    if text and encoded.content_type == "application/json" and isinstance(encoded.body, bytes):
        encoded = encoded._replace(body=orjson.dumps(_merged(orjson.loads(encoded.body), override_of(str(text)))))
    return encoded


@functools.lru_cache(maxsize=1024)
def override_of(text: str) -> Mapping[str, Any]:
    """Return the fields to set; raise BadSetting."""
    try:
        loaded = orjson.loads(text) if text.strip() else {}
    except orjson.JSONDecodeError:
        loaded = None
    if not isinstance(loaded, dict):
        raise BadSetting("override", "The fields to set must be a JSON object.")
    return loaded


def _merged(target: Any, patch: Any) -> Any:
    """Lay a patch over a value (RFC 7396): objects member by member, null removes."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged


def with_headers(headers: Headers, channel: ChannelFacts) -> Headers:
    """Return the headers with the channel's own in place of others of their names."""
    text = channel.options.get("headers")
    if not text:
        return headers
    own = headers_of(str(text))
    names = {name for name, _ in own}
    return tuple(header for header in headers if header[0].lower() not in names) + tuple(header for header in own if header[1])


@functools.lru_cache(maxsize=1024)
def headers_of(text: str) -> Headers:
    """Return headers written one a line (or as a JSON object), names in lower case; raise BadSetting."""
    if text.lstrip().startswith("{"):
        try:
            pairs = [(str(name), str(value)) for name, value in orjson.loads(text).items()]
        except orjson.JSONDecodeError:
            raise BadSetting("headers", "The headers are neither lines of Name: value nor a JSON object.") from None
    else:
        lines = [line for line in text.splitlines() if line.strip()]
        pairs = [(name, value) for name, _, value in (line.partition(":") for line in lines)]
    found: list[tuple[str, str]] = []
    for name, value in pairs:
        plain = name.strip().lower()
        if not _NAME.fullmatch(plain) or plain in _UNTOUCHABLE or not value.strip().isprintable():
            raise BadSetting("headers", f"The header {name.strip()[:40]} cannot be set.")
        found.append((plain, value.strip()))
    return tuple(found)


def proxy_of(channel: ChannelFacts) -> str:
    """Return the address of the channel's proxy, or an empty text."""
    proxy = str(channel.options.get("proxy") or "").strip()
    return proxy if proxy and _is_proxy(proxy) else ""


def _is_proxy(text: str) -> bool:
    try:
        parts = urlsplit(text.strip())
        return parts.scheme in PROXY_SCHEMES and bool(parts.hostname) and bool(parts.port)
    except ValueError:
        return False


def repeats_of(channel: ChannelFacts) -> int:
    """Return how many equal pieces in a row end a stream; 0 where none do."""
    text = channel.options.get("repeats")
    return _repeats(str(text)) if text not in (None, "") else MOST


@functools.lru_cache(maxsize=256)
def _repeats(text: str) -> int:
    """Return a number of pieces; raise BadSetting."""
    if not text.strip().isdecimal() or len(text.strip()) > 6:
        raise BadSetting("repeats", "The number of equal pieces must be a whole number; 0 lets every stream go on.")
    return int(text)


def timeouts_of(channel: ChannelFacts, usual: Timeouts) -> Timeouts:
    """Return the deadlines of a channel's calls."""
    if not channel.options:
        return usual
    own = {name: _seconds(name, channel.options[f"{name}_seconds"]) for name in _TIMES if channel.options.get(f"{name}_seconds")}
    return replace(usual, **{name: seconds for name, seconds in own.items() if seconds}) if own else usual


def _seconds(name: str, value: object) -> float | None:
    if value in {None, ""}:
        return None
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _MOST_SECONDS:
        raise BadSetting(name, f"A time must be a number of seconds above 0, at most {_MOST_SECONDS:.0f}.")
    return seconds


def prefixed(call: Call, channel: ChannelFacts, protocol: str) -> Call:
    """Return the call with the channel's instructions before the client's own; `protocol` is upstream's.

    Where the client's body travels on as it is (the same protocol on both sides), they are put into it.
    """
    prefix = str(channel.options.get("system_prefix") or "").strip()
    if not prefix or call.operation != CHAT:
        return call
    if call.dialect == protocol or call.understand is None:
        fields = _PREFIXED[call.dialect](call.fields, prefix)
        return replace(call, fields=fields, body=orjson.dumps(fields))
    chat = _in_messages(call.chat, prefix)
    return replace(call, understand=lambda _: chat)


def _in_messages(fields: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    messages = list(fields.get("messages") or ())
    first = messages[0] if messages and isinstance(messages[0], dict) else {}
    if first.get("role") in {"system", "developer"}:
        messages[0] = {**first, "content": _before(first.get("content"), prefix)}
    else:
        messages.insert(0, {"role": "system", "content": prefix})
    return {**fields, "messages": messages}


def _in_system(fields: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {**fields, "system": _before(fields.get("system"), prefix)}


def _in_instructions(fields: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {**fields, "instructions": _before(fields.get("instructions"), prefix)}


def _in_system_instruction(fields: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    name = "system_instruction" if "system_instruction" in fields else "systemInstruction"
    given = fields.get(name)
    parts = given.get("parts") if isinstance(given, dict) else [{"text": given}] if isinstance(given, str) else ()
    return {**fields, name: {"parts": [{"text": prefix}, *(parts if isinstance(parts, list) else [parts] if parts else ())]}}


def _before(content: object, prefix: str) -> object:
    """Put a prefix before a text, or as a part before other parts."""
    if isinstance(content, list):
        return [{"type": "text", "text": prefix}, *content]
    return f"{prefix}\n\n{content}" if content else prefix


_PREFIXED: Mapping[str, Callable[[Mapping[str, Any], str], dict[str, Any]]] = {
    "openai": _in_messages,
    "anthropic": _in_system,
    "gemini": _in_system_instruction,
    "responses": _in_instructions,
}
