"""Tencent Cloud as it behaves: signatures made again from the bytes that came, a clock of five minutes, errors inside a 200.

Pictures are jobs to ask after.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

import orjson

from channels_app.signing import tencent
from tests.doubles import replies
from tests.doubles.china.vendor import Vendor, path_of
from tests.doubles.replies import Reply
from tests.doubles.upstream import Received

APP_ID, SECRET_ID, SECRET_KEY = "1250000000", "AKIDtestSecretId0123456789abcdefghij", "testSecretKey0123456789abcdefghi"
BEARER = "sk-hunyuan-0001"
SKEW_SECONDS = 300
USAGE = {"PromptTokens": 12, "CompletionTokens": 4, "TotalTokens": 16}
_SIGNED = re.compile(r"TC3-HMAC-SHA256 Credential=([^/]+)/([^/]+)/([^/]+)/tc3_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})")


def error(code: str, message: str = "no") -> Reply:
    return replies.answer({"Response": {"Error": {"Code": code, "Message": message}, "RequestId": "r"}})


def answer(message: dict[str, Any] | None = None, finish: str = "stop") -> Reply:
    said = message or {"Role": "assistant", "Content": "".join(replies.WORDS)}
    whole = {"Created": 1_700_000_001, "Usage": USAGE, "Note": "n", "Id": "i", "Choices": [{"FinishReason": finish, "Message": said}]}
    return replies.answer({"Response": {**whole, "RequestId": "r"}})


def frame(delta: dict[str, Any], finish: str = "", completion: int = 1) -> bytes:
    usage = {"PromptTokens": 12, "CompletionTokens": completion, "TotalTokens": 12 + completion}
    choice = {"Delta": delta, "FinishReason": finish}
    return b"data: " + orjson.dumps({"Note": "n", "Choices": [choice], "Created": 1_700_000_001, "Id": "i", "Usage": usage}) + b"\n\n"


def stream(texts: tuple[str, ...] = replies.WORDS, finish: str = "stop") -> Reply:
    """Tell texts in events that are not wrapped, with usage that grows."""
    frames = [
        frame({"Role": "assistant", "Content": text}, finish if place == len(texts) else "", place) for place, text in enumerate(texts, 1)
    ]
    # Without a charset: the vendor's own client takes nothing else for a stream.
    return replace(replies.raw_stream(*frames), content_type="text/event-stream")


def job(state: str, **members: Any) -> dict[str, Any]:
    """Return what is told of a picture's job: 1 waits, 2 runs, 4 has failed, 5 is done."""
    empty = {"JobErrorCode": "", "JobErrorMsg": "", "ResultImage": [], "ResultDetails": [], "RevisedPrompt": []}
    return {"JobStatusCode": state, "JobStatusMsg": "state", **empty, **members}


class Hunyuan(Vendor):
    """The root with actions, signed; and `/v1/…` like OpenAI."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.jobs: dict[str, list[dict[str, Any]]] = {}
        self.next_job: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)

    def check(self, request: Received) -> Reply | None:
        if path_of(request).startswith("/v1/"):
            is_known = request.headers.get("authorization") == f"Bearer {BEARER}"
            return None if is_known else replies.error(401, "invalid_api_key", "Incorrect API key provided")
        checked = {"ChatCompletions": _check_chat, "SubmitHunyuanImageJob": _check_picture}.get(_action(request))
        return self._check_signature(request) or (checked(request.fields) if checked else None)

    def _check_signature(self, request: Received) -> Reply | None:
        found = _SIGNED.fullmatch(request.headers.get("authorization", ""))
        stamp = request.headers.get("x-tc-timestamp", "")
        if found is None or not stamp.isdigit():
            return error("AuthFailure.InvalidAuthorization")
        identity, _, service, names, _ = found.groups()
        if identity != SECRET_ID:
            return error("AuthFailure.SecretIdNotFound")
        if abs(self.clock() - int(stamp)) > SKEW_SECONDS:
            return error("AuthFailure.SignatureExpire")
        signed = {
            name: request.headers.get(name, "").lower() if name == "x-tc-action" else request.headers.get(name, "")
            for name in names.split(";")
        }
        expected = tencent.authorization(
            secret_id=SECRET_ID, secret_key=SECRET_KEY, service=service, signed=signed, body=request.body, now=int(stamp)
        )
        is_right = expected == request.headers["authorization"] and {"content-type", "host"} <= signed.keys() and service == "hunyuan"
        return None if is_right else error("AuthFailure.SignatureFailure")

    def answer(self, request: Received) -> Reply:
        fields = request.fields
        if path_of(request).startswith("/v1/"):
            return replies.stream() if fields.get("stream") else replies.answer()
        if _action(request) == "GetEmbedding":
            vectors = [{"Embedding": [0.5, -0.5], "Index": place, "Object": "embedding"} for place, _ in enumerate(fields["InputList"])]
            return replies.answer({"Response": {"Data": vectors, "Usage": {"PromptTokens": 3, "TotalTokens": 3}, "RequestId": "r"}})
        if _action(request) == "SubmitHunyuanImageJob":
            return self._new_job(fields)
        if _action(request) == "QueryHunyuanImageJob":
            return self._job(fields["JobId"])
        return stream() if fields.get("Stream") else answer()

    def _new_job(self, fields: dict[str, Any]) -> Reply:
        name = f"{APP_ID}-{next(self._numbers)}"
        urls = [f"https://x.test/{number}.png" for number in range(1, fields.get("Num", 1) + 1)]
        self.jobs[name] = list(self.next_job) or [job("1"), job("2"), job("5", ResultImage=urls, ResultDetails=["Success"] * len(urls))]
        return replies.answer({"Response": {"JobId": name, "RequestId": "r"}})

    def _job(self, name: str) -> Reply:
        states = self.jobs.get(name)
        if not states:
            return error("FailedOperation.JobNotExist", "no such job")
        return replies.answer({"Response": {**(states.pop(0) if len(states) > 1 else states[0]), "RequestId": "r"}})


def _action(request: Received) -> str:
    return request.headers.get("x-tc-action", "")


def _check_chat(fields: dict[str, Any]) -> Reply | None:
    messages = list(fields["Messages"])
    if len(messages) > 40:
        return error("InvalidParameterValue", "Messages are at most 40")
    if messages and messages[0]["Role"] == "system":
        messages.pop(0)
    roles = [message["Role"] for message in messages]
    in_turn = all(role in ("user", "tool") if place % 2 == 0 else role == "assistant" for place, role in enumerate(roles))
    if not roles or roles[0] != "user" or roles[-1] == "assistant" or not (in_turn or "tool" in roles):
        return error("InvalidParameterValue", f"Messages: roles {roles}")
    if any(not (message.get("Content") or message.get("Contents") or message.get("ToolCalls")) for message in messages):
        return error("InvalidParameterValue", "Content must not be empty")
    if any("ReasoningContent" in message for message in messages):
        return error("InvalidParameter", "ReasoningContent must not be sent back")
    if any(not isinstance(tool["Function"]["Parameters"], str) for tool in fields.get("Tools", ())):
        return error("InvalidParameter", "Parameters is a text")
    return None


def _check_picture(fields: dict[str, Any]) -> Reply | None:
    if not 1 <= len(fields.get("Prompt", "")) <= 1024 or not 1 <= fields.get("Num", 1) <= 4:
        return error("InvalidParameterValue", "Prompt or Num is out of range")
    if not re.fullmatch(r"\d+:\d+", fields.get("Resolution", "1024:1024")):
        return error("InvalidParameterValue", "Resolution is written 1024:1024")
    return None
