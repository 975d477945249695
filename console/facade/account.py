"""The site and the person: status, oneself, models, prices, groups, a new access token, topping up by a code."""

from __future__ import annotations

import time
from typing import Any

from django.db import transaction
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access_tokens, tenants
from billing import codes, ledger, price_lists
from console.facade import shapes
from console.facade.base import FacadeView, Refused, done
from console.pages import offer
from console.pages.context import base_url
from gateway import selectors

_STARTED = int(time.time())


class StatusView(FacadeView):
    """What the site is."""

    def get(self, request: Request) -> Response:
        return done(
            {
                "version": "v0.0.0",
                "start_time": _STARTED,
                "system_name": tenants.spoken(self.tenant).name,
                "logo": self.tenant.logo_url,
                "footer_html": "",
                "server_address": base_url(request._request),
                "top_up_link": request.build_absolute_uri(reverse("shop")),
                "quota_per_unit": shapes.UNITS_PER_DOLLAR,
                "display_in_currency": True,
                "email_verification": True,
                "github_oauth": False,
                "github_client_id": "",
                "wechat_login": False,
                "wechat_qrcode": "",
                "turnstile_check": False,
                "turnstile_site_key": "",
                "chat_link": "",
            }
        )


class TextView(FacadeView):
    """The announcement; nothing more is said at the other two addresses."""

    def get(self, request: Request) -> Response:
        return done(tenants.spoken(self.tenant).announcement if request.path.rstrip("/").endswith("notice") else "")


class SelfView(FacadeView):
    """Who calls, with what is left and what was used."""

    subject = "account"

    def get(self, request: Request) -> Response:
        balance = ledger.balance(membership_id=self.member.pk)
        used = selectors.used_by(membership_id=self.member.pk)
        return done(shapes.user(self.member, left_micros=balance.available_micros, used_micros=used.price_micros, calls=used.calls))


class ModelsView(FacadeView):
    """The models the caller's group may call."""

    subject = "account"

    def get(self, request: Request) -> Response:
        return done(list(offer.models(self.member)))


class TokenView(FacadeView):
    """A new access token in the place of the one that asks: the old one ends."""

    subject = "tokens"

    def get(self, request: Request) -> Response:
        old = self.token
        if "tokens:write" not in old.scopes:
            raise Refused("The access token lacks the scope tokens:write: make one that has it.")
        with transaction.atomic():
            made = access_tokens.issue(membership=self.member, name=old.name, scopes=old.scopes, expires_at=old.expires_at)
            access_tokens.revoke(token=old)
        return done(made.secret)


class TopUpView(FacadeView):
    """Redeem a code: the answer is the number of units it brought."""

    subject = "wallet"

    def post(self, request: Request) -> Response:
        code = request.data.get("key") if isinstance(request.data, dict) else None
        try:
            brought = codes.redeem(membership=self.member, code=str(code or ""), address=request.META.get("REMOTE_ADDR"))
        except codes.CannotRedeem as error:
            raise Refused(str(error)) from None
        return done(shapes.units_left(brought.units_micros))


class PricingView(FacadeView):
    """Prices of what can be called, of the caller's group where the token tells who it is. Sub-keys may ask as well."""

    def get(self, request: Request) -> Response:
        group = "default"
        book = price_lists.load(self.tenant.pk)
        found = ((model, book.resolve(model, group=group)) for model in offer.at(tenant_id=self.tenant.pk, group=group))
        rows: list[dict[str, Any]] = [shapes.price(model, price, groups=[group]) for model, price in found if price is not None]
        return done(rows, group_ratio={group: 1}, usable_group={group: group})


class GroupsView(FacadeView):
    """The caller's group."""

    subject = "account"

    def get(self, request: Request) -> Response:
        group = self.member.group
        return done({group: {"ratio": 1, "desc": group}} if "self" in request.path else [group])
