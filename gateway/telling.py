"""What the relay itself says in a streamed answer: the receipt, an error, the end mark. Answers of bytes can be told nothing.

CutOff    an answer of bytes broke off: only a broken connection can tell
"""

from __future__ import annotations

import uuid

from channels_app.contract import Call
from channels_app.faces import CHAT
from gateway import errors
from gateway.errors import RelayError
from gateway.relay import Outcome


class CutOff(Exception):
    """An answer of bytes broke off."""


class Telling:
    """The relay's own words in the stream of one call."""

    __slots__ = ("_call", "_request_id")

    def __init__(self, call: Call, request_id: uuid.UUID) -> None:
        self._call = call
        self._request_id = request_id

    def receipt(self, price: int) -> bytes:
        """Return the comment that tells the price in µ$."""
        return b"" if self._call.binary else b": cost_micros=%d request=%s\n\n" % (price, str(self._request_id).encode())

    def error(self, error: RelayError) -> bytes:
        """Return the frames that tell an error and end the stream; raise CutOff."""
        if self._call.binary:
            raise CutOff(error.message)
        return error.frames()

    def end(self, outcome: Outcome, price: int) -> bytes:
        """Return the last bytes of a settled stream; raise CutOff where it broke off and cannot say so."""
        said = outcome.tail + self.receipt(price)
        if outcome.failure is not None:
            return said + self.error(errors.from_failure(outcome.failure, attempts=len(outcome.failed) + 1))
        return said + (outcome.end_mark or (errors.DONE if self._call.operation == CHAT else b""))
