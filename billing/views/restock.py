"""“Tell me when it is there again”: an address for a product that is sold out, confirmed or withdrawn on a page of its own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import captcha
from billing import capability, catalogue, redeem_limits, restock
from billing.forms import RestockForm
from billing.views.door import ShopRequest, address_of, entering, private
from foundation import translations

DOOR = "restock"


@require_http_methods(["GET", "HEAD", "POST"])
def restock_ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for an address; whatever is typed, the answer is the same."""
    visitor = entering(request)
    found: Any = catalogue.on_sale(tenant=visitor.tenant).select_related("lead").filter(translations.with_slug(slug)).first()
    if found is None:
        raise Http404
    found = catalogue.spoken(found, tenant=visitor.tenant)
    page = (found.lead or found).slug
    if found.stock:
        return redirect("product", slug=page)
    user = visitor.actor.user
    form = RestockForm(request.POST if request.method == "POST" else None, initial={"email": user.email if user else ""})
    captcha.guard(form, request, door=DOOR)
    if request.method != "POST" or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
        return render(request, "shop/restock_ask.html", {"form": form, "product": found, "name": catalogue.name_of(found)}, status=status)
    captcha.note(request, door=DOOR)
    email = form.cleaned_data["email"]
    if redeem_limits.may_ask_for_stock(address=address_of(request), email=email):
        known = _is_own(visitor, email)
        restock.ask(product=found, email=email, language=get_language() or "", site=capability.site_of(request), is_known=known)
    messages.success(
        request, _("Look into your mails: where the address was not confirmed yet, we ask for that first. Then you hear of it once.")
    )
    return redirect("product", slug=page)


@require_http_methods(["GET", "HEAD", "POST"])
def restock_wish(request: HttpRequest, token: str) -> HttpResponse:
    """Let the owner of an address confirm or withdraw it, by a button: programs that look into mails press none."""
    visitor = entering(request)
    wish = restock.find(tenant=visitor.tenant, token=token)
    if request.method == "POST" and wish is not None:
        if request.POST.get("act") == "confirm":
            restock.confirm(wish)
            messages.success(request, _("You get one mail as soon as it is there again."))
        else:
            restock.stop(wish)
            messages.success(request, _("Your address is deleted; you hear nothing more of it."))
        return private(redirect("shop"))
    name = catalogue.name_of(catalogue.spoken(wish.product, tenant=visitor.tenant)) if wish else ""
    context = {"wish": wish, "name": name}
    return private(render(request, "shop/restock.html", context, status=HTTPStatus.OK if wish else HTTPStatus.NOT_FOUND))


def _is_own(request: ShopRequest, email: str) -> bool:
    """Tell whether an address is one that the signed-in visitor has confirmed."""
    user = request.actor.user
    return user is not None and EmailAddress.objects.filter(user=user, email__iexact=email.strip(), verified=True).exists()
