"""Google's side of the wire: the token exchange of a service account, Vertex AI, and PaLM 2 as it was."""

from __future__ import annotations

import base64
import itertools
import re
from typing import Any
from urllib.parse import parse_qs

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.doubles import replies
from tests.doubles.replies import Reply
from tests.doubles.upstream import Received, Upstream

PROJECT = "acme-project-1"
EMAIL = f"keyosk@{PROJECT}.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN = "ya29.scripted-token"  # a made-up one
USAGE = {"promptTokenCount": 12, "candidatesTokenCount": 4, "totalTokenCount": 16}
_PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_OPENAI = re.compile(r"/v1/projects/([^/]+)/locations/([^/]+)/endpoints/openapi/chat/completions")
_VERTEX = re.compile(r"/v1/projects/([^/]+)/locations/([^/]+)/publishers/(google|anthropic)/models/([^/:]+):(\w+)")


def error(code: int, status: str, message: str, /, **rest: Any) -> Reply:
    """Answer an error as google.rpc writes it."""
    return replies.answer({"error": {"code": code, "message": message, "status": status, **rest}}, status=code)


def account(token_uri: str) -> str:
    """Return the JSON of a service account, as Google Cloud's console lets one download it."""
    pem = _PRIVATE.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    known = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "0123abcd",
        "private_key": pem.decode(),
        "client_email": EMAIL,
        "token_uri": token_uri,
    }
    return orjson.dumps(known, option=orjson.OPT_INDENT_2).decode()


def generated(text: str = replies.TEXT, **rest: Any) -> dict[str, Any]:
    """Return a whole answer of Gemini."""
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "gemini-x", "responseId": "r1", **rest}


def spoken(texts: tuple[str, ...] = replies.WORDS) -> list[bytes]:
    """Return the events of a stream of Gemini."""
    parts = [
        {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}], "usageMetadata": {"promptTokenCount": 12}}
        for text in texts
    ]
    return [replies.event(part) for part in (*parts, generated(""))]


class Vertex(Upstream):
    """Both the token address (`token_uri`) and the regional address. Counts the tokens it gave."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = 0
        self.token_reply: Reply | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token_uri(self) -> str:
        return f"{self.url}/token"

    def reply_to(self, request: Received) -> Reply:
        if request.path == "/token":
            return self.token_reply or self._exchange(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        path, _, query = request.path.partition("?")
        openai = _OPENAI.fullmatch(path)
        if openai is not None and openai[1] == PROJECT:
            return _compatible(request.fields) or self.next_reply() or _completed(request.fields)
        found = _VERTEX.fullmatch(path)
        if found is None or found[1] != PROJECT:
            return replies.answer(b"<!DOCTYPE html><html><title>Error 404 (Not Found)!!1</title></html>", status=404)
        refusal = _wrong(found, query, request.fields)
        return refusal or self.next_reply() or _right(found[5])

    def _exchange(self, request: Received) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("grant_type") != GRANT or request.headers.get("content-type") != "application/x-www-form-urlencoded":
            return replies.answer({"error": "unsupported_grant_type"}, status=400)
        claims = _claims(form.get("assertion", ""))
        wanted = {"iss": EMAIL, "aud": self.token_uri, "scope": SCOPE}
        if claims is None or any(claims.get(name) != value for name, value in wanted.items()) or claims["exp"] - claims["iat"] > 3600:
            return replies.answer({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, status=400)
        self.tokens += 1
        return replies.answer({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})


def _claims(assertion: str) -> dict[str, Any] | None:
    """Return what an assertion claims where its signature is right."""
    signed, _, signature = assertion.rpartition(".")
    head, _, body = signed.partition(".")
    try:
        if orjson.loads(_bytes(head))["alg"] != "RS256":
            return None
        _PRIVATE.public_key().verify(_bytes(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        claims: dict[str, Any] = orjson.loads(_bytes(body))
    except (ValueError, KeyError, InvalidSignature):
        return None
    return claims


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _compatible(fields: dict[str, Any]) -> Reply | None:
    """Refuse a model without its publisher, in the list in which Google's OpenAI-compatible address answers errors."""
    if str(fields.get("model")).startswith(("google/", "meta/")):
        return None
    complaint = {"code": 400, "message": "Malformed publisher model (expected <publisher>/<model>)", "status": "INVALID_ARGUMENT"}
    return replies.answer([{"error": complaint}], status=400)


def _completed(fields: dict[str, Any]) -> Reply:
    return replies.stream() if fields.get("stream") else replies.answer()


