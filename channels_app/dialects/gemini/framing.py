"""The two ways in which Gemini streams reach a client: events (`alt=sse`), or one JSON array that grows."""

from __future__ import annotations

from channels_app import lenient

ARRAY = "array"
# A sign of life: a blank line in events, white space in an array. Google's own SDK takes a comment for broken JSON.
BLANK = b"\r\n"


class Framing:
    """Puts chunks between the marks of one stream."""

    def __init__(self, form: str) -> None:
        self._is_array = form == ARRAY
        self._has_begun = False

    def chunk(self, payload: object) -> bytes:
        """Return one chunk in its frame."""
        data = lenient.dumps(payload)
        if not self._is_array:
            return b"data: " + data + b"\r\n\r\n"
        opening = b",\r\n" if self._has_begun else b"["
        self._has_begun = True
        return opening + data

    def end(self) -> bytes:
        """Return the end mark: events have none."""
        if not self._is_array:
            return b""
        return b"]" if self._has_begun else b"[]"


def error_frames(body: bytes, form: str, *, has_begun: bool) -> bytes:
    """Return an error as the end of a stream."""
    if form != ARRAY:
        return b"data: " + body + b"\n\n"
    return (b",\r\n" if has_begun else b"[") + body + b"]"
