"""The sandbox gateway's page: buttons in place of a bank. It exists where a sandbox account does, never in production."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from billing import callbacks, gateways, orders
from billing.models import PaymentAttempt
from billing.money import format_minor
from billing.payments.base import Message
from billing.payments.sandbox import Sandbox
from billing.views.door import entering, private


@require_http_methods(["GET", "HEAD", "POST"])
def sandbox(request: HttpRequest, token: str) -> HttpResponse:
    """Show the amount and the buttons; a pressed one comes in like any gateway's message."""
    found = PaymentAttempt.objects.select_related("account", "order")
    attempt = found.filter(token=token, account__driver=Sandbox.slug, account__tenant=entering(request).tenant).first()
    if attempt is None or not gateways.is_ready(attempt.account):
        raise Http404
    if request.method != "POST":
        amount = format_minor(attempt.amount_minor, currency=attempt.currency)
        return private(render(request, "shop/sandbox.html", {"attempt": attempt, "amount": amount}))
    message = Message(method="POST", query={"attempt": token}, form=request.POST.dict(), headers={}, body=b"")
    reply = callbacks.receive(account=attempt.account, message=message)
    if reply.status != 200:
        return private(HttpResponse(reply.text, status=reply.status, content_type="text/plain; charset=utf-8"))
    return private(redirect("order", capability=orders.capability_of(attempt.order)))
