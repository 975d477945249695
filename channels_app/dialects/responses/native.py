"""Pass Responses answers on to a client that speaks the same protocol: its own bytes, under the public model name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels_app import failures, lenient
from channels_app.contract import Answer, Call, Failure, FailureKind, Frame, FrameKind
from channels_app.deltas import Broken, delivered
from channels_app.dialects.responses import marks
from channels_app.dialects.responses import usage as usages
from channels_app.dialects.responses.events import of_response
from channels_app.dialects.responses.writer import ResponsesWriter
from channels_app.event_reader import CUT, EventStreamReader, decoded
from channels_app.faces import tell

_ENDS = frozenset({"response.completed", "response.incomplete"})
_FAILS = frozenset({"response.failed", "response.cancelled"})
_FRAMING = frozenset({"response.created", "response.queued", "response.in_progress"})


class NativeReader(EventStreamReader[Frame]):
    """Read one stream: events keep their bytes, the terminal one is the end mark, usage is read from it."""

    def __init__(self, call: Call, writer: ResponsesWriter) -> None:
        super().__init__()
        self._model = call.model
        self._mark = call.form
        self._writer = writer
        self._has_content = False

    def on_event(self, name: str, payload: Any, data: bytes) -> Sequence[Frame]:
        kind = str(payload.get("type") or name) if isinstance(payload, dict) else ""
        if not kind or kind == "error" or (not kind.startswith("response.") and payload.get("error")):
            return self.complain(payload if isinstance(payload, dict) and payload.get("error") else {"error": payload})
        response = payload.get("response")
        shown = _event(kind, lenient.dumps(_named(payload, response, self._model, self._mark)) if isinstance(response, dict) else data)
        if kind in _ENDS:
            self.is_over = True
            usage = usages.read(response) if isinstance(response, dict) else None
            told = (Frame(FrameKind.USAGE, usage=usage),) if usage is not None else ()
            return (*told, Frame(FrameKind.DONE, shown))
        if kind in _FAILS:
            self.is_over = True
            return (_failed(response if isinstance(response, dict) else {}),)
        if kind in _FRAMING:
            return (Frame(FrameKind.ROLE, shown),)
        return (self._content(payload, shown),)

    def on_comment(self, text: bytes) -> Sequence[Frame]:
        return (Frame(FrameKind.COMMENT, b": " + text + b"\n\n"),)

    def on_body(self, body: bytes) -> Sequence[Frame]:
        """Tell a whole response as a stream, or its error."""
        return tell(of_response(decoded(body), body), self._writer)

    def on_end(self) -> Sequence[Frame]:
        return self.fail(Failure(FailureKind.UPSTREAM, CUT))

    def on_failure(self, failure: Failure) -> Sequence[Frame]:
        return (Frame(FrameKind.ERROR, failure=failure),)

    def _content(self, payload: Mapping[str, Any], shown: bytes) -> Frame:
        """Return an item's event; what only frames is held back until there is content, and flows after it."""
        delta = payload.get("delta")
        said = len(delta.encode("utf-8", "surrogatepass")) if isinstance(delta, str) else 0
        self._has_content = self._has_content or said > 0 or str(payload.get("type")).endswith(".done")
        return Frame(FrameKind.CONTENT if self._has_content else FrameKind.ROLE, shown, said)


def _failed(response: Mapping[str, Any]) -> Frame:
    broken = next(delta for delta in of_response({**response, "output": [], "status": "failed"}, b"") if isinstance(delta, Broken))
    return Frame(FrameKind.ERROR, usage=usages.read(response), failure=broken.failure)


def _named(payload: Mapping[str, Any], response: Mapping[str, Any], model: str, mark: str) -> Mapping[str, Any]:
    shown = marks.marked(response, mark)
    return {**payload, "response": {**shown, "model": model} if "model" in shown else shown}


def _event(name: str, data: bytes) -> bytes:
    if b"\n" in data:
        data = lenient.dumps(lenient.loads(data))
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def answer(body: bytes, *, model: str, mark: str = "") -> Answer:
    """Return a complete response with its model shown as `model` and its id marked."""
    payload = decoded(body)
    deltas = of_response(payload, body)
    broken = deltas[-1]
    if isinstance(broken, Broken) or not isinstance(payload, dict):
        failure = broken.failure if isinstance(broken, Broken) else failures.classify(200, body)
        return Answer(failure=failure)
    return Answer(
        body=lenient.dumps({**marks.marked(payload, mark), "model": model}),
        usage=usages.read(payload),
        delivered=sum(map(delivered, deltas)),
        is_empty=not payload["output"] and payload.get("status") != "incomplete",
    )
