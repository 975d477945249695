"""Alibaba's DashScope as it behaves: its own interface, the compatible mode, and pictures as tasks to ask for again.

Text repeats itself in every event unless `incremental_output` is set; events come only with `X-DashScope-SSE: enable`.
"""

from __future__ import annotations

import itertools
from typing import Any

import orjson

from tests.doubles import replies
from tests.doubles.china.vendor import Vendor, path_of
from tests.doubles.replies import Reply
from tests.doubles.upstream import Received

KEY = "sk-0123456789abcdef"
USAGE = {"input_tokens": 12, "output_tokens": 4, "total_tokens": 16}
STREAM_ONLY = ("qwq", "qvq")


def error(status: int, code: str, message: str) -> Reply:
    return replies.answer({"code": code, "message": message, "request_id": "r"}, status=status)


def event(place: int, payload: object, *, name: str = "result", status: int = 200) -> bytes:
    """Return an event as the vendor writes it: number, name, a comment with the status, no blank after `data:`."""
    return b"id:%d\nevent:%s\n:HTTP_STATUS/%d\ndata:%s\n\n" % (place, name.encode(), status, orjson.dumps(payload))


def output(content: Any, finish: str = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}]}


def stream(texts: tuple[str, ...] = replies.WORDS, *, is_cumulative: bool = False, with_parts: bool = False) -> Reply:
    """Tell texts in events with usage that grows; running events say the text `null`."""
    events = []
    for place, text in enumerate(texts, 1):
        shown: Any = "".join(texts[:place]) if is_cumulative else text
        usage = {"input_tokens": 12, "output_tokens": place, "total_tokens": 12 + place}
        said = output([{"text": shown}] if with_parts else shown, "stop" if place == len(texts) else "null")
        events.append(event(place, {"output": said, "usage": usage, "request_id": "r"}))
    return replies.raw_stream(*events)


def error_event(code: str, message: str, *, after: tuple[str, ...] = ()) -> Reply:
    """Answer an event stream that ends in an error; the vendor's own client is known to look for `event:error` alone."""
    events = [event(place, {"output": output(text, "null"), "usage": USAGE, "request_id": "r"}) for place, text in enumerate(after, 1)]
    return replies.raw_stream(*events, event(9, {"code": code, "message": message, "request_id": "r"}, name=" error", status=400))


class DashScope(Vendor):
    """`/api/v1/services/aigc/…`, `/api/v1/tasks/…` and `/compatible-mode/v1/…`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.tasks: dict[str, list[dict[str, Any]]] = {}
        self.next_task: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)

    def check(self, request: Received) -> Reply | None:
        path = path_of(request)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            if path.startswith("/compatible-mode"):
                return replies.error(401, "invalid_api_key", "Incorrect API key provided.")
            return error(401, "InvalidApiKey", "Invalid API-key provided.")
        if path.startswith("/compatible-mode"):
            return _check_compatible(request.fields)
        if path.endswith("/generation"):
            return _check_native(request)
        if path.endswith("/image-synthesis"):
            return _check_picture(request)
        return None

    def answer(self, request: Received) -> Reply:
        path = path_of(request)
        if path.startswith("/api/v1/tasks/"):
            return self._task(path.rpartition("/")[2])
        fields = request.fields
        if path.startswith("/compatible-mode"):
            asks = (fields.get("stream_options") or {}).get("include_usage")
            return replies.stream(usage=replies.USAGE if asks else None) if fields.get("stream") else replies.answer()
        if path.endswith("/image-synthesis"):
            return self._new_task()
        if path.endswith("/text-embedding"):
            vectors = [{"text_index": place, "embedding": [0.5, -0.5]} for place, _ in enumerate(fields["input"]["texts"])]
            return replies.answer({"output": {"embeddings": vectors}, "usage": {"total_tokens": 3}, "request_id": "r"})
        with_parts = "multimodal" in path
        if request.headers.get("x-dashscope-sse") == "enable":
            is_cumulative = not fields["parameters"].get("incremental_output")
            return stream(is_cumulative=is_cumulative, with_parts=with_parts)
        text = "".join(replies.WORDS)
        return replies.answer({"output": output([{"text": text}] if with_parts else text), "usage": USAGE, "request_id": "r"})

    def _new_task(self) -> Reply:
        name = f"task-{next(self._numbers)}"
        done = {
            "task_status": "SUCCEEDED",
            "results": [{"url": f"{self.origin}/pictures/1.png"}],
            "task_metrics": {"TOTAL": 1, "SUCCEEDED": 1, "FAILED": 0},
        }
        self.tasks[name] = list(self.next_task) or [{"task_status": "RUNNING"}, done]
        return replies.answer({"output": {"task_id": name, "task_status": "PENDING"}, "request_id": "r"})

    def _task(self, name: str) -> Reply:
        states = self.tasks.get(name)
        if not states:
            return replies.answer({"output": {"task_id": name, "task_status": "UNKNOWN"}, "request_id": "r"})
        state = states.pop(0) if len(states) > 1 else states[0]
        return replies.answer({"output": {"task_id": name, **state}, "usage": {"image_count": 1}, "request_id": "r"})


def _check_native(request: Received) -> Reply | None:
    parameters = request.fields.get("parameters") or {}
    if parameters.get("result_format") != "message" and "multimodal" not in request.path:
        return error(400, "InvalidParameter", "this double tells messages alone")
    if not 0 <= parameters.get("temperature", 1) < 2 or not 0 < parameters.get("top_p", 0.5) <= 1:
        return error(400, "InvalidParameter", "temperature or top_p is out of range")
    is_list = all(isinstance(message["content"], list) for message in request.fields["input"]["messages"])
    if is_list != ("multimodal" in request.path):
        return error(400, "InvalidParameter", "url error, please check url")
    return None


def _check_compatible(fields: dict[str, Any]) -> Reply | None:
    if fields.get("enable_thinking") and not fields.get("stream"):
        return replies.error(400, "invalid_parameter_error", "parameter.enable_thinking must be set to false for non-streaming calls")
    if str(fields.get("model")).startswith(STREAM_ONLY) and not fields.get("stream"):
        return replies.error(400, "invalid_parameter_error", "This model only support stream mode")
    return None


def _check_picture(request: Received) -> Reply | None:
    if request.headers.get("x-dashscope-async") != "enable":
        return error(403, "AccessDenied", "current user api does not support synchronous calls.")
    if "x" in str((request.fields.get("parameters") or {}).get("size", "")):
        return error(400, "InvalidParameter", "size is written 1024*1024")
    return None
