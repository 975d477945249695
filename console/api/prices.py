"""Prices in the API: the versions of a price book, a new price now or planned, what it would change, and what groups pay."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Tenant
from billing import price_book, price_floors, price_lists, price_preview, price_terms
from billing.money import MICROS
from billing.pricing import BUCKETS
from console.api import price_imports
from console.api.errors import Refused
from console.api.fields import Amount, Count, Prose, Words
from console.api.filters import Choice, Text
from console.api.rows import ForShop, TableRows, documented

PRICES = (*BUCKETS, "per_call")
_MOST_FACTOR = 100 * MICROS


class PriceSet(ForShop):
    """What models of a pattern cost: µ$ per million tokens by bucket, `per_call` in µ$, `units` in µ$ per million of them."""

    model = Words(max_length=120, help_text="A name or a pattern such as claude-*.")
    mode = serializers.ChoiceField(
        choices=price_terms.MODES, required=False, help_text="What a shop's prices mean: `added` puts them on top of the wholesale price."
    )
    factor = serializers.IntegerField(
        min_value=1, max_value=_MOST_FACTOR, required=False, help_text="Of the mode `percent`: millionths of the wholesale price."
    )
    units = serializers.DictField(child=Amount(), required=False)
    tiers = serializers.ListField(
        child=serializers.DictField(child=Amount()), required=False, max_length=20, help_text='{"above": tokens, bucket: µ$, …}'
    )
    hold_ceiling = Count(allow_null=True, required=False)
    priced_as = Prose(max_length=120, required=False, help_text="Another model whose price counts; then without prices.")
    begins = serializers.DateTimeField(allow_null=True, required=False, help_text="Planned for then; now when left out.")

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), **{name: Amount(allow_null=True, required=False) for name in PRICES}}


class PriceNew(PriceSet):
    """The same, set."""

    source = Prose(max_length=200, required=False)  # type: ignore[assignment]  # its name on the wire
    is_confirmed = serializers.BooleanField(required=False, help_text="Yes, ten times as dear or as cheap is meant.")


class PriceShown(serializers.Serializer[Any]):
    """One version of a price: it counts from one moment to another, and is never edited."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="book.tenant.slug")
    model = serializers.CharField(source="pattern")
    mode = serializers.CharField()
    factor = serializers.IntegerField()
    units = serializers.DictField(child=serializers.IntegerField())
    tiers = serializers.ListField(child=serializers.DictField(child=serializers.IntegerField()))
    hold_ceiling = serializers.IntegerField(allow_null=True)
    priced_as = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # its name on the wire
    valid_from = serializers.DateTimeField()
    valid_to = serializers.DateTimeField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), **{name: serializers.IntegerField(allow_null=True) for name in PRICES}}


class PreviewShown(serializers.Serializer[Any]):
    """A call of 1,000 tokens in and 1,000 out: what it costs a customer before and after, the shop, and what is left, in µ$."""

    before_micros = serializers.IntegerField(allow_null=True)
    after_micros = serializers.IntegerField(allow_null=True)
    wholesale_micros = serializers.IntegerField(allow_null=True)
    margin_micros = serializers.IntegerField(allow_null=True)
    jumps = serializers.ListField(child=serializers.CharField(), help_text="What becomes ten times as dear or as cheap.")
    above_ceiling = serializers.ListField(child=serializers.CharField(), help_text="What cannot be set: the platform allows less.")
    ceiling = serializers.IntegerField(allow_null=True, help_text="The most that may be asked for: millionths of the wholesale price.")
    below_wholesale = serializers.ListField(child=serializers.CharField(), help_text="What cannot be set: it would sell at a loss.")


class GroupSet(ForShop):
    """What a customer group pays of its seller's prices, in millionths: 900000 is a tenth less."""

    group = Words(max_length=40)
    factor = serializers.IntegerField(min_value=1, max_value=_MOST_FACTOR)


