"""The sandbox gateway's page: buttons in place of a bank. It exists where a sandbox account does, never in production."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing import callbacks, gateways, orders
from billing.capability import of as capability_of
from billing.models import PaymentAttempt
from billing.money import format_minor
from billing.payments.base import Message
from billing.payments.sandbox import BUTTONS, Sandbox
from billing.views.door import ShopRequest, entering, private


@require_http_methods(["GET", "HEAD", "POST"])
def sandbox(request: HttpRequest, token: str) -> HttpResponse:
    """Show the amount and the buttons; a pressed one comes in like any gateway's message."""
    found = PaymentAttempt.objects.select_related("account", "order")
    attempt = found.filter(token=token, account__driver=Sandbox.slug, order__tenant=entering(request).tenant).first()
    if attempt is None or not gateways.is_ready(attempt.account):
        raise Http404
    if request.method != "POST":
        return _page(entering(request), attempt)
    button = BUTTONS.get(request.POST.get("button", ""))
    if button is not None and button.is_late:
        orders.run_out(order=attempt.order)
    message = Message(method="POST", query={}, form=request.POST.dict(), headers={}, body=b"", attempt=token)
    reply = callbacks.receive(account=attempt.account, message=message)
    if reply.status != 200:
        messages.error(request, _("The shop did not take this message: its page of gateway messages says why."))
        return _page(entering(request), attempt, status=reply.status)
    return private(redirect("order", capability=capability_of(attempt.order)))


def _page(request: ShopRequest, attempt: PaymentAttempt, *, status: int = 200) -> HttpResponse:
    is_paid = attempt.state == PaymentAttempt.State.SUCCEEDED
    buttons = [(name, one.label) for name, one in BUTTONS.items() if is_paid or not one.is_after_payment]
    amount = format_minor(attempt.amount_minor, currency=attempt.currency)
    context = {"attempt": attempt, "amount": amount, "buttons": buttons, "capability": capability_of(attempt.order)}
    return private(render(request, "shop/sandbox.html", context, status=status))
