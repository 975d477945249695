"""Promotions in the API: which customer group is reached by which spending; a task climbs the ladder every hour."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from console.api.fields import Above0, Words
from console.api.filters import Text
from console.api.rows import Deletable, DeskRows, ForShop, documented


class PromotionForm(serializers.Serializer[Any]):
    """A rung of the ladder: just one of the two amounts, in the shop's currency or in µ$."""

    group = Words(max_length=40)
    rank = serializers.IntegerField(min_value=1, max_value=32_767, help_text="Who reaches several groups gets that of the highest.")
    paid_minor = Above0(allow_null=True, required=False)
    used_micros = Above0(allow_null=True, required=False)
    days = serializers.IntegerField(min_value=1, max_value=32_767, allow_null=True, required=False, help_text="Null: ever since.")
    falls_back = serializers.BooleanField(required=False, help_text="Who reaches the group no more leaves it.")


class PromotionNew(ForShop, PromotionForm):
    """A new rung."""


class PromotionShown(serializers.Serializer[Any]):
    """A rung of the shop's ladder."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    group = serializers.CharField()
    rank = serializers.IntegerField()
    paid_minor = serializers.IntegerField(allow_null=True)
    used_micros = serializers.IntegerField(allow_null=True)
    days = serializers.IntegerField(allow_null=True)
    falls_back = serializers.BooleanField()


@documented("promotion_rules")
class PromotionsView(DeskRows, Deletable):
    """Promotions."""

    subject = "prices"
    table = "promotion"
    related = ("tenant",)
    serializer_class = PromotionShown
    form, form_new = PromotionForm, PromotionNew
    filters = (Text("group"), Text("shop", "tenant__slug"))