def _wrong(found: re.Match[str], query: str, fields: dict[str, Any]) -> Reply | None:
    publisher, action = found[3], found[5]
    if found[4] == "count-tokens":
        return None if "model" in fields and "messages" in fields else error(400, "INVALID_ARGUMENT", "model: Field required")
    if action == "countTokens":
        wrong = fields.keys() - {"contents", "systemInstruction", "tools", "generationConfig"}
        return error(400, "INVALID_ARGUMENT", f"Invalid JSON payload received. Unknown name {sorted(wrong)[0]!r}.") if wrong else None
    if publisher == "anthropic":
        if action not in {"rawPredict", "streamRawPredict"} or "model" in fields or fields.get("anthropic_version") != "vertex-2023-10-16":
            return error(400, "INVALID_ARGUMENT", "anthropic_version: Field required, model: Extra inputs are not permitted")
        return None if bool(fields.get("stream")) == (action == "streamRawPredict") else error(400, "INVALID_ARGUMENT", "stream")
    if action == "streamGenerateContent" and query != "alt=sse":
        return error(400, "INVALID_ARGUMENT", "this double streams by alt=sse only")
    if any("role" not in content for content in fields.get("contents", ())):
        return error(400, "INVALID_ARGUMENT", "Please use a valid role: user, model.")
    return None


CLAUDE = {
    "id": "msg_vrtx_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [{"type": "text", "text": replies.TEXT}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 12, "output_tokens": 4},
}


def _right(action: str) -> Reply:
    if action == "generateContent":
        return replies.answer(generated())
    if action == "streamGenerateContent":
        return replies.raw_stream(*spoken())
    return replies.answer(CLAUDE) if action == "rawPredict" else replies.raw_stream(*_claude_stream())


def _claude_stream() -> list[bytes]:
    start = {**CLAUDE, "content": [], "stop_reason": None, "usage": {"input_tokens": 12, "output_tokens": 1}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}} for text in replies.WORDS),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    ]
    return [f"event: {one['type']}\n".encode() + replies.event(one) for one in events]


class Palm(Upstream):
    """PaLM 2 as `generativelanguage.googleapis.com` spoke it: no streams, no usage, strict about turns."""

    key = "palm-key-1"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reply_to(self, request: Received) -> Reply:
        path, _, query = request.path.partition("?")
        if self.key not in {request.headers.get("x-goog-api-key"), parse_qs(query).get("key", [""])[0]}:
            return error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")
        found = re.fullmatch(r"/v1beta[23]/models/([\w-]+):(\w+)", path)
        if found is None:
            return error(404, "NOT_FOUND", "Requested entity was not found.")
        wrong = _bad_palm(found[2], request.fields)
        return error(400, "INVALID_ARGUMENT", wrong) if wrong else self.next_reply() or _palm(found[2], request.fields)


_PALM_FIELDS = {
    "generateMessage": {"prompt", "temperature", "candidateCount", "topP", "topK"},
    "generateText": {"prompt", "temperature", "candidateCount", "maxOutputTokens", "topP", "topK", "safetySettings", "stopSequences"},
    "embedText": {"text"},
    "batchEmbedText": {"texts"},
}


def _bad_palm(method: str, fields: dict[str, Any]) -> str:
    unknown = set(fields) - _PALM_FIELDS.get(method, set())
    if unknown:
        return f"Invalid JSON payload received. Unknown name {sorted(unknown)[0]!r}: Cannot find field."
    if method == "generateMessage":
        authors = [message.get("author") for message in fields["prompt"]["messages"]]
        if not authors or len(authors) % 2 == 0 or any(one == other for one, other in itertools.pairwise(authors)):
            return "The last message must be the user's, and authors must alternate."
    return "temperature must be in [0, 1]" if not 0 <= fields.get("temperature", 0) <= 1 else ""


def _palm(method: str, fields: dict[str, Any]) -> Reply:
    if method == "generateMessage":
        candidates = [{"author": "1", "content": replies.TEXT}] * fields.get("candidateCount", 1)
        return replies.answer({"candidates": candidates, "messages": fields["prompt"]["messages"]})
    if method == "generateText":
        return replies.answer({"candidates": [{"output": replies.TEXT, "safetyRatings": []}]})
    if method == "embedText":
        return replies.answer({"embedding": {"value": [0.5, -0.25]}})
    return replies.answer({"embeddings": [{"value": [0.5, float(position)]} for position, _ in enumerate(fields["texts"])]})
