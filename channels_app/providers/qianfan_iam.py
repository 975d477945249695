"""Baidu Qianfan by its interface v2 with an access key of Baidu Cloud, which is exchanged for a bearer token by a signed call."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from channels_app import codes, failures, lenient
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded, Secret, UpstreamRequest
from channels_app.fitting import classic
from channels_app.inquiry import Inquiry
from channels_app.provider import Field, Provider, Token, TokenRefused, gettext_noop
from channels_app.signing import baidu

_HOST = "iam.bj.baidubce.com"
_PATH = "/v1/BCE-BEARER/token"
_SECONDS = 86_400
_SIGNATURE_SECONDS = 300


class QianfanIam(Provider):
    slug = "qianfan_iam"
    label = "Baidu Qianfan (v2, access key)"
    base_url = "https://qianfan.baidubce.com/v2"
    key_parts = (
        Field("access_key", gettext_noop("Access key"), is_secret=True, is_required=True),
        Field("secret_key", gettext_noop("Secret key"), is_secret=True, is_required=True),
    )
    fields = (
        Field(
            "token_url",
            gettext_noop("Address of the token desk"),
            default=f"https://{_HOST}",
            help=gettext_noop("Where access keys are exchanged."),
        ),
    )
    default_models = ("ernie-4.5-turbo-128k", "ernie-x1-turbo-32k", "ernie-speed-128k")
    operations = frozenset({"chat", "embeddings", "images"})
    codes = codes.QIANFAN
    has_token = True

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return classic(encoded)

    def token(self, channel: ChannelFacts, key: ChannelKey, now: float) -> Inquiry[Token]:
        """Ask for a bearer token of a day; `expireTime` says until when it is good."""
        access_key, secret_key = self.split(key)
        desk = str(channel.options.get("token_url") or f"https://{_HOST}").rstrip("/")
        query, date = {"expireInSeconds": str(_SECONDS)}, baidu.timestamp(now)
        signature = baidu.authorization(
            access_key=access_key,
            secret_key=secret_key,
            method="GET",
            path=_PATH,
            query=query,
            headers={"host": desk.partition("://")[2], "x-bce-date": date},
            now=now,
            lifetime_seconds=_SIGNATURE_SECONDS,
        )
        headers = (("accept", "application/json"), ("x-bce-date", date), ("authorization", signature))
        reply = yield UpstreamRequest("GET", f"{desk}{_PATH}?{urlencode(query)}", headers)
        try:
            found: Any = lenient.loads(reply.body)
            return Token(Secret(found["token"]), datetime.fromisoformat(found["expireTime"]).timestamp() - now)
        except (ValueError, KeyError, TypeError):
            raise TokenRefused(failures.classify(reply.status, reply.body, codes.BAIDU)) from None
