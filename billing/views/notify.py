"""Where gateways tell what happened: addresses of an account (Stripe) or of one payment (epay, USDT). Machines only, no session."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from billing import callbacks, gateways
from billing.models import GatewayAccount, PaymentAttempt
from billing.payments.base import Message
from billing.views.door import entering, private

_LARGEST = 256 * 1024


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, gateway: str, account: str) -> HttpResponse:
    """Take a message about any payment of an account."""
    found = GatewayAccount.objects.filter(token=account, driver=gateway, tenant=entering(request).tenant).select_related("tenant").first()
    return _receive(request, found)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def notify(request: HttpRequest, gateway: str, attempt: str) -> HttpResponse:
    """Take a message about one payment."""
    rows = PaymentAttempt.objects.select_related("account__tenant")
    found = rows.filter(token=attempt, account__driver=gateway, order__tenant=entering(request).tenant).first()
    return _receive(request, found.account if found else None, attempt=attempt)


def _receive(request: HttpRequest, account: GatewayAccount | None, *, attempt: str = "") -> HttpResponse:
    """Hand the message to its driver. An account that is closed or lacks its secret does not exist."""
    is_own = account is not None and gateways.driver_of(account.driver).has_account_address == (not attempt)
    if account is None or not is_own or not gateways.is_ready(account):
        raise Http404
    if int(request.META.get("CONTENT_LENGTH") or 0) > _LARGEST:
        return _plain("too large", 413)
    body = request.body  # read before the form, which is read from it
    if any(len(values) > 1 for fields in (request.GET, request.POST) for _, values in fields.lists()):
        return _plain("a field comes twice", 400)
    message = Message(
        method=request.method or "", query=_flat(request.GET), form=_flat(request.POST),
        headers={name.lower(): value for name, value in request.headers.items()}, body=body, attempt=attempt,
    )  # fmt: skip
    reply = callbacks.receive(account=account, message=message)
    return _plain(reply.text, reply.status)


def _flat(fields: QueryDict) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items()}


def _plain(text: str, status: int) -> HttpResponse:
    return private(HttpResponse(text, status=status, content_type="text/plain; charset=utf-8"))
