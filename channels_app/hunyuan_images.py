"""Pictures by Tencent's Hunyuan: a job that is asked after, by a signed call of its own, until it is done. Pure.

Source: cloud.tencent.com/document/api/1729 (SubmitHunyuanImageJob, QueryHunyuanImageJob) and the official
tencentcloud-sdk-python. Addresses of pictures expire after an hour. There is one model: none is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from channels_app import codes, failures, lenient
from channels_app.contract import Answer, Call, Encoded, Failure, FailureKind, UpstreamHead
from channels_app.faces import Unexpressible
from channels_app.operations.base import whole_number
from channels_app.operations.table import OPERATIONS

OPERATION = "images"
ACTION = "x-tc-action"
_WAITING = frozenset({"1", "2"})
_MOST_LETTERS, _MOST_PICTURES = 1024, 4
_SAME = (("negative_prompt", "NegativePrompt"), ("style", "Style"), ("seed", "Seed"))
# Together some two minutes.
_PAUSES = (1.0, 2.0, 4.0)
_PAUSE = 5.0
_MOST_QUESTIONS = 25


def encode(call: Call) -> Encoded:
    """Write the request; raise Unexpressible for what the vendor has no words for."""
    fields = call.fields
    if call.is_stream:
        raise Unexpressible("This channel tells pictures whole.", field="stream")
    if fields.get("response_format") == "b64_json":
        raise Unexpressible("This channel tells where pictures are, not what they are.", field="response_format")
    if len(fields["prompt"]) > _MOST_LETTERS:
        raise Unexpressible(f"prompt may have {_MOST_LETTERS} letters on this channel.", field="prompt")
    number = whole_number(fields, "n", default=1, most=_MOST_PICTURES)
    asked: dict[str, Any] = {"Prompt": fields["prompt"], "Num": number}
    asked |= {theirs: fields[ours] for ours, theirs in _SAME if fields.get(ours) is not None}
    if fields.get("size") not in {None, "auto"}:
        asked["Resolution"] = str(fields["size"]).replace("x", ":")
    return Encoded("/", orjson.dumps(asked), headers=((ACTION, "SubmitHunyuanImageJob"),))


def errand(body: bytes, ticket: bytes, asked: int) -> tuple[Encoded, float] | None:
    """Return what asks after a job that is not done, and after how many seconds; None when it is, or long overdue.

    `ticket` is the first answer, which alone names the job; `body` the newest one.
    """
    job, state = response(ticket).get("JobId"), response(body)
    is_waiting = "JobId" in state or state.get("JobStatusCode") in _WAITING
    if not job or not is_waiting or asked >= _MOST_QUESTIONS:
        return None
    made = Encoded("/", orjson.dumps({"JobId": job}), headers=((ACTION, "QueryHunyuanImageJob"),))
    return made, _PAUSES[asked] if asked < len(_PAUSES) else _PAUSE


def answer(call: Call, head: UpstreamHead, body: bytes) -> Answer:
    """Read what came, and give it in OpenAI's form."""
    told = response(body)
    urls = [url for url in told.get("ResultImage") or () if url]
    if not urls:
        return Answer(failure=_failure(told, body))
    revised = [*(told.get("RevisedPrompt") or ()), *[""] * len(urls)]
    data = [{"url": url} | ({"revised_prompt": words} if words else {}) for url, words in zip(urls, revised, strict=False)]
    size = call.fields.get("size")
    made = {"created": 0, "data": data} | ({"size": size} if size else {})
    return OPERATIONS[OPERATION].read(call, head, orjson.dumps(made))


def _failure(state: Mapping[str, Any], body: bytes) -> Failure:
    if "JobId" in state or state.get("JobStatusCode") in _WAITING:
        return Failure(FailureKind.UPSTREAM, "the picture took too long", is_timeout=True)
    if state.get("JobErrorCode"):
        told = failures.Complaint(str(state.get("JobErrorMsg") or ""), code=str(state["JobErrorCode"]))
        return failures.of_complaint(told, codes.HUNYUAN)
    return failures.classify(200, body, codes.HUNYUAN)


def response(body: bytes) -> dict[str, Any]:
    """Return what stands in `Response`, or an empty object."""
    try:
        payload = lenient.loads(body)
    except ValueError:
        return {}
    found = payload.get("Response", payload) if isinstance(payload, dict) else {}
    return found if isinstance(found, dict) else {}
