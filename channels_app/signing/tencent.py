"""Tencent Cloud's signature `TC3-HMAC-SHA256` for a JSON POST: the bytes that are sent are the bytes that are hashed.

Source: cloud.tencent.com/document/api/1729/101843, and the official `tencentcloud-sdk-python`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

CONTENT_TYPE = "application/json"
_ALGORITHM = "TC3-HMAC-SHA256"


def authorization(*, secret_id: str, secret_key: str, service: str, signed: Mapping[str, str], body: bytes, now: float) -> str:
    """Return the `Authorization` header of `POST /`; `signed` are the headers it covers, names and values in lower case."""
    second = int(now)
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    scope = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d}/{service}/tc3_request"
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    text = f"{_ALGORITHM}\n{second}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{secret_key}".encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), hashlib.sha256)
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"{_ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"


def headers(
    *, secret_id: str, secret_key: str, service: str, version: str, action: str, host: str, body: bytes, now: float, region: str = ""
) -> tuple[tuple[str, str], ...]:
    """Return all headers the vendor wants with this body, the signature among them; the date comes from the same second."""
    signed = {"content-type": CONTENT_TYPE, "host": host}
    signature = authorization(secret_id=secret_id, secret_key=secret_key, service=service, signed=signed, body=body, now=now)
    return (
        ("content-type", CONTENT_TYPE),
        ("host", host),
        ("x-tc-action", action),
        ("x-tc-timestamp", str(int(now))),
        ("x-tc-version", version),
        *((("x-tc-region", region),) if region else ()),
        ("authorization", signature),
    )
