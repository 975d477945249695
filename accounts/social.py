"""Sign-in services of a tenant: its apps with their secrets unsealed, where their pages are, and calls that cannot lead inside.

allauth speaks to the services with `requests`: its session goes through `foundation.outbound`, so that an OIDC address
that a reseller types cannot name a host in our own network.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.socialaccount.models import SocialApp
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from accounts.models import SignInApp, Tenant
from foundation import outbound, vault

SERVICES = ("github", "google", "openid_connect", "feishu", "dingtalk", "weixin", "telegram")
# Where a form on the sign-in page leads to.
_PAGES = {
    "github": "https://github.com",
    "google": "https://accounts.google.com",
    "feishu": "https://open.feishu.cn",
    "dingtalk": "https://login.dingtalk.com",
    "weixin": "https://open.weixin.qq.com",
    "telegram": "https://oauth.telegram.org",
}
TIMEOUT_SECONDS = 10.0


class OutboundAdapter(BaseAdapter):
    """Carries what `requests` sends through our own guarded client."""

    def send(self, request: requests.PreparedRequest, **_options: Any) -> requests.Response:  # type: ignore[override]  # options do not matter
        """Send one request; raise requests.ConnectionError when there is no answer or the address is inside."""
        body = request.body or b""
        try:
            answer = outbound.request(
                request.method or "GET",
                request.url or "",
                headers=[(name, _text(value)) for name, value in request.headers.items() if name.lower() != "content-length"],
                content=body.encode() if isinstance(body, str) else bytes(body),
                timeout_seconds=TIMEOUT_SECONDS,
            )
        except outbound.OutboundError as error:
            raise requests.ConnectionError(str(error)) from None
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status, request.url or "", request
        # The body is decoded already.
        response.headers = CaseInsensitiveDict({name: value for name, value in answer.headers if name != "content-encoding"})
        response._content = answer.body
        # As `requests` does it: WeChat's names are read from the bytes behind its text/plain.
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        return response

    def close(self) -> None:
        """Keep nothing open."""


def session() -> requests.Session:
    """Return a session whose calls are guarded."""
    found = requests.Session()
    found.trust_env = False
    for scheme in ("http://", "https://"):
        found.mount(scheme, OutboundAdapter())
    return found


def seal(secret: str) -> str:
    """Return an app's secret as it is kept."""
    return vault.seal(secret, context="sign-in-app")


def usable(apps: Iterable[SocialApp], *, tenant: Tenant) -> list[SocialApp]:
    """Return the tenant's own apps, with their secrets; apps without an owner are the platform's."""
    own = [app for app in apps if app.settings.get("tenant", tenant.pk if tenant.is_root else None) == tenant.pk]
    for app in own:
        if sealed := app.settings.get("sealed"):
            app.secret = vault.unseal(sealed, context="sign-in-app")
    return own


def origins(tenant: Tenant) -> list[str]:
    """Return where sign-in forms of this tenant lead to."""
    found = [_origin(app) for app in SignInApp.objects.filter(settings__tenant=tenant.pk)]
    return sorted({origin for origin in found if origin})


def _origin(app: SocialApp) -> str:
    if app.provider in _PAGES:
        return _PAGES[app.provider]
    parts = urlsplit(str(app.settings.get("server_url", "")))
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
