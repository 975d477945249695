"""Routing in the API: how calls choose, which channel groups serve a customer group, which models stand in, other names of models."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from channels_app.models import FallbackChain, GroupRoute, ModelAlias, RoutingPolicy
from console.api.fields import Prose, Words
from console.api.filters import Text
from console.api.rows import Deletable, EditableRows, ForShop, documented


class PolicyForm(serializers.Serializer[Any]):
    """How calls choose among channels of one priority."""

    mode = serializers.ChoiceField(choices=RoutingPolicy.Mode.choices)
    sticky_seconds = serializers.IntegerField(min_value=0, max_value=2_147_483_647, required=False, help_text="0 = never.")
    utility_model = Prose(max_length=120, required=False, help_text="Answers titles and summaries asked for by names that are not offered.")


class PolicyNew(ForShop, PolicyForm):
    """A policy of one's own in place of the seller's."""


class PolicyShown(serializers.Serializer[Any]):
    """A shop's policy."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    mode = serializers.ChoiceField(choices=RoutingPolicy.Mode.choices)
    sticky_seconds = serializers.IntegerField()
    utility_model = serializers.CharField()


@documented("routing_policies")
class PoliciesView(EditableRows, Deletable):
    """Policies: at most one a shop."""

    model = RoutingPolicy
    subject = "channels"
    related = ("tenant",)
    serializer_class = PolicyShown
    form, form_new = PolicyForm, PolicyNew


class RouteForm(serializers.Serializer[Any]):
    """Which channel groups serve a customer group."""

    group = Words(max_length=40)
    channel_groups = serializers.ListField(child=Words(max_length=40), min_length=1, max_length=100)


class RouteNew(ForShop, RouteForm):
    """A new route."""


class RouteShown(serializers.Serializer[Any]):
    """A route."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    group = serializers.CharField()
    channel_groups = serializers.ListField(child=serializers.CharField())


@documented("group_routes")
class RoutesView(EditableRows, Deletable):
    """Routes of groups."""

    model = GroupRoute
    subject = "channels"
    related = ("tenant",)
    serializer_class = RouteShown
    form, form_new = RouteForm, RouteNew
    filters = (Text("group"),)


class ChainForm(serializers.Serializer[Any]):
    """Which models stand in, in this order, when nobody can answer for a model."""

    model = Words(max_length=120)
    stand_ins = serializers.ListField(child=Words(max_length=120), min_length=1, max_length=20)


class ChainNew(ForShop, ChainForm):
    """A new chain."""


class ChainShown(serializers.Serializer[Any]):
    """A chain."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    model = serializers.CharField()
    stand_ins = serializers.ListField(child=serializers.CharField())


@documented("fallback_chains")
class ChainsView(EditableRows, Deletable):
    """Fallback chains."""

    model = FallbackChain
    subject = "channels"
    related = ("tenant",)
    serializer_class = ChainShown
    form, form_new = ChainForm, ChainNew
    filters = (Text("model"),)


class AliasForm(serializers.Serializer[Any]):
    """A name that nobody serves, and the model that answers under it; a `*` in the name stands for anything."""

    name = serializers.RegexField(r"^[^*\x00]*\*?[^*\x00]*$", max_length=120)
    model = Words(max_length=120)


class AliasNew(ForShop, AliasForm):
    """A new alias."""


class AliasShown(serializers.Serializer[Any]):
    """An alias."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    name = serializers.CharField()
    model = serializers.CharField()


@documented("model_aliases")
class AliasesView(EditableRows, Deletable):
    """Other names of models."""

    model = ModelAlias
    subject = "channels"
    related = ("tenant",)
    serializer_class = AliasShown
    form, form_new = AliasForm, AliasNew
    filters = (Text("name"), Text("model"))
