"""Amazon's side of the wire, written from its documents and not with its library: event-stream frames and Signature Version 4.

Sources: https://smithy.io/2.0/aws/amazon-eventstream.html, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import struct
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import orjson

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, ?"
    r"SignedHeaders=(?P<names>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_STRING = 7
SKEW = timedelta(minutes=5)


def frame(payload: object, **headers: str) -> bytes:
    """Return one frame; `event_type="chunk"` becomes the header `:event-type`."""
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    named = {":" + name.replace("_", "-"): value for name, value in headers.items()}
    head = b"".join(_header(name, value) for name, value in named.items())
    prelude = struct.pack(">II", 16 + len(head) + len(body), len(head))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + body
    return start + struct.pack(">I", zlib.crc32(start))


def event(kind: str, payload: object) -> bytes:
    """Return an event's frame."""
    return frame(payload, event_type=kind, content_type="application/json", message_type="event")


def exception(kind: str, message: str) -> bytes:
    """Return an exception's frame, as a stream ends with when something fails late."""
    return frame({"message": message}, exception_type=kind, content_type="application/json", message_type="exception")


def _header(name: str, value: str) -> bytes:
    return bytes([len(name)]) + name.encode() + bytes([_STRING]) + struct.pack(">H", len(value)) + value.encode()


def complaint(
    method: str, target: str, headers: Mapping[str, str], body: bytes, *, secrets: Mapping[str, str], service: str, now: datetime
) -> str | None:
    """Return what is wrong with a request's signature, or None. `target` is path and query as they came over the wire."""
    signed = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if signed is None:
        return "Missing Authentication Token"
    if signed["key"] not in secrets:
        return "The security token included in the request is invalid."
    moment = headers.get("x-amz-date", "")
    try:
        sent_at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return "Date must be in ISO-8601 'basic format'."
    if abs(now - sent_at) > SKEW or not moment.startswith(signed["day"]):
        return "Signature expired"
    names = signed["names"].split(";")
    if "host" not in names or signed["service"] != service:
        return "Credential should be scoped to correct service."
    canonical = _canonical(method, target, {name: headers.get(name, "") for name in names}, body)
    scope = f"{signed['day']}/{signed['region']}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secrets[signed['key']]}".encode()
    for step in (signed["day"], signed["region"], service, "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    right = hmac.digest(key, text.encode(), "sha256").hex()
    return None if right == signed["signature"] else "The request signature we calculated does not match the signature you provided."


def _canonical(method: str, target: str, headers: Mapping[str, str], body: bytes) -> str:
    path, _, query = target.partition("?")
    fields = "&".join(sorted(query.split("&"))) if query else ""
    lines = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in sorted(headers.items()))
    # Every service but S3 encodes the path, which came encoded, once more.
    return "\n".join([method, quote(path, safe="/-_.~"), fields, lines, ";".join(sorted(headers)), hashlib.sha256(body).hexdigest()])
