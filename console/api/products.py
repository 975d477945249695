"""What a shop sells, in the API: products, and variants that lie on the page of another."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from billing import catalogue, desk, offers, questions, sellable, stock_costs
from console.admin.base import facts
from console.api import texts
from console.api.errors import Refused
from console.api.fields import Above0, Amount, Count, Currency, Id, Place, Prose, Words
from console.api.filters import Choice, Flag, Number, Slug, Text
from console.api.offers import check_texts
from console.api.rows import DeskRows, ForShop, documented
from console.api.texts import SLUG

STOCK_SHOWN, KINDS = desk.choices("product", "stock_shown"), desk.choices("product", "kind")
TAGS = [(tag, label) for tag, label in desk.choices("product", "tag") if tag]


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
    stock_left = serializers.IntegerField(
        min_value=0, max_value=999_999, allow_null=True, required=False, help_text="Of what is delivered by hand; null = any number."
    )
    low_stock = serializers.IntegerField(
        min_value=0,
        max_value=2_147_483_647,
        allow_null=True,
        required=False,
        help_text="Below so many pieces staff are told; null = never.",
    )
    bonus_micros = Amount(required=False, help_text="Of a top-up: what comes on top.")
    bonus_days = serializers.IntegerField(min_value=1, max_value=32_767, required=False, help_text="Then what is left of it is gone.")
    slug = serializers.RegexField(SLUG, max_length=60, required=False)
    lead = Id(allow_null=True, required=False, help_text="The product on whose page this one is offered.")
    choice = Prose(max_length=60, required=False, help_text="Its name as a choice there, such as $5.")
    asked = Prose(max_length=5_000, required=False, help_text="Asked of buyers, one a line: `Account *`, `Region = EU | US`.")
    summary = Prose(max_length=160, required=False, help_text="One line below the name.")
    tag = serializers.ChoiceField(choices=TAGS, allow_blank=True, required=False, help_text="A label on its card; empty: none.")
    tag_text = Prose(max_length=24, required=False, help_text="Own words on the label; empty: the tag's, in the reader's language.")
    meta_title = Prose(max_length=120, required=False, help_text="For search engines; empty: the name.")
    meta_description = Prose(max_length=300, required=False, help_text="For search engines; empty: the summary, else the description.")
    translations = texts.translations("Product", desk.translatable("product"))
    is_active = serializers.BooleanField(required=False)
    sort = Place(required=False)


class ProductNew(ForShop, ProductForm):
    """A new product: its kind, denomination and currency stay for ever."""

    kind = serializers.ChoiceField(choices=KINDS, default="code")
    units_micros = Amount(default=0, help_text="Of a code or a ready key; 0 of what holds no quota.")
    currency = Currency()


class ProductShown(serializers.Serializer[Any]):
    """A product; `stock` is how many pieces can be sold now.

    `cost_minor` is what the quota of a piece cost the shop on the average of what it paid for stock in this currency (null: nobody
    knows), `margin_minor` what is left of the lowest price. `held_back` says why the shop hides what is on sale: no account takes
    the `currency`, nor a rate leads to one that is taken; or the price is above the platform's `ceiling`.
    """

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    lead = serializers.IntegerField(source="lead_id", allow_null=True)
    choice = serializers.CharField()
    asked = serializers.SerializerMethodField()
    summary = serializers.CharField()
    tag = serializers.ChoiceField(choices=TAGS, allow_blank=True)
    tag_text = serializers.CharField()
    meta_title = serializers.CharField()
    meta_description = serializers.CharField()
    translations = texts.translations("Product", desk.translatable("product"))
    description = serializers.CharField()
    instructions = serializers.CharField()
    units_micros = serializers.IntegerField()
    price_minor = serializers.IntegerField()
    currency = serializers.CharField()
    category = serializers.IntegerField(source="category_id", allow_null=True)
    compare_minor = serializers.IntegerField(allow_null=True)
    tiers = serializers.ListField(child=serializers.DictField(child=serializers.IntegerField()))
    stock_left = serializers.IntegerField(allow_null=True)
    low_stock = serializers.IntegerField(allow_null=True)
    bonus_micros = serializers.IntegerField()
    bonus_days = serializers.IntegerField()
    stock_shown = serializers.ChoiceField(choices=STOCK_SHOWN)
    least_pieces = serializers.IntegerField()
    most_pieces = serializers.IntegerField()
    most_each = serializers.IntegerField(allow_null=True)
    is_active = serializers.BooleanField()
    sort = serializers.IntegerField()
    stock = serializers.IntegerField(default=0)
    cost_minor = serializers.SerializerMethodField()
    margin_minor = serializers.SerializerMethodField()
    held_back = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_asked(self, product: Any) -> str:
        return questions.spell(product.questions)

    def get_cost_minor(self, product: Any) -> int | None:
        return stock_costs.of(product)

    def get_margin_minor(self, product: Any) -> int | None:
        return stock_costs.margin(product)

    @extend_schema_field(serializers.ChoiceField(choices=sellable.Reason.choices, allow_null=True))
    def get_held_back(self, product: Any) -> str | None:
        return sellable.held_back([product]).get(product.pk) if product.is_active else None


@documented("products")
class ProductsView(DeskRows):
    """Products."""

    subject = "products"
    table = "product"
    related = ("tenant",)
    serializer_class = ProductShown
    form, form_new = ProductForm, ProductNew
    filters = (
        Flag("is_active"), Choice("kind", [kind for kind, _ in KINDS]), Number("category"), Number("lead"), Slug(),
        Text("shop", "tenant__slug"),
    )  # fmt: skip

    def get_queryset(self) -> Any:
        return stock_costs.costed(catalogue.stocked(super().get_queryset()))

    def create(self, request: Request) -> Response:
        values = self.read(ProductNew)
        own = {name: values.pop(name) for name in ("name", "kind", "units_micros", "price_minor", "currency")}
        more = {name: values.pop(name) for name in ("slug", "description", "instructions") if name in values}
        try:
            product = catalogue.add_product(tenant=self.shop(values.pop("shop", None)), **own, **more)
        except catalogue.BadProduct as error:
            raise Refused(str(error)) from None
        self.put(product, values)
        self.record("add", product, after=facts(product))
        return Response(self.tell(self.get_queryset().get(pk=product.pk)), status=status.HTTP_201_CREATED)

    def put(self, row: Any, values: dict[str, Any]) -> None:
        # Before the row itself, as the back office does: in the other order both could wait for each other.
        catalogue.lock_addresses(row.tenant)
        self._place(row, values)
        if values.get("bonus_micros") and row.kind != "topup":
            raise Refused(_("Only a top-up has a bonus."), field="bonus_micros")
        if "asked" in values:
            try:
                values["questions"] = questions.read(values.pop("asked"))
            except questions.BadQuestions as error:
                raise Refused(str(error), field="asked") from None
        if "tiers" in values or "price_minor" in values:
            try:
                offers.check_tiers(values.get("tiers", row.tiers), price_minor=values.get("price_minor", row.price_minor))
            except ValueError as error:
                raise Refused(str(error), field="tiers") from None
        super().put(row, values)
        check_texts(row)
        try:
            catalogue.check_price(row)
        except catalogue.BadProduct as error:
            raise Refused(str(error), field="price_minor") from None

    def _place(self, row: Any, values: dict[str, Any]) -> None:
        """Look up the shelf, and the product on whose page this one is to lie."""
        if values.get("category") is not None:
            values["category"] = self.of(desk.rows("category"), row.tenant, values["category"])
        if values.get("lead") is not None:
            values["lead"] = self.of(desk.rows("product"), row.tenant, values["lead"])
            try:
                catalogue.check_lead(product=row, lead=values["lead"])
            except catalogue.BadProduct as error:
                raise Refused(str(error), field="lead") from None
