"""The values that cross the wall between the relay and the vendors.

Pure. What is said in one wire protocol and heard in another:

    client's body ─ Client.understand ─▶ Call.chat ─ Vendor.encode ─▶ Encoded ─ Provider ─▶ UpstreamRequest
    client's bytes ◀─ Client.writer / whole ◀─ Delta … ◀─ Vendor.events / deltas ◀─ upstream's bytes

`faces` has the two faces of a dialect, `deltas` what an answer is made of, `provider` the base of every vendor file; `bridge`
puts them together. Where client and vendor speak the same protocol the original bytes travel both ways.

Failure kinds and their meaning:
bad_key         the upstream key is refused: another key or channel answers, the key is quarantined
no_quota        the upstream account has no money: another channel answers
rate_limited    too many calls upstream: another channel answers, this one cools down
content_filter  the vendor refuses the content: the client is told, nobody else is asked
bad_request     the client's request is at fault: the client is told, nobody else is asked
not_found       the vendor does not know this model: another channel answers
unsupported     this channel's protocol cannot say what was asked (nothing was sent; `param`): another channel may
upstream        anything else that is the vendor's fault: another channel answers
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from channels_app import model_map
from channels_app.forms import Form, FormBody
from channels_app.rules import NO_RULES, Rules
from channels_app.secret import Secret as Secret
from foundation.values import value

JSON = "application/json"


class FailureKind(StrEnum):
    BAD_KEY = "bad_key"
    NO_QUOTA = "no_quota"
    RATE_LIMITED = "rate_limited"
    CONTENT_FILTER = "content_filter"
    BAD_REQUEST = "bad_request"
    NOT_FOUND = "not_found"
    UNSUPPORTED = "unsupported"
    UPSTREAM = "upstream"

    @property
    def is_users_fault(self) -> bool:
        """Tell whether the client's request, not the channel, is to blame."""
        return self in {FailureKind.CONTENT_FILTER, FailureKind.BAD_REQUEST}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt did not succeed. `message` is the vendor's text: customers see it only when it is their fault."""

    kind: FailureKind
    message: str
    status: int | None = None
    code: str | None = None
    retry_after_seconds: float | None = None
    was_sent: bool = True
    is_timeout: bool = False
    param: str | None = None
    type: str | None = None


@value
class Usage:
    """What one answer consumed, in disjoint buckets of tokens; `source`: upstream, counted, estimated, or (not final) partial.

    `units` counts what is no token: (`seconds` | `characters` | `searches` | `image:<size>:<quality>` | `tool:<kind>`, how many).
    `cost_micros` is what the vendor says it charges us, in µ$, where it says that.
    """

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    audio_input: int = 0
    image_input: int = 0
    output: int = 0
    reasoning: int = 0
    audio_output: int = 0
    image_output: int = 0
    source: str = "upstream"
    units: tuple[tuple[str, int], ...] = ()
    cost_micros: int | None = None

    @property
    def total_input(self) -> int:
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h + self.audio_input + self.image_input

    @property
    def total_output(self) -> int:
        return self.output + self.reasoning + self.audio_output + self.image_output


@dataclass(frozen=True, slots=True)
class ChannelKey:
    """One credential of a channel's pool."""

    id: int
    secret: Secret
    weight: int = 1


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """An enabled channel as the relay knows it: immutable, loaded once per change.

    `models` maps the public model name to the name upstream. `costs` maps the public model name to prices in µ$ per
    million tokens by bucket (`input`, `output`, `cache_read`, …; `per_call` in µ$), per million units by name or pattern,
    and `input>200000` for a price above so many tokens of context. `tenant_id` is the owner. `memo` holds what follows from
    all this and would be found anew in every call (see `bridge`): it goes when the facts go.
    """

    id: int
    name: str
    tenant_id: int
    provider: str
    base_url: str
    keys: tuple[ChannelKey, ...]
    models: Mapping[str, str]
    groups: frozenset[str] = frozenset({"default"})
    priority: int = 0
    weight: int = 1
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    costs: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    allow_private: bool = False
    rules: Rules = NO_RULES
    memo: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def upstream(self, model: str) -> str:
        """Return the name by which upstream knows a public model."""
        return model_map.upstream(self.models, model) or model


