"""The sandbox gateway's page: buttons in place of a bank. It exists where a sandbox account does, never in production."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from billing import callbacks, gateways
from billing.capability import of as capability_of
from billing.models import PaymentAttempt
from billing.money import format_minor
from billing.payments.base import Message
from billing.payments.sandbox import Sandbox
from billing.views.door import entering, private

# Besides "Pay"; paying late is paying when the order's time is over.
_BUTTONS = (
    ("again", gettext_lazy("Pay a second time")),
    ("wrong", gettext_lazy("Pay a wrong amount")),
    ("fail", gettext_lazy("Let it fail")),
)


@require_http_methods(["GET", "HEAD", "POST"])
def sandbox(request: HttpRequest, token: str) -> HttpResponse:
    """Show the amount and the buttons; a pressed one comes in like any gateway's message."""
    found = PaymentAttempt.objects.select_related("account", "order")
    attempt = found.filter(token=token, account__driver=Sandbox.slug, account__tenant=entering(request).tenant).first()
    if attempt is None or not gateways.is_ready(attempt.account):
        raise Http404
    if request.method != "POST":
        amount = format_minor(attempt.amount_minor, currency=attempt.currency)
        return private(render(request, "shop/sandbox.html", {"attempt": attempt, "amount": amount, "buttons": _BUTTONS}))
    message = Message(method="POST", query={}, form=request.POST.dict(), headers={}, body=b"", attempt=token)
    reply = callbacks.receive(account=attempt.account, message=message)
    if reply.status != 200:
        return private(HttpResponse(reply.text, status=reply.status, content_type="text/plain; charset=utf-8"))
    return private(redirect("order", capability=capability_of(attempt.order)))
