"""Zhipu as it behaves: v3 wants a JWT and tells plain text, v4 takes the key or a JWT and speaks like OpenAI.

Tokens are read by PyJWT, not by our own code; their times are milliseconds; temperature and top_p lie inside (0, 1).
"""

from __future__ import annotations

from typing import Any

import jwt
import orjson

from tests.doubles import replies
from tests.doubles.china.vendor import Vendor, alternates, path_of
from tests.doubles.replies import Reply
from tests.doubles.upstream import Received

# PyJWT warns of secrets shorter than this one's 32 bytes; real ones are.
SECRET = "TESTsecretTEST42TESTsecretTEST42"
KEY = f"0123456789abcdef0123456789abcdef.{SECRET}"
TEXT = "".join(replies.WORDS)


def error(code: str, message: str, *, status: int = 400) -> Reply:
    return replies.answer({"error": {"code": code, "message": message}}, status=status)


class Zhipu(Vendor):
    """`/api/paas/v4/…` and `/api/paas/v3/model-api/<model>/<invoke|sse-invoke>`."""

    def check(self, request: Received) -> Reply | None:
        credential = request.headers.get("authorization", "")
        is_v3 = "/v3/" in request.path
        if not credential:
            return error("1001", "Header中未收到Authentication参数", status=401)
        if is_v3 or credential.removeprefix("Bearer ") != KEY:
            refusal = self._check_token(credential.removeprefix("" if is_v3 else "Bearer "))
            if refusal is not None:
                return refusal
        return _check_v3(request.fields) if is_v3 else _check_v4(request)

    def _check_token(self, token: str) -> Reply | None:
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False})
        except jwt.InvalidTokenError:
            return error("1002", "Authentication Token非法", status=401)
        now = self.clock() * 1000
        if header.get("sign_type") != "SIGN" or claims.get("api_key") != KEY.partition(".")[0]:
            return error("1002", "Authentication Token非法", status=401)
        if not claims["timestamp"] - 300_000 <= now < claims["exp"]:
            return error("1003", "Authentication Token已过期", status=401)
        return None

    def answer(self, request: Received) -> Reply:
        path = path_of(request)
        if path.endswith("/sse-invoke"):
            return v3_stream()
        if path.endswith("/invoke"):
            return v3_answer()
        if path.endswith("/embeddings"):
            return replies.answer(
                {
                    "object": "list",
                    "model": "embedding-3",
                    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5]}],
                    "usage": replies.USAGE,
                }
            )
        return replies.stream() if request.fields.get("stream") else replies.answer()


def v3_answer(text: str = f'"{TEXT}"', **changes: Any) -> Reply:
    """Answer as v3 does: the text may stand in literal quotation marks."""
    choices = [{"role": "assistant", "content": text}]
    data = {"task_id": "77", "request_id": "r", "task_status": "SUCCESS", "choices": choices, "usage": replies.USAGE}
    return replies.answer({"code": 200, "msg": "操作成功", "success": True, "data": data, **changes})


def v3_refusal(code: int, message: str) -> Reply:
    return replies.answer({"code": code, "msg": message, "success": False})


def v3_stream(texts: tuple[str, ...] = replies.WORDS) -> Reply:
    """Tell the text as v3 does: plain, an empty data line for each line end in it, the usage in a `meta:` line."""
    events = []
    for text in texts:
        lines = "\n".join(f"data:{line}" for line in text.split("\n"))
        events.append(f"event:add\nid:77\n{lines}\n\n".encode())
    meta = orjson.dumps({"task_id": "77", "request_id": "r", "task_status": "SUCCESS", "usage": replies.USAGE})
    return replies.raw_stream(*events, b"event:finish\nid:77\ndata:\nmeta:" + meta + b"\n\n")


def _check_v3(fields: dict[str, Any]) -> Reply | None:
    roles = [message["role"] for message in fields.get("prompt", ())]
    if not alternates(roles) or not all(message["content"] for message in fields["prompt"]):
        return v3_refusal(1214, f"prompt: bad roles {roles}")
    return _check_bounds(fields)


def _check_v4(request: Received) -> Reply | None:
    fields = request.fields
    if isinstance(fields.get("stop"), str):
        return error("1214", "stop must be a list")
    if path_of(request).endswith("/chat/completions") and b"data:image" in request.body:
        return error("1210", "images are bare base64")
    return _check_bounds(fields)


def _check_bounds(fields: dict[str, Any]) -> Reply | None:
    for name in ("temperature", "top_p"):
        if name in fields and not 0 < fields[name] < 1:
            return error("1214", f"{name} lies inside (0, 1)")
    return None
