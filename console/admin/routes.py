"""What a tenant decides about routing: the choice, the channel groups of customer groups, stand-ins and other names of models."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy

from channels_app.models import FallbackChain, GroupRoute, ModelAlias, RoutingPolicy
from console.admin.base import DeskAdmin, TenantColumn


class RoutingPolicyAdmin(TenantColumn, DeskAdmin[RoutingPolicy]):
    """How calls choose among channels of one priority."""

    list_display = ("mode", "sticky_seconds", "utility_model")
    list_select_related = ("tenant",)
    ordering = ("pk",)
    fields = ("tenant", "mode", "sticky_seconds", "utility_model")
    delete_roles = ("owner", "manager")


class GroupRouteAdmin(TenantColumn, DeskAdmin[GroupRoute]):
    """Which channel groups serve a customer group."""

    list_display = ("group", "served_by")
    list_select_related = ("tenant",)
    ordering = ("group", "pk")
    fields = ("tenant", "group", "channel_groups")
    delete_roles = ("owner", "manager")

    @admin.display(description=gettext_lazy("channel groups"))
    def served_by(self, route: GroupRoute) -> str:
        return ", ".join(route.channel_groups)


class FallbackChainAdmin(TenantColumn, DeskAdmin[FallbackChain]):
    """Which models stand in for a model that nobody can answer."""

    list_display = ("model", "order")
    list_select_related = ("tenant",)
    search_fields = ("model",)
    ordering = ("model", "pk")
    fields = ("tenant", "model", "stand_ins")
    delete_roles = ("owner", "manager")

    @admin.display(description=gettext_lazy("stand-ins"))
    def order(self, chain: FallbackChain) -> str:
        return " → ".join(chain.stand_ins)


class ModelAliasAdmin(TenantColumn, DeskAdmin[ModelAlias]):
    """Under which other names clients find a model."""

    list_display = ("name", "model")
    list_select_related = ("tenant",)
    search_fields = ("name", "model")
    ordering = ("name", "pk")
    fields = ("tenant", "name", "model")
    delete_roles = ("owner", "manager")
