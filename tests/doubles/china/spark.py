"""iFlytek Spark as it behaves: a WebSocket whose address is signed, and Spark over HTTP with its two kinds of errors.

The signature is made again from the raw request line and the Host header that came; all three ways in which clients write
the credential's text are taken, as by the vendor.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import orjson
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from tests.doubles import replies
from tests.doubles.china.vendor import Vendor, path_of
from tests.doubles.replies import Reply
from tests.doubles.upstream import Received

APP_ID, API_SECRET, API_KEY = "a1b2c3d4", "TESTapisecretTESTapisecret012345", "testapikey0123456789abcdef012345"
KEY = f"{APP_ID}|{API_SECRET}|{API_KEY}"
API_PASSWORD = "testKey:testSecret"
SKEW_SECONDS = 300
USAGE = {"question_tokens": 2, **replies.USAGE}
DOMAINS = {
    "/v1.1/chat": ("lite", "general"),
    "/v2.1/chat": ("generalv2",),
    "/v3.1/chat": ("generalv3",),
    "/chat/pro-128k": ("pro-128k",),
    "/v3.5/chat": ("generalv3.5",),
    "/chat/max-32k": ("max-32k",),
    "/v4.0/chat": ("4.0Ultra",),
}
_WITH_SYSTEM = ("generalv3.5", "max-32k", "4.0Ultra")
_ORIGIN = re.compile(
    r'(?:api_key|hmac username)="([^"]+)", algorithm="hmac-sha256",\s+headers="host date request-line", signature="([^"]+)"'
)


def message(text: str, status: int, *, usage: dict[str, int] | None = None, **said: Any) -> dict[str, Any]:
    """Return one message: status 0 is the first, 2 the last."""
    choices = {"status": status, "seq": 0, "text": [{"content": text, "role": "assistant", "index": 0, **said}]}
    payload: dict[str, Any] = {"choices": choices} | ({"usage": {"text": usage}} if usage else {})
    return {"header": {"code": 0, "message": "Success", "sid": "s", "status": status}, "payload": payload}


def error(code: int, text: str = "no") -> dict[str, Any]:
    """Return a message that refuses: it has no payload, so nobody who looks at choices alone ever sees an end."""
    return {"header": {"code": code, "message": text, "sid": "s", "status": 2}}


def messages(texts: Sequence[str] = replies.WORDS) -> list[dict[str, Any]]:
    last = len(texts) - 1
    return [
        message(text, 2 if place == last else 0 if place == 0 else 1, usage=USAGE if place == last else None)
        for place, text in enumerate(texts)
    ]


class Spark:
    """The WebSocket. Use as a context; `script` queues the messages of one answer; `questions` are those asked."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.questions: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.refused: list[str] = []
        self._queue: deque[list[dict[str, Any] | None]] = deque()
        self._server: Server
        self._thread: threading.Thread

    def __enter__(self) -> Self:
        self._server = serve(self._talk, "127.0.0.1", 0, process_request=self._admit)
        self._thread = threading.Thread(target=self._server.serve_forever, name="spark", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join(10)

    @property
    def origin(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"

    def script(self, *queued: list[dict[str, Any] | None]) -> None:
        """Answer the next questions by these messages; None closes the connection."""
        self._queue.extend(queued)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        refusal = self._refusal(request)
        if refusal is None:
            self.paths.append(urlsplit(request.path).path)
            return None
        status, text = refusal
        self.refused.append(text)
        return connection.respond(status, orjson.dumps({"message": text}).decode())

    def _refusal(self, request: Request) -> tuple[HTTPStatus, str] | None:
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        found = _ORIGIN.fullmatch(base64.b64decode(query.get("authorization", "")).decode())
        if found is None or found[1] != API_KEY:
            return HTTPStatus.UNAUTHORIZED, "HMAC signature cannot be verified: unknown key"
        signed = f"host: {query.get('host')}\ndate: {query.get('date')}\nGET {parts.path} HTTP/1.1"
        expected = base64.b64encode(hmac.digest(API_SECRET.encode(), signed.encode(), hashlib.sha256)).decode()
        if found[2] != expected or query.get("host") != request.headers["Host"]:
            return HTTPStatus.UNAUTHORIZED, "HMAC signature does not match"
        if abs(parsedate_to_datetime(query["date"]).timestamp() - self.clock()) > SKEW_SECONDS:
            return HTTPStatus.FORBIDDEN, "HMAC signature cannot be verified, a valid date or x-date header is required"
        return None if parts.path in DOMAINS else (HTTPStatus.NOT_FOUND, "no such version")

    def _talk(self, connection: ServerConnection) -> None:
        try:
            question = orjson.loads(connection.recv())
            self.questions.append(question)
            refusal = _check(question, self.paths[-1])
            for told in [refusal] if refusal else self._queue.popleft() if self._queue else messages():
                if told is None:
                    return
                connection.send(orjson.dumps(told).decode())
            connection.recv(timeout=2)  # the vendor says no more, and waits for the caller to close
        except TimeoutError:
            connection.socket.close()  # whoever still waits for an end has lost the connection
        except ConnectionClosed:
            return


def _check(question: dict[str, Any], path: str) -> dict[str, Any] | None:
    chat, text = question["parameter"]["chat"], question["payload"]["message"]["text"]
    roles = [one["role"] for one in text]
    if question["header"].get("app_id") != APP_ID or len(question["header"].get("uid", "")) > 32:
        return error(10005, "header.app_id is wrong")
    if chat["domain"] not in DOMAINS[path]:
        return error(10404, "route does not match domain")
    if "system" in roles and (roles.index("system") != 0 or chat["domain"] not in _WITH_SYSTEM):
        return error(10004, "role system is not allowed here")
    if roles[-1] != "user" or not all(one["content"] for one in text):
        return error(10004, "the last role is user, and content is never empty")
    if not 0 < chat.get("temperature", 0.5) <= 1 or not 1 <= chat.get("max_tokens", 1) <= 8192 or not 1 <= chat.get("top_k", 1) <= 6:
        return error(10004, "a parameter is out of range")
    if "functions" in question["payload"] and not question["payload"]["functions"].get("text"):
        return error(10004, "functions are empty")
    return None


class SparkHttp(Vendor):
    """`/v1/chat/completions`, for X1 below `/v2`."""

    def check(self, request: Received) -> Reply | None:
        if request.headers.get("authorization") != f"Bearer {API_PASSWORD}":
            told = {"error": {"message": "invalid user", "type": "api_error", "param": None, "code": None}}
            return replies.answer(told, status=401)
        is_x1 = request.fields.get("model") == "x1"
        if path_of(request) != ("/v2" if is_x1 else "/v1") + "/chat/completions":
            return replies.answer({"code": 10404, "message": "route does not match model", "sid": "s"}, status=404)
        fields = request.fields
        if not 0 < fields.get("temperature", 0.5) <= 1 or not 1 <= fields.get("max_tokens", 1) <= 8192:
            return replies.answer({"code": 10004, "message": "a parameter is out of range", "sid": "s"})
        return None

    def answer(self, request: Received) -> Reply:
        """Answer without id, object, created and model, and with a code beside the choices."""
        head = {"code": 0, "message": "Success", "sid": "s"}
        if not request.fields.get("stream"):
            said = {"role": "assistant", "content": "".join(replies.WORDS)}
            return replies.answer({**head, "choices": [{"message": said, "index": 0}], "usage": replies.USAGE})
        told = []
        for place, word in enumerate(replies.WORDS):
            chunk = {**head, "choices": [{"delta": {"role": "assistant", "content": word}, "index": 0}]}
            told.append(chunk | ({"usage": replies.USAGE} if place == len(replies.WORDS) - 1 else {}))
        return replies.raw_stream(*(b"data:" + orjson.dumps(one) + b"\n\n" for one in told), b"data:[DONE]\n\n")


class SparkEmbeddings(Vendor):
    """The desk of embeddings: the address is signed for POST, one text a call, numbers as little-endian float32."""

    def check(self, request: Received) -> Reply | None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        signed = f"host: {request.headers['host']}\ndate: {query.get('date')}\n{request.method} / HTTP/1.1"
        expected = base64.b64encode(hmac.digest(API_SECRET.encode(), signed.encode(), hashlib.sha256)).decode()
        found = _ORIGIN.fullmatch(base64.b64decode(query.get("authorization", "")).decode())
        if found is None or (found[1], found[2]) != (API_KEY, expected):
            return replies.answer({"message": "HMAC signature does not match"}, status=401)
        fields = request.fields
        said = orjson.loads(base64.b64decode(fields["payload"]["messages"]["text"]))
        is_right = fields["header"] == {"status": 3, "app_id": APP_ID} and len(said["messages"]) == 1
        return None if is_right else replies.answer({"header": {"code": 10005, "message": "no"}})

    def answer(self, request: Received) -> Reply:
        vector = base64.b64encode(struct.pack("<2f", 0.5, -0.5)).decode()
        return replies.answer({"header": {"code": 0, "message": "success", "sid": "s"}, "payload": {"feature": {"text": vector}}})
