"""Read an event stream whose events are JSON objects of a vendor's own shape, one reader a stream. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from channels_app.contract import Failure, FailureKind
from channels_app.deltas import Broken, Comment, Delta, Done
from channels_app.event_reader import CUT, EventStreamReader


class PayloadReader(EventStreamReader[Delta]):
    """Derive `payload`: the deltas of one event, the last of all Done or Broken; and `whole`: those of a JSON body in place of a stream."""

    def payload(self, payload: Mapping[str, Any], name: str) -> Iterator[Delta]:
        """Yield what one event says; `name` is the event's."""
        raise NotImplementedError

    def whole(self, body: bytes) -> Sequence[Delta]:
        """Return what a JSON body says: mostly an error."""
        raise NotImplementedError

    def on_event(self, name: str, payload: Any, data: bytes) -> Sequence[Delta]:
        found = list(self.payload(payload, name)) if isinstance(payload, dict) else []
        self.is_over = bool(found) and isinstance(found[-1], Done | Broken)
        return found

    def on_comment(self, text: bytes) -> Sequence[Delta]:
        return (Comment(text),)

    def on_body(self, body: bytes) -> Sequence[Delta]:
        return self.whole(body)

    def on_end(self) -> Sequence[Delta]:
        return self.on_failure(Failure(FailureKind.UPSTREAM, CUT))

    def on_failure(self, failure: Failure) -> Sequence[Delta]:
        return (Broken(failure),)
