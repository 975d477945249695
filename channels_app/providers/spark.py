"""iFlytek Spark over a WebSocket whose address is signed anew for each call."""

from __future__ import annotations

import re
from dataclasses import replace

import orjson

from channels_app import codes, failures
from channels_app.contract import ChannelFacts, ChannelKey, Failure, UpstreamRequest
from channels_app.provider import Field, Provider, gettext_noop
from channels_app.signing import spark

_FORBIDDEN = 403
_EMBEDDINGS, _EMBEDDINGS_URL = "/", "https://emb-cn-huabei-1.xf-yun.com"


class Spark(Provider):
    slug = "spark"
    label = "iFlytek Spark (WebSocket)"
    dialect = "spark"
    base_url = "wss://spark-api.xf-yun.com"
    key_parts = (
        Field("app_id", gettext_noop("APPID"), is_required=True),
        Field("api_secret", gettext_noop("APISecret"), is_secret=True, is_required=True),
        Field("api_key", gettext_noop("APIKey"), is_secret=True, is_required=True),
    )
    fields = (Field("embeddings_url", gettext_noop("Address of embeddings"), default=_EMBEDDINGS_URL),)
    default_models = ("Spark-Lite", "Spark-Pro", "Spark-Pro-128K", "Spark-Max", "Spark-Max-32K", "Spark-4.0-Ultra")
    codes = codes.SPARK
    signs = True

    def address(self, channel: ChannelFacts, path: str) -> str:
        """Return the WebSocket's address; the version stands in the path, never in the base. Embeddings have a host of their own."""
        if path == _EMBEDDINGS:
            return str(channel.options.get("embeddings_url") or _EMBEDDINGS_URL).rstrip("/") + path
        base = re.sub(r"^http", "ws", channel.base_url or self.base_url).rstrip("/")
        return base + path

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        return ()

    def sign(self, request: UpstreamRequest, channel: ChannelFacts, key: ChannelKey, now: float) -> UpstreamRequest:
        """Sign the address, and put the application's id into the message; such an address is a secret."""
        app_id, api_secret, api_key = self.split(key)
        body = orjson.loads(request.body)
        body["header"]["app_id"] = app_id
        method = "GET" if request.url.startswith("ws") else request.method  # a WebSocket begins with GET
        url = spark.signed_url(request.url, api_key=api_key, api_secret=api_secret, now=now, method=method)
        return replace(request, url=url, body=orjson.dumps(body), ends=_ends)

    def classify(self, failure: Failure, body: bytes) -> Failure:
        """Tell a wrong clock from a wrong key: the handshake is refused for its date."""
        judged = super().classify(failure, body)
        return failures.of_clock(judged) if judged.status == _FORBIDDEN and "date" in judged.message else judged


def _ends(message: bytes) -> bool:
    """Tell whether a message is the last one: the vendor then waits for the caller to close, up to a minute."""
    try:
        header = orjson.loads(message)["header"]
    except (ValueError, KeyError, TypeError):
        return False
    return header.get("status") == 2 or bool(header.get("code"))
