"""Baidu as it behaves: v1 by access token or signature and with errors inside a 200, v2 like OpenAI, and the token desks.

Signatures are made again from what came over the wire: the raw path and query, the headers the signature names.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from channels_app.signing import baidu as signing
from tests.doubles import replies
from tests.doubles.china.vendor import Vendor, path_of, query_of
from tests.doubles.replies import Reply
from tests.doubles.upstream import Received

API_KEY, SECRET_KEY = "testApiKey", "testSecretKey"
ACCESS_KEY, ACCESS_SECRET = "ALTAKtestAccessKeyId0001", "0123456789abcdef0123456789abcdef"
V2_KEY = "bce-v3/ALTAK-test/0001"
SKEW_SECONDS = 900


def error(code: int, message: str) -> Reply:
    """Answer an error as v1 does: with status 200."""
    return replies.answer({"error_code": code, "error_msg": message})


def v2_error(code: str, message: str, *, status: int, kind: str) -> Reply:
    return replies.answer({"error": {"code": code, "message": message, "type": kind}, "id": "as-1"}, status=status)


class Baidu(Vendor):
    """One server for `aip`, `iam` and `qianfan`. `tokens` are those it handed out and still takes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.tokens: set[str] = set()
        self.bearers: set[str] = {V2_KEY}
        self.lifetime_seconds = 2_592_000
        self._numbers = itertools.count(1)

    @property
    def exchanges(self) -> int:
        """Return how often a token was asked for."""
        return sum(path_of(request) in {"/oauth/2.0/token", "/v1/BCE-BEARER/token"} for request in self.requests)

    def check(self, request: Received) -> Reply | None:
        path, query = path_of(request), query_of(request)
        if path == "/oauth/2.0/token":
            return _check_client(query)
        if path.startswith("/v2/"):
            is_known = request.headers.get("authorization", "").removeprefix("Bearer ") in self.bearers
            return None if is_known else v2_error("invalid_iam_token", "IAM token is invalid", status=401, kind="access_denied")
        if "access_token" in query:
            return (
                self._check_v1(request) if query["access_token"] in self.tokens else error(110, "Access token invalid or no longer valid")
            )
        if not self.is_signed(request):
            return error(14, "IAM Certification failed")
        return None if path == "/v1/BCE-BEARER/token" else self._check_v1(request)

    def is_signed(self, request: Received) -> bool:
        """Tell whether the request carries a right signature of now."""
        try:
            version, access_key, date, lifetime, names, signature = request.headers["authorization"].split("/")
            at = datetime.strptime(date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        except (KeyError, ValueError):
            return False
        parts = urlsplit(request.path)
        expected = signing.authorization(
            access_key=ACCESS_KEY,
            secret_key=ACCESS_SECRET,
            method=request.method,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name: request.headers.get(name, "") for name in names.split(";")},
            now=at,
            lifetime_seconds=int(lifetime),
        )
        # The names may stand in any order: the vendor's own client takes them from a set.
        covers = "host" in names.split(";") and request.headers.get("x-bce-date") == date
        is_right = version == "bce-auth-v1" and access_key == ACCESS_KEY and signature == expected.rpartition("/")[2]
        return covers and is_right and abs(self.clock() - at) < SKEW_SECONDS

    def _check_v1(self, request: Received) -> Reply | None:
        if "/chat/" not in path_of(request):
            return None
        fields = request.fields
        roles = [message["role"] for message in fields["messages"]]
        odd = all(role in ("user", "function") for role in roles[::2])
        if len(roles) % 2 == 0 or not odd or any(role != "assistant" for role in roles[1::2]):
            return error(336003, "the length of messages must be an odd number, roles in turn")
        if not all(message["content"] or message.get("function_call") for message in fields["messages"]):
            return error(336003, "content must not be empty")
        if "temperature" in fields and not 0 < fields["temperature"] <= 1:
            return error(336003, "temperature must be in (0, 1.0]")
        return error(336003, "max_output_tokens is at least 2") if fields.get("max_output_tokens", 2) < 2 else None

    def answer(self, request: Received) -> Reply:
        path = path_of(request)
        if path in {"/oauth/2.0/token", "/v1/BCE-BEARER/token"}:
            return self._token(path)
        if "/embeddings/" in path:
            vectors = [{"object": "embedding", "index": place, "embedding": [0.5, -0.5]} for place, _ in enumerate(request.fields["input"])]
            return replies.answer(
                {"id": "as-1", "object": "embedding_list", "data": vectors, "usage": {"prompt_tokens": 3, "total_tokens": 3}}
            )
        is_stream = bool(request.fields.get("stream"))
        if path.startswith("/v2/"):
            return replies.stream() if is_stream else replies.answer()
        return stream() if is_stream else answer()

    def _token(self, path: str) -> Reply:
        token = f"24.test-{next(self._numbers)}"
        if path.startswith("/oauth"):
            self.tokens.add(token)
            return replies.answer({"access_token": token, "expires_in": self.lifetime_seconds, "scope": "ai_custom_yiyan_com"})
        self.bearers.add(token)
        until = datetime.fromtimestamp(self.clock() + self.lifetime_seconds, UTC)
        made = datetime.fromtimestamp(self.clock(), UTC)
        return replies.answer(
            {
                "userId": "u",
                "token": token,
                "status": "enable",
                "createTime": made.isoformat(),
                "expireTime": until.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            }
        )


def _check_client(query: dict[str, str]) -> Reply | None:
    if query.get("grant_type") != "client_credentials" or query.get("client_id") != API_KEY:
        return replies.answer({"error": "invalid_client", "error_description": "unknown client id"}, status=401)
    if query.get("client_secret") != SECRET_KEY:
        return replies.answer({"error": "invalid_client", "error_description": "Client authentication failed"}, status=401)
    return None


def answer(text: str = "".join(replies.WORDS), **changes: Any) -> Reply:
    return replies.answer(
        {
            "id": "as-1",
            "object": "chat.completion",
            "created": 1_700_000_001,
            "result": text,
            "is_truncated": False,
            "need_clear_history": False,
            "finish_reason": "normal",
            "usage": replies.USAGE,
            **changes,
        }
    )


def frame(place: int, text: str, *, is_end: bool, usage: dict[str, int], **changes: Any) -> bytes:
    """Return one frame; Baidu's last one says `is_end`, and no end mark follows."""
    head = {"id": "as-1", "object": "chat.completion", "created": 1_700_000_001, "sentence_id": place, "is_end": is_end}
    return (
        b"data: "
        + orjson.dumps({**head, "is_truncated": False, "result": text, "need_clear_history": False, "usage": usage, **changes})
        + b"\n\n"
    )


def stream(texts: tuple[str, ...] = replies.WORDS, **last: Any) -> Reply:
    """Tell the text in frames whose usage grows."""
    prompt, total = replies.USAGE["prompt_tokens"], len(texts)
    frames = []
    for place, text in enumerate(texts, 1):
        usage = {"prompt_tokens": prompt, "completion_tokens": place, "total_tokens": prompt + place}
        frames.append(frame(place - 1, text, is_end=place == total, usage=usage, **(last if place == total else {})))
    return replies.raw_stream(*frames)
