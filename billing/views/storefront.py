"""The shop's window: products, and one product with its order form."""

from __future__ import annotations

from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing import catalogue, codes, gateways, orders, selectors
from billing.forms import BuyForm
from billing.models import Product
from billing.views.door import ShopRequest, buyer_of, entering
from billing.views.order import remember


@require_safe
def shop(request: HttpRequest) -> HttpResponse:
    """Show what is on sale."""
    cards = selectors.cards(tenant=entering(request).tenant)
    return render(request, "shop/shop.html", {"cards": cards})


@require_http_methods(["GET", "HEAD", "POST"])
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one product; on POST place the order and go to its page."""
    visitor = entering(request)
    found = catalogue.on_sale(tenant=visitor.tenant).filter(slug=slug).first()
    if found is None:
        raise Http404
    if request.method != "POST":
        user = visitor.actor.user
        return _page(visitor, found, BuyForm(initial={"quantity": 1, "email": user.email if user else ""}))
    form = BuyForm(request.POST)
    if not form.is_valid():
        return _page(visitor, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _order(visitor, found, form)


def _order(request: ShopRequest, found: Product, form: BuyForm) -> HttpResponse:
    values = form.cleaned_data
    buyer = buyer_of(request, email=values["email"], contact=values["contact"])
    try:
        placed = orders.place(product=found, buyer=buyer, quantity=values["quantity"])
    except codes.SoldOut:
        form.add_error(None, _("There are not so many left. Take fewer, or come back later."))
        return _page(request, found, form, status=HTTPStatus.CONFLICT)
    except orders.TooManyOpen as refusal:
        form.add_error(None, str(refusal))
        return _page(request, found, form, status=HTTPStatus.TOO_MANY_REQUESTS)
    except orders.BadOrder as refusal:
        form.add_error(None, str(refusal))
        return _page(request, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    remember(request, placed.order)
    return redirect("order", capability=placed.capability)


def _page(request: ShopRequest, found: Product, form: BuyForm, status: int = HTTPStatus.OK) -> HttpResponse:
    can_pay = bool(gateways.usable(tenant=request.tenant))
    context = {"product": found, "card": selectors.card(found), "form": form, "can_pay": can_pay}
    return render(request, "shop/product.html", context, status=status)
