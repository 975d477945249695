"""What a shop sells, in the API: products, the shelves they lie on, coupons."""

from __future__ import annotations

from typing import Any

from django.db.models import Count as Counted
from django.db.models import Q
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from billing import catalogue, desk, offers
from console.admin.base import facts
from console.api.errors import Refused
from console.api.fields import Above0, Amount, Count, Currency, Id, Place, Prose, Words
from console.api.filters import Flag, Number, Text
from console.api.rows import DeskRows, ForShop, documented

_SLUG = r"^[-a-zA-Z0-9_]+$"
STOCK_SHOWN, KINDS = desk.choices("product", "stock_shown"), desk.choices("coupon", "kind")
_PERCENT_WHOLE = 10_000


class Tier(serializers.Serializer[Any]):
    """The price of each where at least so many are bought."""

    price_minor = Above0()

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python's own.
        return {"from": serializers.IntegerField(min_value=2, max_value=32_767), **super().get_fields()}


class ProductForm(serializers.Serializer[Any]):
    """What can be set; amounts in minor units of the product's currency."""

    name = Words(max_length=120, required=True)
    price_minor = Above0()
    description = Prose(max_length=20_000, required=False)
    instructions = Prose(max_length=20_000, required=False, help_text="Shown to the buyer after payment.")
    category = Id(allow_null=True, required=False)
    compare_minor = Above0(allow_null=True, required=False, help_text="A struck price beside the price.")
    tiers = serializers.ListField(child=Tier(), required=False, max_length=20)
    stock_shown = serializers.ChoiceField(choices=STOCK_SHOWN, required=False)
    least_pieces = serializers.IntegerField(min_value=1, max_value=32_767, required=False)
    most_pieces = serializers.IntegerField(min_value=1, max_value=32_767, required=False)
    most_each = Count(allow_null=True, required=False, help_text="Pieces per customer.")
    is_active = serializers.BooleanField(required=False)
    sort = Place(required=False)


class ProductNew(ForShop, ProductForm):
    """A new product: its denomination and currency stay for ever."""

    units_micros = Above0()
    currency = Currency()
    slug = serializers.RegexField(_SLUG, max_length=60, required=False)


class ProductShown(serializers.Serializer[Any]):
    """A product; `stock` counts the codes that can be sold."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    instructions = serializers.CharField()
    units_micros = serializers.IntegerField()
    price_minor = serializers.IntegerField()
    currency = serializers.CharField()
    category = serializers.IntegerField(source="category_id", allow_null=True)
    compare_minor = serializers.IntegerField(allow_null=True)
    tiers = serializers.ListField(child=serializers.DictField(child=serializers.IntegerField()))
    stock_shown = serializers.ChoiceField(choices=STOCK_SHOWN)
    least_pieces = serializers.IntegerField()
    most_pieces = serializers.IntegerField()
    most_each = serializers.IntegerField(allow_null=True)
    is_active = serializers.BooleanField()
    sort = serializers.IntegerField()
    stock = serializers.IntegerField(default=0)
    created_at = serializers.DateTimeField()


@documented("products")
class ProductsView(DeskRows):
    """Products."""

    subject = "products"
    table = "product"
    related = ("tenant",)
    serializer_class = ProductShown
    form, form_new = ProductForm, ProductNew
    filters = (Flag("is_active"), Number("category"), Text("slug"), Text("shop", "tenant__slug"))

    def get_queryset(self) -> Any:
        return super().get_queryset().annotate(stock=Counted("batches__codes", filter=Q(batches__codes__state="available")))

    def create(self, request: Request) -> Response:
        values = self.read(ProductNew)
        own = {name: values.pop(name) for name in ("name", "units_micros", "price_minor", "currency")}
        more = {name: values.pop(name) for name in ("slug", "description", "instructions") if name in values}
        try:
            product = catalogue.add_product(tenant=self.shop(values.pop("shop", None)), **own, **more)
        except catalogue.BadProduct as error:
            raise Refused(str(error)) from None
        self.put(product, values)
        self.record("add", product, after=facts(product))
        return Response(self.tell(product), status=status.HTTP_201_CREATED)

    def put(self, row: Any, values: dict[str, Any]) -> None:
        if values.get("category") is not None:
            values["category"] = self.of(desk.rows("category"), row.tenant, values["category"])
        if "tiers" in values or "price_minor" in values:
            try:
                offers.check_tiers(values.get("tiers", row.tiers), price_minor=values.get("price_minor", row.price_minor))
            except ValueError as error:
                raise Refused(str(error), field="tiers") from None
        super().put(row, values)


class CategoryForm(serializers.Serializer[Any]):
    """A shelf."""

    name = Words(max_length=80)
    slug = serializers.RegexField(_SLUG, max_length=60)
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
    filters = (Text("slug"), Flag("is_active"))


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
    filters = (Flag("is_active"), Text("code", "code__iexact"))

    def get_queryset(self) -> Any:
        return super().get_queryset().prefetch_related("products")

    def put(self, row: Any, values: dict[str, Any]) -> None:
        numbers = values.pop("products", None)
        is_percent = values.get("kind", row.kind) == "percent"
        if is_percent and values.get("value", row.value) > _PERCENT_WHOLE:
            raise Refused("At most 10000: hundredths of a per cent.", field="value")
        values["currency"] = (values.get("currency") or row.currency or "CNY").upper()
        super().put(row, values)
        if numbers is not None:
            row.products.set([self.of(desk.rows("product"), row.tenant, number) for number in numbers])
