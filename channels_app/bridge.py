"""Join a client's protocol to a vendor's: one call through one channel, both ways. The relay and the health checks ask through this.

Where both speak the same protocol the vendor's side keeps the original bytes; otherwise deltas are written anew. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from channels_app import channel_settings, end_users, inlining, registry
from channels_app.contract import (
    Answer,
    Call,
    ChannelFacts,
    ChannelKey,
    Encoded,
    Failure,
    FailureKind,
    Frame,
    Secret,
    StreamReader,
    UpstreamAnswer,
    UpstreamHead,
    UpstreamRequest,
)
from channels_app.deltas import Broken, Consumed, Delta, delivered, is_content
from channels_app.faces import CHAT, EventReader, FrameWriter, Unexpressible, Vendor, tell
from channels_app.provider import Provider, Unframer
from channels_app.repetition import Watch

# The header by which relays tell each other where a call has been.
HOPS = "x-keyosk-hops"
# What may be left out when a vendor refuses it: what we ask of streams, and how a converted call is to be sampled.
_USAGE_SWITCH = "stream_options"
_SAMPLING = ("temperature", "top_p", "top_k")
_REFUSED_SAMPLING = re.compile(rb"(temperature|top_p|top_k)\b.{0,80}(not permitted|not supported|unsupported|deprecated|cannot)", re.DOTALL)
_NO_PICTURES: Mapping[str, str] = MappingProxyType({})
# Answers that a channel's memo holds at most: clients can ask for any model, and say any hops.
_REMEMBERED = 256
_Envelope = tuple[str, tuple[tuple[str, str], ...]]
_EVENTS, _JSON = "text/event-stream", "application/json"


def request(
    call: Call,
    channel: ChannelFacts,
    key: ChannelKey,
    *,
    now: float = 0.0,
    token: Secret | None = None,
    pictures: Mapping[str, str] = _NO_PICTURES,
    without: Collection[str] = (),
    hops: str = "",
) -> UpstreamRequest:
    """Return what is sent to the vendor; raise Unexpressible.

    `token` is what the credential was exchanged for where the vendor wants that, `now` (unix seconds) the time of the
    signature where it wants one, `pictures` data URLs for those of `picture_urls`, `without` fields that were refused before,
    `hops` the relays gone through, ours last, commas between.
    """
    if without:
        channel = channel_settings.leaving_out(channel, without)
    provider, vendor = speaker(call, channel)
    if pictures:
        chat = inlining.inlined(call.chat, pictures)
        call = replace(call, understand=lambda _: chat)
    if channel.options:
        call = channel_settings.prefixed(call, channel, vendor.name)
    encoded = provider.adapt(vendor.encode(call, channel), call, channel)
    if channel.options:
        encoded = channel_settings.fitted(end_users.told(encoded, call, provider.end_user(channel)), channel)
    accept = _EVENTS if call.is_stream and not call.binary else _JSON if call.operation == CHAT else "*/*"
    find = _known_envelope if token is None and encoded.upload is None else _envelope
    url, headers = find(provider, channel, key if token is None else replace(key, secret=token), encoded, accept, hops)
    made = UpstreamRequest("POST", url, headers, encoded.body, encoded.upload)
    return provider.sign(made, channel, key, now) if provider.signs else made


def _envelope(provider: Provider, channel: ChannelFacts, key: ChannelKey, encoded: Encoded, accept: str, hops: str) -> _Envelope:
    """Return address and headers of a request."""
    headers = (("content-type", encoded.content_type), ("accept", accept), *encoded.headers, *provider.authorize(channel, key))
    if hops and provider.may_lead_back(channel):
        headers = (*headers, (HOPS, hops))
    return provider.address(channel, encoded.path), channel_settings.with_headers(headers, channel)


def _known_envelope(provider: Provider, channel: ChannelFacts, key: ChannelKey, encoded: Encoded, accept: str, hops: str) -> _Envelope:
    """Return the same objects for all calls alike: then the transport need not write their heads anew either."""
    question = (key.id, encoded.path, encoded.headers, accept, hops)
    found: tuple[ChannelKey, _Envelope] | None = channel.memo.get(question)
    if found is None or found[0] is not key:
        found = key, _envelope(provider, channel, key, encoded, accept, hops)
        _remember(channel, question, found)
    return found[1]


def _remember(channel: ChannelFacts, question: Hashable, answer: object) -> None:
    if len(channel.memo) >= _REMEMBERED:
        channel.memo.clear()
    channel.memo[question] = answer


def picture_urls(call: Call, channel: ChannelFacts) -> list[str]:
    """Return the addresses of pictures whose bytes the vendor needs; raise Unexpressible."""
    provider, vendor = speaker(call, channel)
    wants_bytes = vendor.wants_bytes or provider.wants_bytes
    return inlining.urls_of(call.chat) if wants_bytes and call.operation == CHAT and vendor.name != call.dialect else []


def speaker(call: Call, channel: ChannelFacts) -> tuple[Provider, Vendor]:
    """Return the channel's vendor and the protocol it is asked in; raise Unexpressible where it has none for the operation."""
    question = (call.operation, call.dialect, call.model)
    found: tuple[Provider, Vendor] | None = channel.memo.get(question)
    if found is None:
        found = _speaker(call, channel)
        _remember(channel, question, found)
    return found


