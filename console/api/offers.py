"""What is around a shop's products, in the API: the shelves they lie on, and coupons."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from billing import catalogue, desk
from console.api import texts
from console.api.errors import Refused
from console.api.fields import Above0, Amount, Count, Currency, Id, Place, Prose, Words
from console.api.filters import Choice, Flag, Slug, Text
from console.api.rows import DeskRows, ForShop, documented
from console.api.texts import SLUG

KINDS = desk.choices("coupon", "kind")
_PERCENT_WHOLE = 10_000


def check_texts(row: Any) -> None:
    """Refuse addresses that another row has, and questions that ask something else in another language; nothing is kept then."""
    try:
        catalogue.check_texts(row)
    except catalogue.BadProduct as error:
        raise Refused(str(error), field="translations") from None


class CategoryForm(serializers.Serializer[Any]):
    """A shelf."""

    name = Words(max_length=80)
    slug = serializers.RegexField(SLUG, max_length=60)
    description = Prose(max_length=20_000, required=False, help_text="Markdown.")
    translations = texts.translations("Category", desk.translatable("category"))
    is_active = serializers.BooleanField(required=False)
    sort = Place(required=False)


class CategoryNew(ForShop, CategoryForm):
    """A new shelf."""


class CategoryShown(serializers.Serializer[Any]):
    """A shelf of the shop."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    name = serializers.CharField()
    slug = serializers.CharField()
    description = serializers.CharField()
    translations = texts.translations("Category", desk.translatable("category"))
    is_active = serializers.BooleanField()
    sort = serializers.IntegerField()


@documented("categories")
class CategoriesView(DeskRows):
    """Shelves."""

    subject = "products"
    table = "category"
    related = ("tenant",)
    serializer_class = CategoryShown
    form, form_new = CategoryForm, CategoryNew
    filters = (Slug(), Flag("is_active"))

    def put(self, row: Any, values: dict[str, Any]) -> None:
        catalogue.lock_addresses(row.tenant)
        super().put(row, values)
        check_texts(row)


class CouponForm(serializers.Serializer[Any]):
    """A reduction: `value` is in minor units of the currency, or for `percent` in hundredths of a per cent."""

    code = Words(max_length=40)
    kind = serializers.ChoiceField(choices=KINDS)
    value = Above0()
    currency = Currency(required=False)
    least_minor = Amount(required=False, help_text="Counts from this sum on.")
    most_minor = Above0(allow_null=True, required=False, help_text="Takes at most so much off.")
    starts_at = serializers.DateTimeField(allow_null=True, required=False)
    ends_at = serializers.DateTimeField(allow_null=True, required=False)
    most_uses = Count(allow_null=True, required=False)
    most_uses_each = Count(allow_null=True, required=False)
    not_with_tiers = serializers.BooleanField(required=False, help_text="Does not count on prices for many.")
    first_only = serializers.BooleanField(required=False, help_text="Only for who has paid for no order here.")
    group = Prose(max_length=40, required=False, help_text="Only for customers of this group; empty = all.")
    products = serializers.ListField(child=Id(), required=False, max_length=200, help_text="Only for these; empty = all.")
    is_active = serializers.BooleanField(required=False)


class CouponNew(ForShop, CouponForm):
    """A new coupon."""


class CouponShown(serializers.Serializer[Any]):
    """A coupon, and how often orders took it."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    code = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    value = serializers.IntegerField()
    currency = serializers.CharField()
    least_minor = serializers.IntegerField()
    most_minor = serializers.IntegerField(allow_null=True)
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    most_uses = serializers.IntegerField(allow_null=True)
    most_uses_each = serializers.IntegerField(allow_null=True)
    not_with_tiers = serializers.BooleanField()
    first_only = serializers.BooleanField()
    group = serializers.CharField()
    used = serializers.IntegerField()
    products = serializers.SerializerMethodField()
    is_active = serializers.BooleanField()

    def get_products(self, coupon: Any) -> list[int]:
        return sorted(product.pk for product in coupon.products.all())


@documented("coupons")
class CouponsView(DeskRows):
    """Coupons."""

    subject = "products"
    table = "coupon"
    related = ("tenant",)
    serializer_class = CouponShown
    form, form_new = CouponForm, CouponNew
    filters = (Flag("is_active"), Choice("kind", [kind for kind, _ in desk.choices("coupon", "kind")]), Text("code", "code__iexact"))

    def get_queryset(self) -> Any:
        return super().get_queryset().prefetch_related("products")

    def put(self, row: Any, values: dict[str, Any]) -> None:
        numbers = values.pop("products", None)
        is_percent = values.get("kind", row.kind) == "percent"
        if is_percent and values.get("value", row.value) > _PERCENT_WHOLE:
            raise Refused(_("At most 10000: hundredths of a per cent."), field="value")
        values["currency"] = (values.get("currency") or row.currency or "CNY").upper()
        super().put(row, values)
        if numbers is not None:
            row.products.set([self.of(desk.rows("product"), row.tenant, number) for number in numbers])
