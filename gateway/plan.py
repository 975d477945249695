"""What the engine of one call may ask: who answers next, and how to speak with them. No I/O."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from channels_app import bridge
from channels_app.contract import Answer, Call, Failure, Secret, StreamReader, UpstreamAnswer, UpstreamHead, UpstreamRequest
from gateway import pseudonyms
from gateway.journey import Journey
from gateway.relay import Outcome
from gateway.routing import Attempt, Failed

_NO_PICTURES: Mapping[str, str] = MappingProxyType({})


class CallPlan:
    """A call of a membership (`member`) and its way through the channels; `created` is unix seconds, `hops` as in `bridge.request`."""

    __slots__ = ("_created", "_hops", "_member", "_request_id", "call", "journey")

    def __init__(self, call: Call, journey: Journey, request_id: uuid.UUID, member: int, created: int, hops: str = "") -> None:
        self.call = call
        self.journey = journey
        self._request_id = request_id
        self._created = created
        self._hops = hops
        self._member = member

    def choose(self, failed: Sequence[Failed]) -> Attempt | None:
        """Return the next try; where it is a stand-in's, the call asks for that model from now on."""
        attempt = self.journey.next(failed)
        if attempt is not None and attempt.model != self.call.model:
            self.call = replace(self.call, model=attempt.model)
        return attempt

    def picture_urls(self, attempt: Attempt) -> list[str]:
        """Return the addresses of pictures to fetch for the vendor; raise Unexpressible."""
        return bridge.picture_urls(self.call, attempt.channel)

    def request(
        self, attempt: Attempt, *, now: float = 0.0, token: Secret | None = None, pictures: Mapping[str, str] = _NO_PICTURES
    ) -> UpstreamRequest:
        """Return what is sent to the vendor; raise Unexpressible. For `now`, `token` and `pictures` see `bridge.request`."""
        channel, key, without = attempt.channel, attempt.key, self.journey.refused(attempt)
        call = pseudonyms.under(self.call, channel, member=self._member) if channel.options else self.call
        return bridge.request(call, channel, key, now=now, token=token, pictures=pictures, without=without, hops=self._hops)

    def follow(
        self, attempt: Attempt, body: bytes, *, ticket: bytes, asked: int, now: float, token: Secret | None
    ) -> tuple[UpstreamRequest, float] | None:
        """Return what asks for the answer which this does not hold yet, and the pause before it; or None. See `bridge.follow`."""
        return bridge.follow(self.call, attempt.channel, attempt.key, body, ticket=ticket, asked=asked, now=now, token=token)

    def classify(self, attempt: Attempt, head: UpstreamHead, body: bytes) -> Failure:
        """Say what an error answer means, and how long the vendor wants to be left alone."""
        failure = bridge.classify(self.call, attempt.channel, head.status, body)
        if failure.retry_after_seconds is not None or ("retry-after" not in head.headers and "retry-after-ms" not in head.headers):
            return failure
        return replace(failure, retry_after_seconds=head.retry_after_seconds(time.time()))

    def read(self, attempt: Attempt, head: UpstreamHead, body: bytes) -> Answer:
        """Read a complete answer."""
        raw = UpstreamAnswer(head, body)
        answer = bridge.read(self.call, attempt.channel, raw, request_id=self._request_id.hex, created=self._created)
        if answer.failure is None and not answer.is_empty:
            self.journey.answered(delivered=answer.delivered)
        return answer

    def reader(self, attempt: Attempt, head: UpstreamHead) -> StreamReader:
        """Return a reader for one stream."""
        return bridge.reader(self.call, attempt.channel, head, request_id=self._request_id.hex, created=self._created)

    def mend(self, attempt: Attempt, failure: Failure) -> bool:
        """Tell whether the same channel is to be asked once more, the call changed to what its vendor asked for."""
        mended = bridge.mend(self.call, attempt.channel, failure)
        if mended is None:
            return self.journey.learn(attempt, bridge.dispensable(self.call, attempt.channel, failure))
        self.call = mended
        return True

    def finish(self, outcome: Outcome | None) -> None:
        """Let go of the channel and note how the call ended; None where it was broken off on our side. Harmless twice."""
        if outcome is None:
            self.journey.finish()
        elif outcome.attempt is None:
            self.journey.finish(failed=outcome.failed)
        elif outcome.failure is not None:
            self.journey.finish(broke=Failed(outcome.attempt, outcome.failure))
        else:
            if not outcome.is_empty:
                self.journey.answered()
            self.journey.finish(usage=outcome.usage)
