"""What the relay itself says in a streamed answer: the receipt, an error, the end mark. Answers of bytes can be told nothing.

CutOff    an answer of bytes broke off: only a broken connection can tell
"""

from __future__ import annotations

from channels_app import registry
from channels_app.contract import Call
from gateway import errors
from gateway.errors import RelayError
from gateway.relay import Outcome


class CutOff(Exception):
    """An answer of bytes broke off."""


class Telling:
    """The relay's own words in the stream of one call."""

    __slots__ = ("_call", "_client", "_request_id", "has_begun")

    def __init__(self, call: Call, request_id: str) -> None:
        self._call = call
        self._client = registry.client(call.dialect)
        self._request_id = request_id
        self.has_begun = False  # whether more than heartbeats went to the client

    def receipt(self, price: int) -> bytes:
        """Return the comment that tells the price in µ$."""
        if self._call.binary or not self._client.has_comments(self._call):
            return b""
        return b": cost_micros=%d request=%s\n\n" % (price, self._request_id.encode())

    def error(self, error: RelayError) -> bytes:
        """Return the frames that tell an error and end the stream; raise CutOff."""
        if self._call.binary:
            raise CutOff(error.message)
        problem = error.problem(self._request_id)
        return self._client.problem_frames(problem, form=self._call.form, has_begun=self.has_begun)

    def end(self, outcome: Outcome, price: int) -> bytes:
        """Return the last bytes of a settled stream; raise CutOff where it broke off and cannot say so."""
        mark = outcome.end_mark
        if outcome.failure is not None:
            self.has_begun = self.has_begun or bool(outcome.tail)
            mark = self.error(errors.from_failure(outcome.failure, attempts=len(outcome.failed) + 1))
        return b"".join((outcome.tail, self.receipt(price), mark))
