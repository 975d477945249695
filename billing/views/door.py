"""What the shop's pages share: the request as middleware leaves it, the buyer behind it, and private answers."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from accounts import legal, tenants
from accounts.models import Membership, Tenant
from accounts.scope import Actor
from billing import capability
from billing.orders import Buyer


class ShopRequest(HttpRequest):
    """A request after the tenancy middleware."""

    tenant: Tenant
    actor: Actor


def entering(request: HttpRequest) -> ShopRequest:
    """Return the request with its tenant and actor."""
    return cast(ShopRequest, request)


def address_of(request: HttpRequest) -> str | None:
    """Return the visitor's address; middleware has put the real one there."""
    return request.META.get("REMOTE_ADDR") or None


def in_app_address(request: HttpRequest) -> str:
    """Return the page's address where it stands in WeChat's or QQ's own browser, which open no other app; else nothing."""
    agent = request.headers.get("User-Agent", "")
    return request.build_absolute_uri() if "MicroMessenger/" in agent or " QQ/" in agent else ""


def device_of(request: HttpRequest) -> str:
    """Return what the visitor looks at, as `payments.base.Links.device` says it."""
    agent = request.headers.get("User-Agent", "")
    inside = {"MicroMessenger/": "wechat", " QQ/": "qq", "AlipayClient/": "alipay", "Mobile": "mobile", "Android": "mobile"}
    return next((device for mark, device in inside.items() if mark in agent), "pc")


def buyer_of(request: ShopRequest, *, email: str, contact: str) -> Buyer:
    """Return who orders on a page that says which of the shop's pages are accepted by that."""
    language = get_language() or ""
    return Buyer(
        email=email, contact=contact, membership=request.actor.membership, address=address_of(request), language=language,
        site=capability.site_of(request), accepted=legal.standing(tenant=request.tenant, language=language),
    )  # fmt: skip


def member_of(request: ShopRequest) -> Membership:
    """Return the signed-in person's membership here, made when the shop is open to all. Raises accounts.tenants.NotAdmitted."""
    if request.actor.membership is not None:
        return request.actor.membership
    if request.actor.user is None:
        raise tenants.NotAdmitted("sign in first")
    return tenants.join(tenant=request.tenant, user=request.actor.user, by_policy=True)


def private(response: HttpResponse) -> HttpResponse:
    """Keep an answer out of caches, search engines and other sites' logs.

    The policy is `same-origin`, not `no-referrer`: under that one browsers send `Origin: null` with our own forms, which
    the forgery protection must refuse.
    """
    response["Cache-Control"] = "no-store, private"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "same-origin"
    return response
