"""What base.html needs on every page: the tenant's brand, the theme, the address it stands on."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts import legal, tenants
from accounts.models import LegalPage, Tenant
from billing import referrals
from console.pages import brand
from foundation.translations import PARAMETER

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"
# Holds the version of the announcement that a visitor has put away.
ANNOUNCEMENT_COOKIE = "announcement"


def _is_host_name(host: str) -> bool:
    """Tell a name from an address: passkeys work on names only."""
    bare = host.rsplit(":", 1)[0] if host.count(":") == 1 else host
    return not (bare.startswith("[") or bare.replace(".", "").isdigit())


def _legal(tenant: Tenant | None) -> list[tuple[str, str]]:
    return [(kind, str(LegalPage.Kind(kind).label)) for kind in legal.kinds(tenant)] if tenant else []


def announcement_version(tenant: Tenant) -> str:
    """Name a shop's announcement by what it says in all languages: another text is another announcement."""
    said = {language: texts.get("announcement", "") for language, texts in sorted(tenant.translations.items())}
    return hashlib.sha256(json.dumps([tenant.announcement, said]).encode()).hexdigest()[:12]


def _announcement(request: HttpRequest, said: Tenant | None) -> str:
    """Return what the shop announces, unless this visitor has put it away."""
    if said is None or not said.announcement:
        return ""
    is_away = request.COOKIES.get(ANNOUNCEMENT_COOKIE) == announcement_version(said.written or said)
    return "" if is_away else said.announcement


def _closure(tenant: Tenant | None) -> str:
    """Say why nothing is sold here, in a word for customers; nothing where the tenant is open."""
    if tenant is None or tenants.is_open(tenant):
        return ""
    if tenant.state == Tenant.State.CLOSED:
        return _("Nothing is sold here any more. Keys work on until their balance is used up; your data can be downloaded in the console.")
    return _("This shop is suspended for the time being. Keys are refused until it opens again; balances stay.")


def _here(request: HttpRequest) -> str:
    """Return where the visitor is, in whatever language they choose next."""
    asked = request.GET.copy()
    asked.pop(PARAMETER, None)
    return f"{request.path}?{asked.urlencode()}" if asked else request.path


def base_url(request: HttpRequest) -> str:
    """Give the address of this site without a trailing slash: what a client puts before `/v1`."""
    prefix = request.META.get("SCRIPT_NAME", "").rstrip("/")
    return f"{request.scheme}://{request.get_host()}{prefix}"


def keyosk(request: HttpRequest) -> dict[str, Any]:
    """Give `keyosk` to every template: tenant, name, announcement, colour version, theme, prefix, base_url, languages, …"""
    tenant: Tenant | None = getattr(request, "tenant", None)
    said = tenants.spoken(tenant) if tenant else None
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    prefix = request.META.get("SCRIPT_NAME", "").rstrip("/")
    return {
        "keyosk": {
            "tenant": said,
            "name": said.name if said else "Keyosk",
            "is_platform": tenant is None or tenant.parent_id is None,
            "logo_url": tenant.logo_url if tenant else "",
            "brand_version": brand.version(tenant.colour if tenant else brand.DEFAULT),
            "theme": theme if theme in THEMES else "auto",
            "themes": THEMES,
            "languages": [one for one in settings.LANGUAGES if not (tenant and tenant.languages) or one[0] in tenant.languages],
            "here": SimpleLazyObject(lambda: _here(request)),
            "legal": SimpleLazyObject(lambda: _legal(tenant)),
            "referrals": SimpleLazyObject(lambda: tenant is not None and referrals.program(tenant) is not None),
            "announcement": SimpleLazyObject(lambda: _announcement(request, said)),
            "closure": SimpleLazyObject(lambda: _closure(tenant)),
            "prefix": prefix,
            "base_url": base_url(request),
            "passkeys": _is_host_name(request.get_host()),
        }
    }
