"""The buyer's acts on ready keys: a new secret, and taking them into an account."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import keys, tenants
from billing import ready_keys
from billing.models import Order, ReadyKey
from billing.views import browser
from billing.views.door import entering, member_of, private
from billing.views.order import find_or_404


@require_POST
def order_rotate(request: HttpRequest, capability: str) -> HttpResponse:
    """Give one key of the order a new secret."""
    found = find_or_404(entering(request), capability)
    number = request.POST.get("key", "").removeprefix("key-")
    ready = ReadyKey.objects.filter(code__order=found, pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
    if ready is None:
        raise Http404
    try:
        ready_keys.rotate(ready=ready)
    except ready_keys.CannotClaim as refusal:
        messages.error(request, str(refusal))
    except keys.KeyRevoked:
        messages.error(request, _("This key was revoked: it gets no new secret."))
    else:
        messages.success(request, _("The key has a new secret; the old one has ended."))
    return private(redirect("order", capability=capability))


@require_POST
def order_claim(request: HttpRequest, capability: str) -> HttpResponse:
    """Take all keys of the order into the signed-in person's account."""
    visitor = entering(request)
    found = find_or_404(visitor, capability)
    if visitor.actor.user is None:
        return browser.sign_in_from(request, found)
    if found.state != Order.State.DELIVERED:
        raise Http404
    try:
        count = ready_keys.claim(order=found, membership=member_of(visitor))
    except ready_keys.CannotClaim as refusal:
        messages.error(request, str(refusal))
    except tenants.NotAdmitted:
        messages.error(request, _("These keys cannot be taken into this account. Ask the shop."))
    else:
        text = ngettext("%(count)d key is in your account.", "%(count)d keys are in your account.", count)
        messages.success(request, text % {"count": count})
    return private(redirect("order", capability=capability))