def _speaker(call: Call, channel: ChannelFacts) -> tuple[Provider, Vendor]:
    provider = registry.provider(channel.provider)
    vendor = registry.vendor(provider.dialect_of(call, channel))
    allowed = vendor.operations if provider.operations is None else provider.operations
    if call.operation not in allowed:
        raise Unexpressible(f"The channel for the model {call.model[:100]} does not offer this operation.", field="model")
    return provider, vendor


def counts(call: Call, channel: ChannelFacts) -> bool:
    """Tell whether the channel's vendor counts the tokens of a call in the very protocol of the client."""
    try:
        return speaker(call, channel)[1].name == call.dialect
    except Unexpressible:
        return False


def classify(call: Call, channel: ChannelFacts, status: int, body: bytes) -> Failure:
    """Say what an error answer means."""
    provider, vendor = speaker(call, channel)
    failure = provider.classify(vendor.classify(status, body), body)
    if failure.kind is not FailureKind.BAD_REQUEST:
        return failure
    if call.is_stream and _USAGE_SWITCH.encode() in body:
        return replace(failure, param=_USAGE_SWITCH)
    if vendor.name == "anthropic" != call.dialect and _REFUSED_SAMPLING.search(body):
        return replace(failure, param=_SAMPLING[0])
    return failure


def dispensable(call: Call, channel: ChannelFacts, failure: Failure) -> frozenset[str]:
    """Return the fields that a refused call (`classify`) can do without, where the channel does not leave them out already."""
    names = {_USAGE_SWITCH: (_USAGE_SWITCH,), _SAMPLING[0]: _SAMPLING}.get(failure.param or "", ())
    return frozenset(names) - channel_settings.stripped(channel) if failure.kind is FailureKind.BAD_REQUEST else frozenset()


def follow(
    call: Call,
    channel: ChannelFacts,
    key: ChannelKey,
    body: bytes,
    *,
    ticket: bytes,
    asked: int,
    now: float = 0.0,
    token: Secret | None = None,
) -> tuple[UpstreamRequest, float] | None:
    """Return the request that asks for an answer which `body` does not hold yet, and the pause before it; or None.

    `ticket` is the first answer to the call. Send the request after the pause: its signature is of then, `now` is before it.
    """
    provider = registry.provider(channel.provider)
    errand = provider.follow(call, body, ticket=ticket, asked=asked)
    if errand is None:
        return None
    shown = key if token is None else replace(key, secret=token)
    form = (("content-type", _JSON),) if errand.body else ()
    headers = (*form, ("accept", _JSON), *errand.headers, *provider.authorize(channel, shown))
    made = UpstreamRequest("POST" if errand.body else "GET", provider.address(channel, errand.path), headers, errand.body)
    signed = provider.sign(made, channel, key, now + errand.pause_seconds) if provider.signs else made
    return signed, errand.pause_seconds


def mend(call: Call, channel: ChannelFacts, failure: Failure) -> Call | None:
    """Return the call with which the same channel may be asked once more after a failure, or None."""
    return registry.provider(channel.provider).mend(call, failure) if failure.was_sent else None


