"""Baidu Wenxin by its interface v1, each call signed with an access key of Baidu Cloud (bce-auth-v1)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from channels_app import codes
from channels_app.contract import ChannelFacts, ChannelKey, UpstreamRequest
from channels_app.provider import Field, Provider, gettext_noop
from channels_app.signing import baidu

_SECONDS = 300


class BaiduIam(Provider):
    slug = "baidu_iam"
    label = "Baidu Wenxin (v1, signed)"
    dialect = "baidu"
    base_url = "https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop"
    key_parts = (
        Field("access_key", gettext_noop("Access key"), is_secret=True, is_required=True),
        Field("secret_key", gettext_noop("Secret key"), is_secret=True, is_required=True),
    )
    default_models = ("ERNIE-4.0-8K", "ERNIE-3.5-8K", "ERNIE-Speed-8K")
    codes = codes.BAIDU
    signs = True

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        return ()

    def sign(self, request: UpstreamRequest, channel: ChannelFacts, key: ChannelKey, now: float) -> UpstreamRequest:
        """Sign method, path, host and date; the body is not signed."""
        access_key, secret_key = self.split(key)
        parts = urlsplit(request.url)
        date = baidu.timestamp(now)
        signature = baidu.authorization(
            access_key=access_key,
            secret_key=secret_key,
            method=request.method,
            path=parts.path,
            query={},
            headers={"host": parts.netloc, "x-bce-date": date},
            now=now,
            lifetime_seconds=_SECONDS,
        )
        return replace(request, headers=(*request.headers, ("x-bce-date", date), ("authorization", signature)))
