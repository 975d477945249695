"""Zhipu's token: a JWT by HS256 whose times are milliseconds.

Source: docs.bigmodel.cn, and the official client `zhipuai`. Written out because the vendor's secrets are 16 bytes long and
its header carries `sign_type`: a JWT library warns of the first at every call.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

_HEADER = b'{"alg":"HS256","sign_type":"SIGN","typ":"JWT"}'


class BadKey(ValueError):
    """The key is not `id.secret`."""


def token(api_key: str, *, now: float, lifetime_seconds: int) -> str:
    """Return a token for a key `id.secret`, valid from `now` (unix seconds); raise BadKey."""
    identity, dot, secret = api_key.partition(".")
    if not (identity and dot and secret) or "." in secret:
        raise BadKey("a key of Zhipu is written id.secret")
    issued = round(now * 1000)
    payload = {"api_key": identity, "exp": issued + lifetime_seconds * 1000, "timestamp": issued}
    signed = _base64(_HEADER) + b"." + _base64(json.dumps(payload, separators=(",", ":")).encode())
    return (signed + b"." + _base64(hmac.digest(secret.encode(), signed, hashlib.sha256))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
