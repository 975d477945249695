"""Volcengine's signature `HMAC-SHA256` for a GET without a body: the console's API, balances among them.

Source: volcengine.com/docs/6369/67269, and the official `volcengine` package.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

_SIGNED = "host;x-content-sha256;x-date"
_EMPTY = hashlib.sha256(b"").hexdigest()


def headers(
    *, access_key: str, secret_key: str, service: str, region: str, host: str, query: Mapping[str, str], now: float
) -> tuple[tuple[str, str], ...]:
    """Return the headers for `GET /?query` at `host`."""
    moment = datetime.fromtimestamp(now, UTC)
    date, day = f"{moment:%Y%m%dT%H%M%SZ}", f"{moment:%Y%m%d}"
    asked = urlencode(sorted(query.items()))
    canonical = f"GET\n/\n{asked}\nhost:{host}\nx-content-sha256:{_EMPTY}\nx-date:{date}\n\n{_SIGNED}\n{_EMPTY}"
    scope = f"{day}/{region}/{service}/request"
    text = f"HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = secret_key.encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), hashlib.sha256)
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return (
        ("host", host),
        ("x-date", date),
        ("x-content-sha256", _EMPTY),
        ("authorization", f"HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={_SIGNED}, Signature={signature}"),
    )
