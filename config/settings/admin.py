"""The look of the two back offices: titles, sidebar and colours of Unfold, one dictionary a site."""

from __future__ import annotations

from typing import Any

import django_stubs_ext
from django.urls import reverse_lazy

# ModelAdmin, forms and paginators take type arguments in annotations; Django itself only half allows it.
django_stubs_ext.monkeypatch()

_COMMON: dict[str, Any] = {
    "SITE_URL": reverse_lazy("landing"),
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "console.admin.theme.mark"}],
    "STYLES": ["console.admin.theme.stylesheet"],
    "COLORS": {"primary": "console.admin.theme.primary"},
    "COMMAND": {"search_models": False, "show_history": False},
}

UNFOLD_PLATFORM: dict[str, Any] = {
    **_COMMON,
    "SITE_TITLE": "Keyosk",
    "SITE_HEADER": "Keyosk",
    "SITE_SUBHEADER": "console.admin.theme.platform_subheader",
    "SITE_SYMBOL": "hub",
    "SIDEBAR": {"navigation": "console.admin.navigation.platform"},
    "ACCOUNT": {"navigation": "console.admin.navigation.account"},
}
UNFOLD_RESELLER: dict[str, Any] = {
    **_COMMON,
    "SITE_TITLE": "console.admin.theme.tenant_name",
    "SITE_HEADER": "console.admin.theme.tenant_name",
    "SITE_SUBHEADER": "console.admin.theme.reseller_subheader",
    "SITE_SYMBOL": "storefront",
    "SIDEBAR": {"navigation": "console.admin.navigation.reseller"},
    "ACCOUNT": {"navigation": "console.admin.navigation.account"},
}
