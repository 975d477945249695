"""The shop's window: products, and one product with its order form."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing import catalogue, codes, gateways, offers, orders, selectors
from billing.forms import BuyForm
from billing.models import Category, Product
from billing.views.door import ShopRequest, buyer_of, entering
from billing.views.order import remember


@require_safe
def shop(request: HttpRequest) -> HttpResponse:
    """Show what is on sale."""
    visitor = entering(request)
    shelves = list(Category.objects.filter(tenant=visitor.tenant, is_active=True, products__is_active=True).distinct())
    shelf = next((one for one in shelves if one.slug == request.GET.get("category")), None)
    wanted = request.GET.get("q", "").strip()[:80]
    cards = selectors.cards(tenant=visitor.tenant, category=shelf, search=wanted)
    return render(request, "shop/shop.html", {"cards": cards, "shelves": shelves, "shelf": shelf, "search": wanted})


@require_http_methods(["GET", "HEAD", "POST"])
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one product; on POST place the order and go to its page."""
    visitor = entering(request)
    found = catalogue.on_sale(tenant=visitor.tenant).filter(slug=slug).first()
    if found is None:
        raise Http404
    if request.method != "POST":
        user = visitor.actor.user
        initial = {"quantity": found.least_pieces, "email": user.email if user else ""}
        return _page(visitor, found, BuyForm(initial=initial, product=found))
    form = BuyForm(request.POST, product=found)
    if not form.is_valid():
        return _page(visitor, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _order(visitor, found, form)


@require_POST
def price(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the total for what is chosen in the order form, before it is sent."""
    visitor = entering(request)
    found = catalogue.on_sale(tenant=visitor.tenant).filter(slug=slug).first()
    if found is None:
        raise Http404
    return render(request, "shop/price.html", {"price": _price(visitor, found, request.POST)})


def _price(request: ShopRequest, found: Product, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return a price ready to print: with the coupon, or without it and why it does not count."""
    text = chosen.get("quantity", "")
    quantity = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else found.least_pieces
    quantity = min(max(quantity, found.least_pieces), found.most_pieces)
    coupon, problem = chosen.get("coupon", "")[:40], ""
    try:
        quote = offers.quote(
            product=found, quantity=quantity, coupon=coupon, email=chosen.get("email", ""), membership=request.actor.membership
        )
    except offers.BadCoupon as refusal:
        quote, problem = offers.quote(product=found, quantity=quantity), str(refusal)
    return selectors.price(quote, quantity=quantity, currency=found.currency) | {"problem": problem}


def _order(request: ShopRequest, found: Product, form: BuyForm) -> HttpResponse:
    values = form.cleaned_data
    buyer = buyer_of(request, email=values["email"], contact=values["contact"])
    try:
        placed = orders.place(product=found, buyer=buyer, quantity=values["quantity"], coupon=values["coupon"])
    except offers.BadCoupon as refusal:
        form.add_error("coupon", str(refusal))
        return _page(request, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
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
    context = {
        "product": found,
        "card": selectors.card(found),
        "tiers": selectors.tiers(found),
        "price": _price(request, found, form.data if form.is_bound else {}),
        "form": form,
        "can_pay": can_pay,
    }
    return render(request, "shop/product.html", context, status=status)
