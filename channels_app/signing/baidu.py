"""Baidu Cloud's signature `bce-auth-v1`: method, path, query and headers are signed, the body is not.

Source: cloud.baidu.com/doc/Reference/s/njwvz1yfu, and the official `bce-python-sdk`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote


def timestamp(now: float) -> str:
    """Return the time as the scheme writes it, for the header `x-bce-date`."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def authorization(
    *,
    access_key: str,
    secret_key: str,
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    now: float,
    lifetime_seconds: int,
) -> str:
    """Return the `Authorization` header; every header given is signed, `path` is taken as it is on the wire."""
    prefix = f"bce-auth-v1/{access_key}/{timestamp(now)}/{lifetime_seconds}"
    # The hexadecimal text, not the bytes, is the next key.
    signing_key = _digest(secret_key, prefix)
    lines = {name.lower(): f"{_encoded(name.lower())}:{_encoded(value.strip())}" for name, value in headers.items() if value.strip()}
    asked = "&".join(sorted(f"{_encoded(name)}={_encoded(value)}" for name, value in query.items()))
    canonical = "\n".join((method.upper(), path, asked, "\n".join(sorted(lines.values()))))
    return f"{prefix}/{';'.join(sorted(lines))}/{_digest(signing_key, canonical)}"


def _digest(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