def read(call: Call, channel: ChannelFacts, reply: UpstreamAnswer, *, request_id: str, created: int) -> Answer:
    """Read a complete answer with a 2xx status, and give it in the client's protocol."""
    provider, vendor = speaker(call, channel)
    head, body = reply
    unframer = provider.unframe(call, head)
    if unframer is not None:
        body = unframer.feed(body) + unframer.end()
    if call.operation != CHAT:
        answer = vendor.answer(call, head, body)
    elif vendor.name == call.dialect:
        answer = vendor.native_answer(_formed(call, vendor, channel), head, body)
    else:
        answer = _converted(call, vendor.deltas(call, head, body), request_id=request_id, created=created)
    if answer.failure is not None:
        return replace(answer, failure=provider.classify(answer.failure, body))
    if provider.tells_cost and answer.usage is not None and (told := provider.cost_told(head)) is not None:
        return replace(answer, usage=replace(answer.usage, cost_micros=told))
    return answer


def _converted(call: Call, deltas: Sequence[Delta], *, request_id: str, created: int) -> Answer:
    usage = None
    for delta in deltas:
        if isinstance(delta, Broken):
            return Answer(failure=delta.failure, usage=usage)
        if isinstance(delta, Consumed):
            usage = delta.usage
    said = [delta for delta in deltas if is_content(delta)]
    return Answer(
        body=registry.client(call.dialect).whole(call, deltas, request_id=request_id, created=created),
        usage=usage,
        delivered=sum(map(delivered, deltas)),
        is_empty=not said and (usage is None or not usage.total_output),
    )


def reader(call: Call, channel: ChannelFacts, head: UpstreamHead, *, request_id: str, created: int) -> StreamReader:
    """Return a reader for one streamed answer: frames in the client's protocol."""
    provider, vendor = speaker(call, channel)
    made: StreamReader
    if call.operation != CHAT:
        made = vendor.operation_reader(call, head)
    elif vendor.name == call.dialect:
        made = vendor.native_reader(_formed(call, vendor, channel), request_id=request_id, created=created)
    else:
        writer = registry.client(call.dialect).writer(call, request_id=request_id, created=created)
        made = Converter(vendor.events(call), writer)
    unframer = provider.unframe(call, head)
    if unframer is not None:
        made = _Unframing(made, unframer)
    most = channel_settings.repeats_of(channel) if call.operation == CHAT else 0
    if most:
        made = Watch(made, most=most)
    return _Judged(made, provider) if provider.corrects else made


def _formed(call: Call, vendor: Vendor, channel: ChannelFacts) -> Call:
    form = vendor.form_of(channel)
    return replace(call, form=form) if form else call


class Converter:
    """A vendor's events as frames of another protocol."""

    def __init__(self, events: EventReader, writer: FrameWriter) -> None:
        self._events = events
        self._writer = writer

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take bytes as they arrive; return the frames they complete."""
        return tell(self._events.feed(chunk), self._writer)

    def end(self) -> list[Frame]:
        """Say that upstream closed the connection; return what is left, ending in DONE or ERROR."""
        return tell(self._events.end(), self._writer)


class _Unframing:
    """A reader behind a vendor's packages."""

    def __init__(self, inner: StreamReader, unframer: Unframer) -> None:
        self._inner = inner
        self._unframer = unframer

    def feed(self, chunk: bytes) -> Sequence[Frame]:
        return self._inner.feed(self._unframer.feed(chunk))

    def end(self) -> Sequence[Frame]:
        rest = self._unframer.end()
        return [*(self._inner.feed(rest) if rest else ()), *self._inner.end()]


class _Judged:
    """A reader whose errors are read as the vendor means them."""

    def __init__(self, inner: StreamReader, provider: Provider) -> None:
        self._inner = inner
        self._provider = provider

    def feed(self, chunk: bytes) -> Sequence[Frame]:
        return self._judged(self._inner.feed(chunk))

    def end(self) -> Sequence[Frame]:
        return self._judged(self._inner.end())

    def _judged(self, frames: Sequence[Frame]) -> Sequence[Frame]:
        last = frames[-1] if frames else None
        if last is None or last.failure is None:
            return frames
        return [*frames[:-1], replace(last, failure=self._provider.classify(last.failure, b""))]
