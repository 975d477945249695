"""The upstream of `make compat`: text, tool calls and vectors as asked, and every defect and error under a model name of its own."""

from __future__ import annotations

import base64
import struct
from typing import Any

import orjson

from tests.doubles import defects, replies, speech
from tests.doubles.replies import Act, Reply
from tests.doubles.upstream import Received, Upstream

INPUT_MICROS, OUTPUT_MICROS = 2_500_000, 10_000_000  # what its tokens are sold at, per million
VECTOR = (0.25, -0.5, 1.0)
TOOL_CALL = {"id": "call_up", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}
# Streams in Anthropic's protocol that were seen to break its official clients, and the tokens of the answer in them, if there is one.
_BEGUN = speech.anthropic_message(content=[], stop_reason=None, usage={"input_tokens": 12, "output_tokens": 1})
_START, _OPEN, _SAY, _SHUT, _END, _STOP = (
    {"type": "message_start", "message": _BEGUN},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello world"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 4}},
    {"type": "message_stop"},
)  # fmt: skip
_WHOLE = speech.named(_START, _OPEN, _SAY, _SHUT, _END, _STOP)
_NO_USAGE = {"type": "message_start", "message": {**_BEGUN, "usage": None}}
_FRAMES = b"".join(replies.event(one) for one in (_START, _OPEN, _SAY, _SHUT, _END, _STOP))
_ERROR = {"message": "all is broken", "type": "api_error"}
ANTHROPIC: dict[str, tuple[bytes, int | None]] = {
    "nothing": (_WHOLE, 4),
    "comments": (b": open\n\n" + _WHOLE.replace(b"event: message_delta", b": keep-alive\n\nevent: message_delta"), 4),
    "end mark of another protocol": (_WHOLE + replies.DONE, 4),
    "no message_stop": (speech.named(_START, _OPEN, _SAY, _SHUT, _END), 4),
    "frames without names": (_FRAMES, 4),
    "no message_start": (speech.named(_OPEN, _SAY, _SHUT, _END, _STOP), 4),
    "no content_block_start": (speech.named(_START, _SAY, _SHUT, _END, _STOP), 4),
    "message_delta without usage": (speech.named(_START, _OPEN, _SAY, _SHUT, {**_END, "usage": None}, _STOP), 1),
    "message_start without usage": (speech.named(_NO_USAGE, _OPEN, _SAY, _SHUT, _END, _STOP), 4),
    "error in OpenAI's shape": (speech.named(_START, _OPEN, _SAY) + replies.event({"error": _ERROR}), None),
    "error event": (speech.named(_START, _OPEN, _SAY, {"type": "error", "error": {**_ERROR, "type": "overloaded_error"}}), None),
    "cut": (speech.named(_START, _OPEN, _SAY), None),
}
ERRORS: dict[str, Reply] = {
    "upstream-500": replies.error(500, "server_error", "broken", kind="server_error"),
    "upstream-429": replies.error(429, "rate_limit_exceeded", "slow down", kind="rate_limit_error"),
}


def streams() -> dict[str, Reply]:
    """Return the answers of the defective models: `defect-<n>`, `failure-<n>`, `claude-<n>`, and those of ERRORS."""
    bodies = {f"defect-{n}": one.body for n, one in enumerate(defects.STREAMS.values())}
    bodies |= {f"failure-{n}": body for n, (body, _) in enumerate(defects.FAILURES.values())}
    bodies |= {f"claude-{n}": body for n, (body, _) in enumerate(ANTHROPIC.values())}
    spoiled = {name: Reply((body,), content_type=replies.SSE) for name, body in bodies.items()}
    cut = Reply((replies.words()[0], replies.words()[1], Act.CUT), content_type=replies.SSE, is_chunked=True)
    return {**spoiled, **ERRORS, "cut-socket": cut}


class CompatUpstream(Upstream):
    """The scripted upstream that also calls tools and makes vectors."""

    def __init__(self) -> None:
        super().__init__()
        for model, reply in streams().items():
            self.on_model(model, reply)

    def reply_to(self, request: Received) -> Reply:
        """Answer vectors where they are asked for, a tool call where tools stand, else as any upstream."""
        fields: dict[str, Any] = request.fields if request.body.startswith(b"{") else {}
        if is_probe(request):
            return _alive(request, is_stream=bool(fields.get("stream")))
        if request.path.endswith("/embeddings"):
            return replies.answer(_vectors(fields))
        if fields.get("tools") and fields.get("messages", [{}])[-1].get("role") == "user" and _are_ours(fields["tools"]):
            return _tool_call(is_stream=bool(fields.get("stream")))
        return super().reply_to(request)


def is_probe(request: Received) -> bool:
    """Tell Keyosk's own question to a channel from a client's call."""
    return b'"Hi"' in request.body


def _alive(request: Received, *, is_stream: bool) -> Reply:
    """Answer a probe rightly, whatever is wrong with the model's answers: none must be put aside before its client comes."""
    if request.path.endswith("/messages"):
        return Reply((_WHOLE,), content_type=replies.SSE) if is_stream else replies.answer(speech.anthropic_message())
    return replies.stream() if is_stream else replies.answer()


def _are_ours(tools: list[dict[str, Any]]) -> bool:
    """Tell the scripts' one tool from those that command lines bring along and that nobody asks for here."""
    return any(tool.get("function", {}).get("name") == "get_weather" for tool in tools)


def _vectors(fields: dict[str, Any]) -> dict[str, Any]:
    raw = base64.b64encode(struct.pack(f"<{len(VECTOR)}f", *VECTOR)).decode()
    vector = raw if fields.get("encoding_format") == "base64" and fields["model"] != "floats-only" else VECTOR
    texts = fields["input"] if isinstance(fields["input"], list) else [fields["input"]]
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, _ in enumerate(texts)]
    return {"object": "list", "model": "up-1", "data": data, "usage": {"prompt_tokens": 8, "total_tokens": 8}}


def _tool_call(*, is_stream: bool) -> Reply:
    if not is_stream:
        whole = replies.completion("", finish="tool_calls")
        whole["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": None, "tool_calls": [TOOL_CALL]}
        return replies.answer(whole)
    function = {"name": "get_weather", "arguments": ""}
    first = replies.chunk({"role": "assistant", "content": None, "tool_calls": [{**TOOL_CALL, "index": 0, "function": function}]})
    rest = [replies.chunk({"tool_calls": [{"index": 0, "function": {"arguments": part}}]}) for part in ('{"city":', '"Paris"}')]
    payloads = [first, *rest, replies.chunk({}, "tool_calls"), replies.usage_chunk()]
    return Reply((b"".join(replies.event(orjson.dumps(one)) for one in payloads) + replies.DONE,), content_type=replies.SSE)
