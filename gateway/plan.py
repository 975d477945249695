"""What the engine of one call may ask: who answers next, and how to speak with them. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from channels_app import registry
from channels_app.contract import Answer, Call, ChannelFacts, Dialect, Failure, Provider, StreamReader, UpstreamHead, UpstreamRequest
from gateway import routing
from gateway.routing import Attempt, Failed


class CallPlan:
    """One call and its candidates. `draw` returns a number in [0, 1); `created` is unix seconds."""

    __slots__ = ("_candidates", "_created", "_draw", "_request_id", "call")

    def __init__(
        self, *, call: Call, candidates: Sequence[ChannelFacts], draw: Callable[[], float], request_id: uuid.UUID, created: int
    ) -> None:
        self.call = call
        self._candidates = candidates
        self._draw = draw
        self._request_id = request_id
        self._created = created

    def choose(self, failed: Sequence[Failed]) -> Attempt | None:
        """Return the next try."""
        return routing.choose(self._candidates, failed=failed, draw=self._draw)

    def request(self, attempt: Attempt) -> UpstreamRequest:
        """Return what is sent to the vendor."""
        provider, dialect = _speaker(attempt)
        path, body = dialect.encode(self.call, attempt.channel)
        accept = "text/event-stream" if self.call.is_stream else "application/json"
        return UpstreamRequest(
            method="POST",
            url=provider.address(attempt.channel, path),
            headers=(("content-type", "application/json"), ("accept", accept), *provider.authorize(attempt.channel, attempt.key)),
            body=body,
        )

    def classify(self, attempt: Attempt, status: int, body: bytes) -> Failure:
        """Say what an error answer means."""
        provider, dialect = _speaker(attempt)
        return provider.classify(dialect.classify(status, body), body)

    def read(self, attempt: Attempt, head: UpstreamHead, body: bytes) -> Answer:
        """Read a complete answer."""
        return _speaker(attempt)[1].read(self.call, head, body)

    def reader(self, attempt: Attempt) -> StreamReader:
        """Return a reader for one stream."""
        identifier = f"chatcmpl-{self._request_id.hex}"
        return _speaker(attempt)[1].reader(self.call, request_id=identifier, created=self._created)


def _speaker(attempt: Attempt) -> tuple[Provider, Dialect]:
    provider = registry.provider(attempt.channel.provider)
    return provider, registry.dialect(provider.dialect)
