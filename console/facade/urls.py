"""The addresses; each with and without a slash behind, as both products answer."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from console.facade.account import GroupsView, ModelsView, PricingView, SelfView, StatusView, TextView, TokenView, TopUpView
from console.facade.base import FacadeView
from console.facade.logs import KeyLogView, KeyView, LogView, StatView
from console.facade.tokens import OneTokenView, TokensView

VIEWS: dict[str, type[FacadeView]] = {
    "status": StatusView,
    "notice": TextView,
    "about": TextView,
    "home_page_content": TextView,
    "user/self": SelfView,
    "user/self/groups": GroupsView,
    "user/models": ModelsView,
    "user/available_models": ModelsView,
    "user/token": TokenView,
    "user/topup": TopUpView,
    "token": TokensView,
    "token/search": TokensView,
    "token/<int:number>": OneTokenView,
    "log/self": LogView,
    "log/self/stat": StatView,
    "log/self/search": LogView,
    "log/token": KeyLogView,
    "usage/token": KeyView,
    "pricing": PricingView,
    "group": GroupsView,
}
urlpatterns: list[URLPattern] = [
    path(f"api/{address}{end}", csrf_exempt(view.as_view())) for address, view in VIEWS.items() for end in ("", "/")
]
