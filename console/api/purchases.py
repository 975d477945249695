"""What the caller can buy, in the API: an order of the own shop (a top-up too), or stock of the seller above; paid on a page."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from billing import capability, catalogue, codes, desk, direct, offers, orders, questions, redeem_limits, restock
from console.admin import purchases
from console.api.base import CHANGERS
from console.api.errors import Refused
from console.api.fields import Count, Id, Prose
from console.api.filters import Choice
from console.api.orders import OrderShown
from console.api.rows import TableRows, documented


class Offered(serializers.Serializer[Any]):
    """Something that is on sale for the caller; `asked` is what an order must answer, a line each: `Account *`, `Region = EU | US`."""

    id = serializers.IntegerField(source="pk")
    shop = serializers.CharField(source="tenant.slug")
    slug = serializers.CharField()
    name = serializers.SerializerMethodField()
    summary = serializers.CharField()
    description = serializers.CharField()
    asked = serializers.SerializerMethodField()
    kind = serializers.ChoiceField(choices=desk.choices("product", "kind"))
    units_micros = serializers.IntegerField()
    bonus_micros = serializers.IntegerField()
    price_minor = serializers.IntegerField()
    currency = serializers.CharField()
    tag = serializers.CharField(source="tag_shown", help_text="A label in the reader's language; empty: none.")
    least_pieces = serializers.IntegerField()
    most_pieces = serializers.IntegerField()

    def get_name(self, product: Any) -> str:
        return catalogue.name_of(product)

    def get_asked(self, product: Any) -> str:
        return questions.spell(questions.of(product))


class Purchase(serializers.Serializer[Any]):
    """What to buy; `stock` goes into the shop's own stock, a top-up into the caller's wallet."""

    product = Id()
    quantity = Count(default=1)
    coupon = Prose(max_length=40, default="")
    answers = serializers.DictField(child=Prose(max_length=500), required=False, help_text="To what the product asks of its buyers.")


class Bought(OrderShown):
    """The order, and the secret address at which it is paid and delivered; it is told this once."""

    address = serializers.SerializerMethodField()

    def get_address(self, order: Any) -> str:
        return str(self.context["address"])


@documented("purchases")
class PurchasesView(TableRows):
    """What can be bought."""

    subject = "wallet"
    read_roles = write_roles = None
    table = "product"
    related = ("tenant", "lead")
    serializer_class = Offered
    filters = (Choice("kind", [kind for kind, _ in desk.choices("product", "kind")]),)

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Keep what the own shop sells, and for those who buy its stock what its seller offers to shops."""
        tenant = self.actor.tenant
        own = Q(pk__in=catalogue.on_sale(tenant=tenant).values("pk")) | Q(pk__in=[one.pk for one in direct.presets(tenant.pk)])
        if tenant.parent_id is not None and self.actor.role in CHANGERS:
            own |= Q(pk__in=[one.pk for one in direct.wholesale(tenant.parent_id)])
        return rows.filter(own)

    def tell(self, row: Any) -> Any:
        return super().tell(catalogue.spoken(row, tenant=row.tenant))

    @extend_schema(operation_id="purchases_create", request=Purchase, responses={201: Bought})
    def create(self, request: Request) -> Response:
        values = self.read(Purchase)
        product = self.one(desk.rows("product").select_related("tenant"), values.pop("product"))
        is_stock = product.kind == "stock"
        try:
            placed = orders.place(product=product, buyer=self._buyer(is_stock=is_stock), **values)
        except codes.SoldOut as error:
            raise Refused(str(error), field="quantity") from None
        except offers.BadCoupon as error:
            raise Refused(str(error), field="coupon") from None
        except orders.OrderError as error:
            raise Refused(str(error)) from None
        if is_stock:
            told = {"order": placed.order.number, "total_minor": placed.order.total_minor}
            audit.record(actor=self.actor, action="tenant.buy", target=self.actor.tenant, after=told)
        address = capability.link_to(placed.order)
        return Response(Bought(placed.order, context={"address": address}).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="purchases_notify", request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def notify(self, request: Request, pk: int) -> Response:
        product: Any = catalogue.stocked(self.get_queryset()).filter(pk=pk, tenant=self.actor.tenant).first()
        email = self.member.user.email
        if product is None:
            raise exceptions.NotFound
        if product.stock or not email:
            raise Refused(_("It is there.") if email else _("Add an address first."))
        if not redeem_limits.may_ask_for_stock(address=request.META.get("REMOTE_ADDR"), email=email):
            raise exceptions.Throttled
        http, is_known = request._request, EmailAddress.objects.filter(user=self.member.user, email__iexact=email, verified=True).exists()
        site = purchases.site_of(http, self.actor.tenant)
        restock.ask(product=product, email=email, language=get_language() or "", site=site, is_known=is_known)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _buyer(self, *, is_stock: bool) -> orders.Buyer:
        http = self.request._request
        if is_stock and self.actor.tenant.parent is not None:
            return purchases.buyer_of(http, self.actor.tenant, self.actor.tenant.parent)
        person = self.member.user
        return orders.Buyer(
            email=person.email or "", contact="" if person.email else str(self.member.username or person.pk), membership=self.member,
            address=http.META.get("REMOTE_ADDR") or None, language=get_language() or "",
            site=purchases.site_of(http, self.actor.tenant),
        )  # fmt: skip
