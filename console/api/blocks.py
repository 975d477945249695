"""Buyers of whom a shop takes no orders, in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from billing import blocks, desk
from console.api.errors import Refused
from console.api.fields import Prose, Words
from console.api.filters import Choice, Text
from console.api.rows import Deletable, ForShop, TableRows, documented

KINDS = desk.choices("block", "kind")


class BlockNew(ForShop):
    """Whom to block: an e-mail address, a domain (`@mail.example`), a network (`203.0.113.0/24`), or another contact."""

    who = Words(max_length=254)
    note = Prose(max_length=200, required=False)


class BlockShown(serializers.Serializer[Any]):
    """A buyer of whom the shop, and those below it, take no orders."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    kind = serializers.ChoiceField(choices=KINDS)
    who = serializers.CharField(source="value")
    note = serializers.CharField()
    by = serializers.CharField(source="actor.email", allow_null=True, default=None)
    created_at = serializers.DateTimeField()


@documented("buyer_blocks")
class BlocksView(Deletable, TableRows):
    """Blocked buyers."""

    subject = "customers"
    table = "block"
    related = ("tenant", "actor")
    serializer_class = BlockShown
    filters = (Choice("kind", [kind for kind, _ in KINDS]), Text("who", "value"), Text("shop", "tenant__slug"))

    @extend_schema(operation_id="buyer_blocks_create", request=BlockNew, responses={201: BlockShown})
    def create(self, request: Request) -> Response:
        values = self.read(BlockNew)
        try:
            made = blocks.add(tenant=self.shop(values.get("shop")), text=values["who"], note=values.get("note", ""), actor=self.actor.user)
        except blocks.BadBlock as error:
            raise Refused(str(error), field="who") from None
        self.record("add", made, after=self.facts(made))
        return Response(self.tell(made), status=status.HTTP_201_CREATED)
