"""The MD5 signature of epay and epusdt: sorted `name=value` pairs, the merchant's key behind them without a separator.

Values go in as they are, not URL-encoded; empty ones and the signature itself are left out, "0" is not.
Source: https://www.kancloud.cn/payapis/payapis/1352038 and epusdt's wiki/API.md.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

_LEFT_OUT = frozenset({"sign", "sign_type", "signature"})


def sign(values: Mapping[str, str], *, key: str) -> str:
    """Return the signature in lower-case hex; raise ValueError for an empty key, which anybody could sign with."""
    if not key:
        raise ValueError("the merchant key is empty")
    pairs = sorted((name, value) for name, value in values.items() if value != "" and name not in _LEFT_OUT)
    text = "&".join(f"{name}={value}" for name, value in pairs) + key
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def is_signed(values: Mapping[str, str], signature: str, *, key: str) -> bool:
    """Tell whether a message bears its right signature; an empty key signs nothing."""
    return bool(key) and hmac.compare_digest(sign(values, key=key).encode(), signature.lower().encode())
