"""A shop buys quota of the one above it: what is offered wholesale, an order there, and where it is paid."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.admin_scope import actor_of
from accounts.models import Membership, Tenant
from billing import capability, chart, codes, direct, money, orders
from billing.models.shop import Order, Product
from console.admin import pages
from console.admin.base import DeskAdmin

SHOWN = 10


class PurchaseForm(pages.DeskForm):
    """Which amount, and how often."""

    product = forms.ModelChoiceField(queryset=Product.objects.none(), label=gettext_lazy("What"), empty_label=None)
    quantity = forms.IntegerField(label=gettext_lazy("Pieces"), min_value=1, initial=1)

    def __init__(self, *args: Any, offered: list[Product], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["product"]
        field.queryset = Product.objects.filter(pk__in=[one.pk for one in offered]).order_by("sort", "units_micros")
        field.label_from_instance = _label


def run(desk: DeskAdmin[Tenant], request: HttpRequest, shop: Tenant) -> HttpResponse:
    """Ask what to buy, order it of the seller above, and show where to pay."""
    back = pages.object_url(desk.admin_site.name, shop)
    seller = shop.parent
    offered = direct.wholesale(seller.pk) if seller is not None else []
    title = _("Buy quota")
    if seller is None or not offered:
        return pages.result(
            request, desk, title=title, explanation=_("Nothing is offered wholesale at the moment. Ask your supplier."), back=back
        )
    form = PurchaseForm(request.POST or None, offered=offered)
    if form.is_valid():
        try:
            placed = orders.place(
                product=form.cleaned_data["product"], quantity=form.cleaned_data["quantity"], buyer=buyer_of(request, shop, seller)
            )
        except codes.SoldOut:
            form.add_error(None, _("Your supplier has not so much in stock: take less."))
        except orders.OrderError as refusal:
            form.add_error(None, str(refusal))
        else:
            desk.record(request, "buy", shop, after={"order": placed.order.number, "total_minor": placed.order.total_minor})
            return _placed(desk, request, placed, back)
    return pages.ask(request, desk, title=title, submit=_("Order"), form=form, back=back, explanation=_standing(shop))


def _placed(desk: DeskAdmin[Tenant], request: HttpRequest, placed: orders.Placed, back: str) -> HttpResponse:
    order = placed.order
    total = money.format_minor(order.total_minor, currency=order.currency)
    facts = [(_("Order"), order.number), (_("Total"), total), (_("Quota"), money.format_usd(order.units_micros * order.quantity))]
    explanation = _("Pay at this address within a quarter of an hour; your stock grows as soon as the money is there.")
    boxes = [pages.Box(_("Where to pay"), capability.link_to(order))]
    return pages.result(request, desk, title=_("Ordered"), facts=facts, boxes=boxes, explanation=explanation, back=back)


def _standing(shop: Tenant) -> str:
    """Say what is in stock, and how the last purchases stand."""
    text = _("In stock: %s.") % money.format_usd(chart.free_stock(tenant_id=shop.pk))
    rows = Order.objects.filter(recipient=shop).order_by("-pk")[:SHOWN]
    said = [f"{row.number}: {money.format_usd(row.units_micros * row.quantity)}, {row.get_state_display()}" for row in rows]
    return text + (" " + _("Last orders: %s.") % " · ".join(said) if said else "")


def buyer_of(request: HttpRequest, shop: Tenant, seller: Tenant) -> orders.Buyer:
    """Return a shop as a customer of its seller, ordered for by who is signed in."""
    person = actor_of(request).user
    email = person.email if person is not None and person.email else ""
    member = Membership.objects.filter(tenant=seller, user=person, state=Membership.State.ACTIVE).first()
    return orders.Buyer(
        email=email, contact="" if email else shop.slug, membership=member, recipient=shop, language=get_language() or "",
        address=request.META.get("REMOTE_ADDR") or None, site=site_of(request, seller),
    )  # fmt: skip


def site_of(request: HttpRequest, tenant: Tenant) -> str:
    """Return where a tenant's pages are: here, or on its own host (with the port of this one)."""
    here = capability.site_of(request)
    if getattr(request, "tenant", None) == tenant:
        return here
    port = request.get_host().partition(":")[2]
    path = reverse("landing").rstrip("/")
    return f"{request.scheme}://{capability.host_of(tenant)}{f':{port}' if port else ''}{path}"


def _label(product: Product) -> str:
    return (
        f"{product.name}: {money.format_usd(product.units_micros)} – {money.format_minor(product.price_minor, currency=product.currency)}"
    )
