"""Zhipu's ChatGLM by its retired interface v3: a JWT made anew for each call, in the header as it is."""

from __future__ import annotations

from dataclasses import replace

from channels_app import codes, failures
from channels_app.contract import ChannelFacts, ChannelKey, Failure, UpstreamRequest
from channels_app.provider import Field, Provider, gettext_noop
from channels_app.signing import zhipu

_TOKEN_SECONDS = 210
_EXPIRED = "1003"


class ZhipuV3(Provider):
    slug = "zhipu_v3"
    label = "Zhipu ChatGLM (v3, retired)"
    dialect = "zhipu"
    base_url = "https://open.bigmodel.cn/api/paas/v3"
    key_parts = (Field("key", gettext_noop("API key"), is_secret=True, is_required=True, help=gettext_noop("Written id.secret.")),)
    default_models = ("chatglm_std", "chatglm_pro", "chatglm_lite")
    codes = codes.ZHIPU
    is_retired = True
    signs = True

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        return ()

    def sign(self, request: UpstreamRequest, channel: ChannelFacts, key: ChannelKey, now: float) -> UpstreamRequest:
        """Add the token; a key that is not two parts goes out as it is, to be refused by the vendor."""
        try:
            shown = zhipu.token(key.secret.reveal(), now=now, lifetime_seconds=_TOKEN_SECONDS)
        except zhipu.BadKey:
            shown = "malformed"
        return replace(request, headers=(*request.headers, ("authorization", shown)))

    def classify(self, failure: Failure, body: bytes) -> Failure:
        """Tell a wrong clock from a wrong key: the token was made this very moment."""
        judged = super().classify(failure, body)
        return failures.of_clock(judged) if judged.code == _EXPIRED else judged
