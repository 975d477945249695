"""Baidu Wenxin by its interface v1: API key and secret key are exchanged for an access token, which stands in the address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from channels_app import codes, lenient
from channels_app.addresses import origin
from channels_app.contract import Call, ChannelFacts, ChannelKey, Failure, FailureKind, Secret, UpstreamRequest
from channels_app.inquiry import Inquiry
from channels_app.provider import Field, Provider, Token, TokenRefused, gettext_noop

_DESK = "/oauth/2.0/token"
_READY = "x-access-token"
_STALE = frozenset({"100", "110", "111"})


class Baidu(Provider):
    slug = "baidu"
    label = "Baidu Wenxin (v1, API key and secret key)"
    dialect = "baidu"
    base_url = "https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop"
    key_parts = (
        Field("api_key", gettext_noop("API key"), is_secret=True, is_required=True),
        Field("secret_key", gettext_noop("Secret key"), is_secret=True, is_required=True),
    )
    default_models = ("ERNIE-4.0-8K", "ERNIE-3.5-8K", "ERNIE-Speed-8K")
    codes = codes.BAIDU
    has_token = True
    signs = True

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        """Lay the access token ready for `sign`."""
        return ((_READY, key.secret.reveal()),)

    def sign(self, request: UpstreamRequest, channel: ChannelFacts, key: ChannelKey, now: float) -> UpstreamRequest:
        """Put the access token into the address, which becomes a secret by that."""
        token = dict(request.headers)[_READY]
        kept = tuple(header for header in request.headers if header[0] != _READY)
        return replace(request, url=f"{request.url}?{urlencode({'access_token': token})}", headers=kept)

    def mend(self, call: Call, failure: Failure) -> Call | None:
        """Ask once more, with a new access token, where the vendor no longer takes the one it gave."""
        return call if failure.code in _STALE else None

    def token(self, channel: ChannelFacts, key: ChannelKey, now: float) -> Inquiry[Token]:
        """Ask for an access token; the vendor's own `expires_in` says how long it is good."""
        api_key, secret_key = self.split(key)
        asked = urlencode({"grant_type": "client_credentials", "client_id": api_key, "client_secret": secret_key})
        reply = yield UpstreamRequest(
            "POST", f"{origin(channel.base_url or self.base_url)}{_DESK}?{asked}", (("accept", "application/json"),)
        )
        found = _decoded(reply.body)
        if not isinstance(found.get("access_token"), str):
            told = str(found.get("error_description") or found.get("error") or "the vendor gives no token")
            kind = FailureKind.BAD_KEY if "error" in found else FailureKind.UPSTREAM
            raise TokenRefused(Failure(kind, told, status=reply.status, code=found.get("error")))
        return Token(Secret(found["access_token"]), float(found.get("expires_in") or 0))


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        found = lenient.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
