"""Pictures by Alibaba's DashScope: a task that is asked for again until it is done (wanx), or an answer at once (qwen-image). Pure.

Source: help.aliyun.com/zh/model-studio (text-to-image API reference). Addresses of pictures expire after a day. What is billed
are the pictures that came: a task may fail for some of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from channels_app import codes, failures, lenient
from channels_app.contract import Answer, Call, Encoded, Failure, FailureKind, UpstreamHead
from channels_app.faces import Unexpressible
from channels_app.operations.table import OPERATIONS

OPERATION = "images"
_SYNTHESIS = "/services/aigc/text2image/image-synthesis"
_AT_ONCE = "/services/aigc/multimodal-generation/generation"
_WAITING = frozenset({"PENDING", "RUNNING", "SUSPENDED"})
_SAME = ("seed", "style", "prompt_extend", "watermark")
# The vendor's own client waits so; together some two minutes.
_PAUSES = (1.0, 2.0, 4.0)
_PAUSE = 5.0
_MOST_QUESTIONS = 25


def encode(call: Call, model: str) -> Encoded:
    """Write the request; raise Unexpressible for what the vendor has no words for."""
    fields = call.fields
    if call.is_stream:
        raise Unexpressible("This channel tells pictures whole.", field="stream")
    if fields.get("response_format") == "b64_json":
        raise Unexpressible("This channel tells where pictures are, not what they are.", field="response_format")
    parameters = {name: fields[name] for name in _SAME if fields.get(name) is not None}
    if fields.get("size") not in {None, "auto"}:
        parameters["size"] = str(fields["size"]).replace("x", "*")
    parameters["n"] = fields.get("n") or 1
    if model.startswith("qwen-image"):
        said = {"messages": [{"role": "user", "content": [{"text": fields["prompt"]}]}]}
        return Encoded(_AT_ONCE, orjson.dumps({"model": model, "input": said, "parameters": parameters}))
    asked = {name: fields[name] for name in ("prompt", "negative_prompt") if fields.get(name)}
    body = orjson.dumps({"model": model, "input": asked, "parameters": parameters})
    return Encoded(_SYNTHESIS, body, headers=(("x-dashscope-async", "enable"),))


def errand(body: bytes, asked: int) -> tuple[str, float] | None:
    """Return the path of a task that is not done, and after how many seconds to ask again; None when it is, or long overdue."""
    output = _output(body)
    if output.get("task_status") not in _WAITING or not output.get("task_id") or asked >= _MOST_QUESTIONS:
        return None
    return f"/tasks/{output['task_id']}", _PAUSES[asked] if asked < len(_PAUSES) else _PAUSE


def answer(call: Call, head: UpstreamHead, body: bytes) -> Answer:
    """Read what came, and give it in OpenAI's form."""
    output = _output(body)
    urls = [one["url"] for one in output.get("results") or () if one.get("url")]
    for choice in output.get("choices") or ():
        urls += [part["image"] for part in (choice.get("message") or {}).get("content") or () if part.get("image")]
    if not urls:
        return Answer(failure=_failure(output, body))
    size = call.fields.get("size")
    told = {"created": 0, "data": [{"url": url} for url in urls]} | ({"size": size} if size else {})
    return OPERATIONS[OPERATION].read(call, head, orjson.dumps(told))


def _failure(output: Mapping[str, Any], body: bytes) -> Failure:
    if output.get("task_status") in _WAITING:
        return Failure(FailureKind.UPSTREAM, "the picture took too long", is_timeout=True)
    told = next((one for one in output.get("results") or () if one.get("code")), output)
    if told.get("code"):
        complaint = failures.Complaint(str(told.get("message") or ""), code=str(told["code"]))
        return failures.of_complaint(complaint, codes.DASHSCOPE)
    return failures.classify(200, body, codes.DASHSCOPE)


def _output(body: bytes) -> dict[str, Any]:
    try:
        payload = lenient.loads(body)
    except ValueError:
        return {}
    output = payload.get("output") if isinstance(payload, dict) else None
    return output if isinstance(output, dict) else {}
