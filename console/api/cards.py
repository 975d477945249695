"""Imported cards in the API: import, look by the last four, export with a line in the trail, void."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import cards, desk
from console.admin.base import facts
from console.api.errors import Refused
from console.api.fields import Id, Prose, Words
from console.api.filters import Choice, Number, Text
from console.api.rows import ForShop, Reason, TableRows, documented

STATES = desk.choices("card", "state")


class Import(ForShop):
    """Cards for a product that is delivered as imported cards: each text is sold once."""

    product = Id()
    cards = serializers.ListField(child=Words(max_length=2_000), min_length=1, max_length=10_000)
    note = Prose(max_length=200, default="")
    is_rehearsal = serializers.BooleanField(default=False, help_text="Only tell what the import would do: nothing is stored.")


class CardBatchShown(serializers.Serializer[Any]):
    """Cards imported together, and how many are left."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    product = serializers.IntegerField(source="product_id")
    count = serializers.IntegerField()
    available = serializers.IntegerField(source="left")
    note = serializers.CharField()
    by = serializers.CharField(source="actor.email", allow_null=True, default=None)
    created_at = serializers.DateTimeField()


class RefusedCard(serializers.Serializer[Any]):
    """A place in the list, from 1, that makes no card, and why."""

    place = serializers.IntegerField()
    reason = serializers.ChoiceField(choices=[fault.value for fault in cards.Fault])


class Imported(serializers.Serializer[Any]):
    """What came of it, or would (`batch` null): places in the list, from 1, of cards that stood there twice or were known before.

    While one is `refused`, nothing is imported.
    """

    batch = CardBatchShown(allow_null=True)
    fresh = serializers.IntegerField(help_text="How many are new.")
    repeated = serializers.ListField(child=serializers.IntegerField())
    known = serializers.ListField(child=serializers.IntegerField())
    refused = RefusedCard(many=True)


class PlainCards(serializers.Serializer[Any]):
    """Cards that are not sold, as good as money; who exported them is in the trail."""

    cards = serializers.ListField(child=serializers.CharField())


class CardShown(serializers.Serializer[Any]):
    """A card by its last four."""

    id = serializers.IntegerField(source="pk")
    batch = serializers.IntegerField(source="batch_id")
    product = serializers.IntegerField(source="product_id")
    last4 = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    order = serializers.CharField(source="order.number", allow_null=True, default=None)
    changed_at = serializers.DateTimeField()


class Voids(TableRows):
    """Rows whose cards are taken off the shelf for ever."""

    subject = "codes"

    def cards(self, row: Any) -> QuerySet[Any]:
        """Return the cards of a row."""
        raise NotImplementedError

    def void_of(self, row: Any) -> None:
        """Void what is not sold, with the reason in the trail."""
        reason = self.read(Reason)["reason"]
        self.record("void", row, after={"cards": cards.void(cards=self.cards(row)), "reason": reason})


@documented("card_batches")
class CardBatchesView(Voids):
    """Batches of cards."""

    table = "card_batch"
    related = ("tenant", "actor")
    serializer_class = CardBatchShown
    filters = (Number("product"),)
    own_scopes = frozenset({"export"})

    def get_queryset(self) -> Any:
        return super().get_queryset().annotate(left=Count("cards", filter=Q(cards__state="available")))

    def cards(self, row: Any) -> QuerySet[Any]:
        return desk.rows("card").filter(batch=row)

    @extend_schema(operation_id="card_batches_import", request=Import, responses={200: Imported, 201: Imported})
    def create(self, request: Request) -> Response:
        values = self.read(Import)
        product = self.of(desk.rows("product"), self.shop(values.get("shop")), values["product"])
        if values["is_rehearsal"]:
            return Response(_rehearsed(product, values["cards"]))
        try:
            done = cards.take_in(product=product, lines=values["cards"], actor=self.actor.user, note=values["note"])
        except cards.BadCards as error:
            raise Refused(str(error), field="cards") from None
        self.record("import", done.batch, after=facts(done.batch))
        batch = self.get_queryset().get(pk=done.batch.pk)
        told = {"batch": batch, "fresh": done.batch.count, "repeated": done.repeated, "known": done.known, "refused": []}
        return Response(Imported(told).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="card_batches_export", request=None, responses=PlainCards)
    @action(detail=True, methods=["post"])
    def export(self, request: Request, pk: int) -> Response:
        batch = self.get_object()
        rows = list(self.cards(batch).filter(state="available").order_by("pk"))
        self.record("export", batch, after={"cards": len(rows)})
        return Response({"cards": cards.reveal(rows)})

    @extend_schema(operation_id="card_batches_void", request=Reason, responses=CardBatchShown)
    @action(detail=True, methods=["post"])
    def void(self, request: Request, pk: int) -> Response:
        self.void_of(self.get_object())
        return Response(self.tell(self.get_object()))


@documented("cards")
class CardsView(Voids):
    """Single cards."""

    table = "card"
    related = ("batch", "order")
    serializer_class = CardShown
    filters = (Number("batch"), Number("product"), Choice("state", [state for state, _ in STATES]), Text("last4"))

    def cards(self, row: Any) -> QuerySet[Any]:
        return desk.rows("card").filter(pk=row.pk)

    @extend_schema(operation_id="cards_void", request=Reason, responses=CardShown)
    @action(detail=True, methods=["post"])
    def void(self, request: Request, pk: int) -> Response:
        self.void_of(self.get_object())
        return Response(self.tell(self.get_object()))


def _rehearsed(product: Any, lines: list[str]) -> Any:
    try:
        draft = cards.rehearse(product=product, lines=lines)
    except cards.BadCards as error:
        raise Refused(str(error), field="cards") from None
    refused = [{"place": place, "reason": fault} for place, fault in draft.refused.items()]
    told = {"batch": None, "fresh": len(draft.fresh), "repeated": draft.repeated, "known": draft.known, "refused": refused}
    return Imported(told).data
