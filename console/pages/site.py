"""Doors every visitor may use: landing page, brand stylesheet, theme, style guide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts import captcha, visits
from accounts.models import TenantDomain
from billing import catalogue, limits, means, selectors, welcome
from billing.price_sheet import Sheet
from billing.views import found_by
from billing.views.door import device_of
from channels_app import outlook
from console.pages import brand, models, offer
from console.pages.context import ANNOUNCEMENT_COOKIE, THEME_COOKIE, THEMES, announcement_version
from console.pages.door import PageRequest
from console.pages.key_forms import KeyForm
from foundation.forms import HouseForm

TEASER = 3
# What `partials/icon.html` can draw.
ICONS = (
    "menu",
    "cube",
    "chat",
    "globe",
    "theme",
    "person",
    "key",
    "wallet",
    "list",
    "chart",
    "home",
    "ticket",
    "gift",
    "bolt",
    "shield",
    "scale",
    "arrow",
    "shop",
    "cards",
    "flame",
    "spark",
    "star",
)
DAY_SECONDS = 24 * 3600
YEAR_SECONDS = 365 * DAY_SECONDS


@visits.shown
@require_safe
def landing(request: PageRequest) -> HttpResponse:
    """Show what this host is: the platform, or one tenant's shop."""
    tenant, addresses = request.tenant, found_by.landing_page(request)
    if tenant.parent_id is None:
        model = next(iter(offer.at(tenant_id=tenant.pk)), "gpt-4o-mini")
        return render(request, "console/landing.html", {"model": model, "shop_url": _shop_url(request), **addresses})
    return render(
        request,
        "console/storefront.html",
        {"cards": selectors.cards(tenant=tenant)[:TEASER], "welcome": welcome.of(tenant, device=device_of(request)), **addresses},
    )


def _shop_url(request: PageRequest) -> str:
    """Say where one can buy: here, when the platform sells itself; in the demo, at its reseller's; else nowhere."""
    if catalogue.on_sale(tenant=request.tenant).exists():
        return f"{request.META.get('SCRIPT_NAME', '')}/shop/"
    shop = TenantDomain.objects.filter(is_primary=True).order_by("pk").first() if settings.DEMO else None
    port = request.get_port()
    return f"{request.scheme}://{shop.host}:{port}/shop/" if shop else ""


@visits.shown
@require_safe
def brand_css(request: PageRequest) -> HttpResponse:
    """Serve the tenant's colour; the address carries its version, so that it may be kept for a year."""
    response = HttpResponse(brand.stylesheet(request.tenant.colour), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie and go back."""
    theme = request.POST.get("theme", "auto")
    response = _back(request)
    if theme in THEMES:
        _remember(response, request, THEME_COOKIE, theme)
    return response


@require_POST
def put_announcement_away(request: PageRequest) -> HttpResponse:
    """Show this visitor the announcement no more, until it says something else."""
    response = HttpResponse() if "HX-Request" in request.headers else _back(request)
    _remember(response, request, ANNOUNCEMENT_COOKIE, announcement_version(request.tenant))
    return response


def _back(request: HttpRequest) -> HttpResponse:
    """Go back to where the form stood."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        target = request.META.get("SCRIPT_NAME", "") + "/"
    return redirect(target)


def _remember(response: HttpResponse, request: HttpRequest, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure(), httponly=True)


class SampleForm(HouseForm):
    """The human check as forms carry it."""

    human = captcha.HumanField()


class ForeignForm(forms.Form):
    """A form that is not ours, as allauth's are."""

    remember = forms.BooleanField(label="Remember me", required=False)
    login = forms.CharField(label="E-mail or username", required=False)


def _sample_line() -> models.Line:
    """Return a model that had a bad morning."""
    slots = (*["ok"] * 18, "mixed", "failed", "failed", "unknown", "ok", "ok")
    sheet = Sheet(2_500_000, 10_000_000, 10_000, others=(("cache_read", 1_250_000),), steps=((200_000, 5_000_000, 15_000_000),))
    return models.Line(outlook.Outlook("gpt-4o-mini", "ok", 180, slots), sheet)


@require_safe
def styleguide(request: PageRequest) -> HttpResponse:
    """Show every building block of the pages, for platform staff."""
    if not request.actor.is_platform:
        raise Http404
    form = KeyForm(model_names=("gpt-4o-mini", "claude-sonnet"), data={"name": "", "nonce": "sample"})
    card = selectors.Card(
        slug="sample", name="Five dollars", description="A product card.", kind="code", units="$5.00", price="¥39.00", compare="¥45.00",
        unit_price="¥7.80", stock=3, stock_label="3 left", tone="warning", currency="CNY", tag="hot", tag_text="Hot",
    )  # fmt: skip
    context = {
        "form": form, "human": SampleForm(), "foreign": ForeignForm(), "icons": ICONS, "pay_icons": [*means.LABELS, "other"],
        "card": card, "now": timezone.now(),
        "chart": _sample_chart(), "windows": _sample_windows(), "line": _sample_line(), "slots": outlook.SLOTS,
    }  # fmt: skip
    return render(request, "console/styleguide.html", context)


def _sample_chart() -> dict[str, Any]:
    days = range(14)
    series = [{"label": "Spent, $", "values": [day % 5 for day in days]}]
    return {"days": [DAY_SECONDS * (20_000 + day) for day in days], "series": series, "prefix": "$", "is_money": True}


def _sample_windows() -> list[limits.Window]:
    return [limits.Window("key", 2_500_000, 10_000_000, None), limits.Window("day", 500_000, 500_000, None)]