@value
class Call:
    """What the client asked for. `fields` is the parsed body (not to be changed), `body` its original bytes.

    `operation` is `chat` for a chat completion in any dialect, else one of `faces.OPERATIONS`; `dialect` names the protocol of
    `fields` and `body`; `model` is the public name, even where the client wrote an alias. `headers` belong to the client's
    protocol and travel on to a vendor that speaks it; `form` is what the address said (`sse` or `array` for a Gemini stream).
    A multipart body is `upload`: `fields` are its fields, `body` is empty. `binary` is the content type of a streamed answer that
    is no event stream: nothing may be added to it.
    `end_user` is what a vendor is told of who asks, where its channel wants that (`end_users`).
    `measures` is what the relay has measured beforehand (`seconds` of sound, `bytes` of it).
    """

    operation: str
    dialect: str
    model: str
    body: bytes
    fields: Mapping[str, Any]
    is_stream: bool = False
    wants_usage: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    form: str = ""
    upload: Form | None = None
    binary: str = ""
    end_user: str = ""
    measures: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    understand: Callable[[Call], Mapping[str, Any]] | None = None
    _chat: Mapping[str, Any] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def chat(self) -> Mapping[str, Any]:
        """Return the canonical fields (see above), computed once; for OpenAI's chat completions they are `fields`.

        Raise `faces.Unexpressible` where the client asks for what cannot be said canonically.
        """
        if self.understand is None:
            return self.fields
        if self._chat is None:
            object.__setattr__(self, "_chat", self.understand(self))
        return self._chat or {}


class Encoded(NamedTuple):
    """A request in a vendor's protocol, before the vendor's address and credential.

    `path` stands below the vendor's base; it may depend on everything and carry a query (`/models/m:generateContent?alt=sse`).
    """

    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    upload: FormBody | None = None

    @property
    def content_type(self) -> str:
        return JSON if self.upload is None else self.upload.content_type


@value
class UpstreamRequest:
    """One HTTP request to a vendor; with a `ws:` or `wss:` address a WebSocket whose first message is `body`.

    `upload` is a form in place of the body, in pieces. `ends` tells the last message of a WebSocket that upstream leaves open.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    upload: FormBody | None = None
    ends: Callable[[bytes], bool] | None = None


@value
class UpstreamHead:
    """Status line and headers of a vendor's answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def retry_after_seconds(self, now: float) -> float | None:
        """Return the delay the vendor asks for, from `retry-after-ms` or `retry-after` (seconds or a date); `now` is unix seconds."""
        milliseconds, text = self.headers.get("retry-after-ms", ""), self.headers.get("retry-after", "")
        try:
            if milliseconds:
                return max(0.0, float(milliseconds) / 1000)
            if text.strip().replace(".", "", 1).isdigit():
                return float(text)
            return max(0.0, parsedate_to_datetime(text).timestamp() - now) if text else None
        except ValueError:
            return None


class UpstreamAnswer(NamedTuple):
    """A complete answer of a vendor's, as it came."""

    head: UpstreamHead
    body: bytes


class FrameKind(StrEnum):
    COMMENT = "comment"  # a heartbeat or an upstream's comment: does not count as content
    ROLE = "role"  # framing without content: may be held back until content comes
    CONTENT = "content"  # the first of these ends the chance of a failover
    FINISH = "finish"  # a finish reason
    USAGE = "usage"  # the usage frame; `data` is empty when the client did not ask for it
    DONE = "done"  # the protocol's own end mark
    ERROR = "error"  # the vendor's error inside the stream; `failure` says why


@value
class Frame:
    """One normalised event of a stream: the bytes for the client and what they mean.

    `delivered` counts the UTF-8 bytes of text, reasoning and tool arguments: the base of an estimate without usage. `events` is how
    many events `data` holds, where somebody has counted them.
    """

    kind: FrameKind
    data: bytes = b""
    delivered: int = 0
    usage: Usage | None = None
    failure: Failure | None = None
    events: int = field(default=0, compare=False)


@value
class Answer:
    """A complete, non-streamed answer in the client's dialect. Exactly one of `body` and `failure` is meaningful."""

    body: bytes = b""
    content_type: str = JSON
    usage: Usage | None = None
    delivered: int = 0
    is_empty: bool = False
    failure: Failure | None = None


class StreamReader(Protocol):
    """Turns a vendor's stream into frames of the client's dialect; made anew for each attempt.

    Call `end` after a lost connection too: where all was said before the cut it ends in DONE. CONTENT delivers something, even with
    a finish reason in it; FINISH, USAGE and DONE come together at the end. An ERROR frame is the last: its `data` closes the stream.
    """

    def feed(self, chunk: bytes) -> Sequence[Frame]:
        """Take bytes as they arrive; return the frames they complete."""

    def end(self) -> Sequence[Frame]:
        """Say that upstream closed the connection; return what is left, ending in DONE or in an ERROR frame (cut)."""