class GroupShown(serializers.Serializer[Any]):
    """One version of what a group pays."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="book.tenant.slug")
    group = serializers.CharField()
    factor = serializers.IntegerField()
    valid_from = serializers.DateTimeField()
    valid_to = serializers.DateTimeField(allow_null=True)


class Version(Choice):
    """What counts now or is planned, unless all versions are asked for."""

    def narrow(self, rows: QuerySet[Any], request: Request) -> QuerySet[Any]:
        is_all = self.value(request) == "all"
        return rows if is_all else rows.filter(Q(valid_to=None) | Q(valid_to__gt=timezone.now()))


SHOP, VERSION = Text("shop", "book__tenant__slug"), Version("version", ("current", "all"))


@documented("prices")
class PricesView(TableRows):
    """The price book."""

    subject = "prices"
    table = "price"
    related = ("book__tenant",)
    serializer_class = PriceShown
    filters = (Text("model", "pattern"), VERSION, SHOP)

    @extend_schema(operation_id="prices_set", request=PriceNew, responses={201: PriceShown})
    def create(self, request: Request) -> Response:
        values = self.read(PriceNew)
        tenant = self.shop(values.pop("shop", None))
        try:
            rule = price_book.set_price(tenant=tenant, actor=self.actor.user, **values)
        except price_book.NeedsConfirming as error:
            raise Refused(str(error), field="is_confirmed") from None
        except price_book.BadPrice as error:
            raise Refused(str(error)) from None
        return Response(self.tell(rule), status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="prices_preview", request=PriceSet, responses=PreviewShown)
    @action(detail=False, methods=["post"], pagination_class=None)
    def preview(self, request: Request) -> Response:
        values = self.read(PriceSet)
        tenant = self.shop(values.pop("shop", None))
        try:
            return Response(_preview(tenant, values.pop("model"), values, at=values.pop("begins", None)))
        except price_book.BadPrice as error:
            raise Refused(str(error)) from None

    @extend_schema(operation_id="prices_import", request=price_imports.PriceImport, responses=price_imports.DraftShown)
    @action(detail=False, methods=["post"], url_path="import", pagination_class=None)
    def take_in(self, request: Request) -> Response:
        values = self.read(price_imports.PriceImport)
        seller = self.shop(values.pop("shop", None))
        return Response(price_imports.run(values, seller=seller, actor=self.actor.user))


@documented("groups")
class GroupsView(TableRows):
    """What customer groups pay."""

    subject = "prices"
    table = "group"
    related = ("book__tenant",)
    serializer_class = GroupShown
    filters = (Text("group"), VERSION, SHOP)

    @extend_schema(operation_id="groups_set", request=GroupSet, responses={201: GroupShown})
    def create(self, request: Request) -> Response:
        values = self.read(GroupSet)
        tenant = self.shop(values.pop("shop", None))
        try:
            rate = price_book.set_group(tenant=tenant, actor=self.actor.user, **values)
        except price_book.BadPrice as error:
            raise Refused(str(error), field="group") from None
        return Response(self.tell(rate), status=status.HTTP_201_CREATED)


def _preview(seller: Tenant, model: str, typed: dict[str, Any], *, at: datetime.datetime | None) -> dict[str, Any]:
    values = price_terms.values_of(typed)
    price_terms.check(model, values)
    found = price_preview.preview(seller=seller, model=model, values=values, at=at)
    above = None if seller.parent_id is None else price_lists.load(seller.parent_id, at=at)
    resolved = above.resolve(model) if above is not None else None
    sample = price_preview.SAMPLE_TOKENS
    wholesale = None if resolved is None else resolved.charge(input=sample, output=sample).price_micros
    margin = None if wholesale is None or found.after is None else found.after - wholesale
    below = [] if above is None else list(price_floors.shortfalls(above, model, values))
    ceiling = price_lists.ceiling(seller.pk, at=at)
    beyond = [] if above is None else list(price_floors.excesses(above, model, values, ceiling=ceiling))
    return {
        "before_micros": found.before, "after_micros": found.after, "wholesale_micros": wholesale, "margin_micros": margin,
        "jumps": list(found.jumps), "below_wholesale": below,
        "ceiling": ceiling, "above_ceiling": beyond,
    }  # fmt: skip
