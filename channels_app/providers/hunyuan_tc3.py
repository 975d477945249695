"""Tencent Hunyuan by Tencent Cloud's own interface, each call signed (TC3). The vendor has announced its end."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from channels_app import codes, failures, hunyuan_images
from channels_app.contract import Call, ChannelFacts, ChannelKey, Failure, UpstreamRequest
from channels_app.provider import Errand, Field, Provider, gettext_noop
from channels_app.signing import tencent

_EXPIRED = "AuthFailure.SignatureExpire"
_OURS = frozenset({"x-tc-action", "content-type"})


class HunyuanTc3(Provider):
    slug = "hunyuan_tc3"
    label = "Tencent Hunyuan (signed, retired)"
    dialect = "hunyuan"
    base_url = "https://hunyuan.tencentcloudapi.com"
    key_parts = (
        Field("app_id", gettext_noop("APPID"), help=gettext_noop("Of the account; not part of the signature.")),
        Field("secret_id", gettext_noop("SecretId"), is_secret=True, is_required=True),
        Field("secret_key", gettext_noop("SecretKey"), is_secret=True, is_required=True),
    )
    fields = (Field("region", gettext_noop("Region"), help=gettext_noop("Sent as X-TC-Region, such as ap-guangzhou.")),)
    default_models = ("hunyuan-turbos-latest", "hunyuan-lite")
    codes = codes.HUNYUAN
    is_retired = True
    signs = True

    def address(self, channel: ChannelFacts, path: str) -> str:
        return (channel.base_url or self.base_url).rstrip("/") + "/"

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        return ()

    def sign(self, request: UpstreamRequest, channel: ChannelFacts, key: ChannelKey, now: float) -> UpstreamRequest:
        """Sign exactly the bytes that are sent; the host is added by the transport as it is signed here."""
        _, secret_id, secret_key = self.split(key)
        signed = tencent.headers(
            secret_id=secret_id,
            secret_key=secret_key,
            service="hunyuan",
            version="2023-09-01",
            action=dict(request.headers)["x-tc-action"],
            host=urlsplit(request.url).netloc,
            body=request.body,
            now=now,
            region=str(channel.options.get("region") or ""),
        )
        kept = tuple((name, value) for name, value in request.headers if name not in _OURS)
        return replace(request, headers=(*kept, *((name, value) for name, value in signed if name != "host")))

    def follow(self, call: Call, body: bytes, *, ticket: bytes, asked: int) -> Errand | None:
        """Ask after a picture's job."""
        found = hunyuan_images.errand(body, ticket, asked) if call.operation == hunyuan_images.OPERATION else None
        return Errand(found[0].path, found[1], found[0].body, found[0].headers) if found else None

    def classify(self, failure: Failure, body: bytes) -> Failure:
        """Tell a wrong clock from a wrong key."""
        judged = super().classify(failure, body)
        return failures.of_clock(judged) if judged.code == _EXPIRED else judged
