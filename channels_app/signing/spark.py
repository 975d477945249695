"""iFlytek's signed address: host, date and request line are signed into the query.

Source: xfyun.cn/doc/spark/general_url_authentication.html, and the official `spark_ai_python`. The vendor allows 300
seconds between its clock and `date`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from email.utils import formatdate
from urllib.parse import urlencode, urlsplit


def signed_url(url: str, *, api_key: str, api_secret: str, now: float, method: str = "GET") -> str:
    """Return the address to open; it carries the credential, so it must never be logged."""
    parts = urlsplit(url)
    date = formatdate(now, usegmt=True)
    text = f"host: {parts.netloc}\ndate: {date}\n{method} {parts.path} HTTP/1.1"
    signature = _base64(hmac.digest(api_secret.encode(), text.encode(), hashlib.sha256))
    origin = f'api_key="{api_key}", algorithm="hmac-sha256", headers="host date request-line", signature="{signature}"'
    return f"{url}?{urlencode({'host': parts.netloc, 'date': date, 'authorization': _base64(origin.encode())})}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
