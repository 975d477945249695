"""The shop's window: products, and one product (with its variants) and the order form."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import captcha, legal, tenants
from accounts.models import LegalPage, Tenant
from billing import catalogue, codes, email_hints, gateways, ledger, means, offers, orders, selectors, texts, welcome
from billing.forms import BuyForm
from billing.means import Means
from billing.models import Category, Product
from billing.views import browser, found_by
from billing.views.door import ShopRequest, buyer_of, device_of, entering, in_app_address
from foundation import translations

DOOR = "checkout"
# How the window is laid out, kept in a cookie of this name; and how long.
VIEW, VIEWS = "shop_view", ("cards", "list")
_YEAR_SECONDS = 365 * 86_400
# Buttons of the order form that only work its price out anew, so that it needs no script.
_STEP, _AGAIN = "step", "again"


@require_safe
def shop(request: HttpRequest) -> HttpResponse:
    """Show what is on sale."""
    visitor = entering(request)
    there = Category.objects.filter(tenant=visitor.tenant, is_active=True, products__is_active=True).distinct()
    shelves = [translations.spoken(one, tenants.reading(visitor.tenant)) for one in there]
    shelf = next((one for one in shelves if request.GET.get("category") in translations.slugs(one)), None)
    wanted, sort = request.GET.get("q", "").strip()[:80], request.GET.get("sort", "")
    cards = selectors.cards(tenant=visitor.tenant, category=shelf, search=wanted, sort=sort)
    orders_by = [("", _("Our order")), ("price", _("Price, rising")), ("-price", _("Price, falling")), ("new", _("Newest"))]
    view = _view(request)
    context = {
        "cards": cards,
        "view": view,
        "currencies": sorted({card.currency for card in cards}),
        "wallet_micros": _wallet(visitor),
        "welcome": welcome.of(visitor.tenant, device=device_of(request)),
        "shelves": shelves,
        "shelf": shelf,
        "description": texts.as_html(shelf.description) if shelf and shelf.description else "",
        "search": wanted,
        "sort": sort,
        "sorts": orders_by,
        **found_by.shop_page(visitor, shelf),
    }
    response = render(request, "shop/shop.html", context)
    if request.GET.get("view") == view:
        response.set_cookie(VIEW, view, max_age=_YEAR_SECONDS, samesite="Lax", secure=request.is_secure(), httponly=True)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one product and its variants; on POST place the order and go to its page."""
    visitor = entering(request)
    family = _family_or_404(visitor, slug)
    if family[0].slug != slug and request.method != "POST":
        return redirect(_address(request, family, slug))
    found = _chosen(family, request.POST if request.method == "POST" else request.GET)
    asked: dict[str, Any] = {"product": found, "has_terms": bool(_accepted(visitor.tenant))}
    if request.method != "POST":
        user = visitor.actor.user
        form = BuyForm(initial={"quantity": found.least_pieces, "email": user.email if user else ""}, **asked)
        captcha.guard(form, request, door=DOOR)
        return _page(visitor, family, found, form)
    if _STEP in request.POST or _AGAIN in request.POST:
        form = BuyForm(initial=_typed(request, found), **asked)
        captcha.guard(form, request, door=DOOR)
        return _page(visitor, family, found, form)
    form = BuyForm(request.POST, **asked)
    captcha.guard(form, request, door=DOOR)
    if not form.is_valid():
        return _page(visitor, family, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _order(visitor, family, found, form)


@require_POST
def price(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the total for what is chosen in the order form, before it is sent."""
    visitor = entering(request)
    family = _family_or_404(visitor, slug)
    found = _chosen(family, request.POST)
    price = _price(visitor, found, request.POST)
    context = {"price": price, "is_anew": True, "ways": _ways(visitor, found, price), **_offer(family, found, price)}
    return render(request, "shop/chosen.html", context)


def _view(request: HttpRequest) -> str:
    """Return how the window is laid out: as asked, else as this visitor had it last."""
    asked = (request.GET.get("view"), request.COOKIES.get(VIEW))
    return next((one for one in asked if one in VIEWS), VIEWS[0])


def _family_or_404(request: ShopRequest, slug: str) -> list[Product]:
    """Return the product of an address with its variants, the lead first."""
    family = catalogue.family(tenant=request.tenant, slug=slug)
    if not family:
        raise Http404
    return family


def _address(request: HttpRequest, family: list[Product], slug: str) -> str:
    """Return a product's address in the visitor's language, for that of a variant or of another language."""
    asked = request.GET.copy()
    if variant := next((one for one in family[1:] if slug in translations.slugs(one)), None):
        asked["choice"] = variant.slug
    path = reverse("product", kwargs={"slug": family[0].slug})
    return f"{path}?{asked.urlencode()}" if asked else path


def _chosen(family: list[Product], chosen: Mapping[str, str]) -> Product:
    """Return the variant that was chosen, else the first that is in stock."""
    named = next((one for one in family if chosen.get("choice") in translations.slugs(one)), None)
    return named or next((one for one in family if getattr(one, "stock", 0)), family[0])


def _typed(request: HttpRequest, found: Product) -> dict[str, str]:
    """Return what was typed so far, with one piece more or less where such a button was pressed."""
    step = {"1": 1, "-1": -1}.get(request.POST.get(_STEP, ""), 0)
    return {**request.POST.dict(), "quantity": str(_pieces(found, request.POST.get("quantity", ""), step=step))}


def _pieces(found: Product, text: str, *, step: int = 0) -> int:
    """Read how many are wanted, within what one order may hold."""
    quantity = int(text) + step if text.isascii() and text.isdigit() and len(text) < 6 else found.least_pieces
    return min(max(quantity, found.least_pieces), found.most_pieces)


def _price(request: ShopRequest, found: Product, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return a price ready to print: with the coupon, or without it and why it does not count; and the e-mail that was likely meant."""
    quantity = _pieces(found, chosen.get("quantity", ""))
    coupon, problem = chosen.get("coupon", "")[:40], ""
    try:
        quote = offers.quote(
            product=found, quantity=quantity, coupon=coupon, email=chosen.get("email", ""), membership=request.actor.membership
        )
    except offers.BadCoupon as refusal:
        quote, problem = offers.quote(product=found, quantity=quantity), str(refusal)
    told = {"problem": problem, "meant": email_hints.meant(chosen.get("email", "")[:254]), "total_minor": str(quote.total_minor)}
    return selectors.price(quote, product=found, quantity=quantity) | told


def _ways(request: ShopRequest, found: Product, price: Mapping[str, str]) -> list[Means]:
    """Return by what this total can be paid here."""
    accounts, total = gateways.usable(tenant=request.tenant), int(price["total_minor"])
    return means.available(accounts, amount_minor=total, currency=found.currency, device=device_of(request))


def _order(request: ShopRequest, family: list[Product], found: Product, form: BuyForm) -> HttpResponse:
    values = form.cleaned_data
    buyer = buyer_of(request, email=values["email"], contact=values["contact"])
    try:
        placed = orders.place(product=found, buyer=buyer, quantity=values["quantity"], coupon=values["coupon"], answers=form.answers())
    except offers.BadCoupon as refusal:
        form.add_error("coupon", str(refusal))
        captcha.note(request, door=DOOR, form=form)
        return _page(request, family, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except codes.SoldOut:
        form.add_error(None, _("There are not so many left. Take fewer, or come back later."))
        return _page(request, family, found, form, status=HTTPStatus.CONFLICT)
    except orders.TooManyOpen as refusal:
        form.add_error(None, str(refusal))
        captcha.note(request, door=DOOR, form=form)
        return _page(request, family, found, form, status=HTTPStatus.TOO_MANY_REQUESTS)
    except orders.BadOrder as refusal:
        form.add_error(None, str(refusal))
        return _page(request, family, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if placed.open_before:
        # One more without having paid the last.
        captcha.note(request, door=DOOR)
    response = redirect("order", capability=placed.capability)
    browser.remember(response, request, placed.order)
    return response


def _offer(family: list[Product], found: Product, price: Mapping[str, str]) -> dict[str, Any]:
    """Return what the page says of the chosen variant, so many of it."""
    tiers = selectors.tiers(found, quantity=int(price["quantity"]))
    return {"chosen": found, "card": selectors.card(found), "has_choices": len(family) > 1, "tiers": tiers}


def _page(request: ShopRequest, family: list[Product], found: Product, form: BuyForm, status: int = HTTPStatus.OK) -> HttpResponse:
    lead, accounts = family[0], gateways.usable(tenant=request.tenant)
    form.look_at_first_error()
    can_pay, price = bool(accounts), _price(request, found, form.data if form.is_bound else _words(form.initial))
    cards = [selectors.card(one) for one in sorted(family, key=lambda one: (one.sort, one.units_micros, one.pk))]
    context: dict[str, Any] = {
        "product": lead,
        **_offer(family, found, price),
        "choices": cards if len(family) > 1 else [],
        "price": price,
        "form": form,
        "can_pay": can_pay,
        "wallet_micros": _wallet(request),
        "accepted": [(kind, LegalPage.Kind(kind).label) for kind in _accepted(request.tenant)],
        "ways": _ways(request, found, price),
        "in_app_address": in_app_address(request),
        "can_buy": can_pay and any(card.stock for card in cards),
        "description": texts.as_html(lead.description) if lead.description else "",
        "is_for_api": found.kind in Product.MINTED_KINDS,
        "refund_rules": _refund_rules(request.tenant),
        "pictures": catalogue.pictures(lead),
        **found_by.product_page(request, lead, family),
    }
    return render(request, "shop/product.html", context, status=status)


def _words(initial: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in initial.items()}


def _refund_rules(tenant: Tenant) -> SafeString:
    """Return the shop's own page on refunds; empty where it has none."""
    page = legal.page(tenant=tenant, kind=LegalPage.Kind.REFUNDS, language=get_language() or "")
    return texts.as_html(page.text) if page else SafeString("")


def _wallet(request: ShopRequest) -> int | None:
    """Return what the visitor can spend (µ$), for the header; None without a membership here."""
    member = request.actor.membership
    return ledger.balance(membership_id=member.pk).available_micros if member else None


def _accepted(tenant: Tenant) -> list[str]:
    """Name the shop's pages that a buyer accepts."""
    return [kind for kind in legal.kinds(tenant) if kind in legal.ACCEPTED_BY_ORDERING]
