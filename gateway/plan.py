"""What the engine of one call may ask: who answers next, and how to speak with them. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from channels_app import bridge
from channels_app.contract import Answer, Call, ChannelFacts, Failure, Secret, StreamReader, UpstreamAnswer, UpstreamHead, UpstreamRequest
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

    def request(self, attempt: Attempt, *, now: float = 0.0, token: Secret | None = None) -> UpstreamRequest:
        """Return what is sent to the vendor; raise Unexpressible. For `now` and `token` see `bridge.request`."""
        return bridge.request(self.call, attempt.channel, attempt.key, now=now, token=token)

    def classify(self, attempt: Attempt, status: int, body: bytes) -> Failure:
        """Say what an error answer means."""
        return bridge.classify(self.call, attempt.channel, status, body)

    def read(self, attempt: Attempt, head: UpstreamHead, body: bytes) -> Answer:
        """Read a complete answer."""
        return bridge.read(self.call, attempt.channel, UpstreamAnswer(head, body), request_id=self._request_id.hex, created=self._created)

    def reader(self, attempt: Attempt, head: UpstreamHead) -> StreamReader:
        """Return a reader for one stream."""
        return bridge.reader(self.call, attempt.channel, head, request_id=self._request_id.hex, created=self._created)
