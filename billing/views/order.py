"""An order's page at its secret address: state, payment, what was bought, one-click redemption."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import tenants
from billing import bought, buyers, checkout, codes, gateways, invoices, ledger, orders, quota_units, refunds, selectors, texts
from billing import capability as secret
from billing.forms import MOST_CODES
from billing.models import GatewayAccount, InvoiceRequest, Order, PaymentAttempt, Refund
from billing.money import format_minor, plain_minor
from billing.payments.base import RETURNED, GatewayError
from billing.views import browser, pacing
from billing.views.door import ShopRequest, address_of, device_of, entering, in_app_address, member_of, private
from billing.views.redeem import sign_in_first
from foundation import csp

# What these wait for (money, staff) is shown by an open page as soon as it is there.
WAITING = frozenset({Order.State.PENDING, Order.State.PAID, Order.State.REVIEW})


@require_safe
def order(request: HttpRequest, capability: str) -> HttpResponse:
    """Show an order to whoever knows its address; its forms may lead to the gateways that it can be paid through.

    Who comes back from a gateway need not wait for its message: it is asked.
    """
    visitor = entering(request)
    if RETURNED in request.GET:
        checkout.ask(find_or_404(visitor, capability))
    context = _context(visitor, capability)
    response = private(render(request, "shop/order.html", context))
    accounts: list[GatewayAccount] = [way.account for way in context["ways"]]
    csp.allow_form_to(response, origins=[place for one in accounts for place in gateways.driver_of(one.driver).form_origins(one)])
    return response


@require_safe
def order_state(request: HttpRequest, capability: str) -> HttpResponse:
    """Give what the page asks next while the order waits as it did (`state`, `failed`), else its live part in place of the old one."""
    visitor = entering(request)
    found = find_or_404(visitor, capability)
    failed = checkout.last_failure(found) if found.state == Order.State.PENDING else 0
    seen = (request.GET.get("state", Order.State.PENDING), request.GET.get("failed", "0"))
    if found.state in WAITING and seen == (found.state, str(failed)):
        looks = pacing.looks(request.GET.get("looks", ""))
        shown = pacing.context(looks + 1) | {"capability": capability, "order": found, "failed": failed}
        answer = private(render(request, "shop/look_again.html", shown))
        answer["HX-Retarget"] = "#look-again"  # a page that was opened before there was one stays as it is
        return answer
    answer = private(render(request, "shop/order_state.html", _context(visitor, capability) | {"is_news": True}))
    answer["HX-Retarget"], answer["HX-Reswap"] = "#order-state", "outerHTML"
    return answer


@require_safe
def order_text(request: HttpRequest, capability: str) -> HttpResponse:
    """Give what was bought as plain text, a line each."""
    found = find_or_404(entering(request), capability)
    text = bought.text(found)
    if not text:
        raise Http404
    answer = private(HttpResponse(f"{text}\n", content_type="text/plain; charset=utf-8"))
    answer["Content-Disposition"] = f'attachment; filename="{found.number}.txt"'
    return answer


@require_POST
def order_pay(request: HttpRequest, capability: str) -> HttpResponse:
    """Begin a payment and send the buyer to the gateway."""
    visitor = entering(request)
    found = find_or_404(visitor, capability)
    account = next((row for row in gateways.usable(tenant=visitor.tenant) if str(row.pk) == request.POST.get("account")), None)
    if account is None:
        raise Http404
    payer, with_credit, site = visitor.actor.membership, "credit" in request.POST, secret.site_of(request)
    try:
        url = checkout.begin(found, account, payer=payer, with_credit=with_credit, site=site, device=device_of(request))
        return private(redirect(url))
    except orders.OrderError as refusal:
        messages.error(request, str(refusal))
    except GatewayError:  # its words are for the shop
        messages.error(request, _("This way to pay does not answer at the moment. Try it again, or choose another one."))
    return private(redirect("order", capability=capability))


@require_POST
def order_ask(request: HttpRequest, capability: str) -> HttpResponse:
    """Ask gateways about an order's payments that wait, because the buyer says that it is paid."""
    if not checkout.ask(find_or_404(entering(request), capability)):
        messages.info(request, _("Nothing has come in yet. It can take a minute: this page shows it by itself."))
    return private(redirect("order", capability=capability))


@require_POST
def order_mail(request: HttpRequest, capability: str) -> HttpResponse:
    """Mail what was bought once more, to the address that was left."""
    if buyers.mail_again(find_or_404(entering(request), capability)):
        messages.success(request, _("The mail is on its way again. It goes out three times a day at most."))
    else:
        messages.warning(
            request, _("The mail went out often enough for today. Look into the spam folder; what you bought stays on this page.")
        )
    return private(redirect("order", capability=capability))


@require_POST
def order_cancel(request: HttpRequest, capability: str) -> HttpResponse:
    """Give an unpaid order up."""
    try:
        orders.cancel(order=find_or_404(entering(request), capability), reason="buyer")
    except orders.WrongState as refusal:
        messages.error(request, str(refusal))
    return private(redirect("order", capability=capability))


@require_POST
def order_redeem(request: HttpRequest, capability: str) -> HttpResponse:
    """Redeem all codes of an order into the signed-in person's account."""
    visitor = entering(request)
    found = find_or_404(visitor, capability)
    if visitor.actor.user is None:
        texts_open = [piece.text for piece in bought.pieces(found) if piece.is_open]
        if not 0 < len(texts_open) <= MOST_CODES:
            return browser.sign_in_from(request, found)
        response = sign_in_first(visitor, texts_open)
        browser.remember(response, request, found)
        return response
    try:
        done = codes.redeem_order(membership=member_of(visitor), order=found, address=address_of(request))
    except (codes.CodeError, tenants.NotAdmitted):
        messages.error(request, _("These codes cannot be redeemed into this account. Ask the shop."))
        return private(redirect("order", capability=capability))
    units = quota_units.short(sum(one.units_micros for one in done))
    messages.success(request, _("%(units)s is in your wallet.") % {"units": units})
    return private(redirect("order", capability=capability))


@require_POST
def order_refund(request: HttpRequest, capability: str) -> HttpResponse:
    """Note that the buyer wants the money back; a person of the shop decides."""
    reason = request.POST.get("reason", "").strip()[:200]
    try:
        refunds.request(order=find_or_404(entering(request), capability), reason=reason)
    except refunds.NothingToRefund:
        messages.error(request, _("Everything that was bought has been used: nothing can be paid back."))
    else:
        messages.success(request, _("The shop knows that you want your money back. The answer will stand here."))
    return private(redirect("order", capability=capability))


def find_or_404(request: ShopRequest, capability: str) -> Order:
    """Return the order at a secret address of this shop."""
    found = orders.find(tenant=request.tenant, secret=capability)
    if found is None:
        raise Http404
    return found


def _context(request: ShopRequest, capability: str) -> dict[str, Any]:
    found = find_or_404(request, capability)
    pieces, is_open = bought.pieces(found), found.state == Order.State.PENDING
    member = request.actor.membership
    attempts = list(found.attempts.order_by("-pk"))
    begun = [one for one in attempts if one.state == PaymentAttempt.State.PENDING]
    return {
        "order": found,
        "capability": capability,
        "is_open": is_open,
        "is_waiting": found.state in WAITING,
        "seconds_left": max(0, int((found.reserved_until - timezone.now()).total_seconds())),
        "is_begun": bool(begun),
        "failed": checkout.last_failure(found, attempts) if is_open else 0,
        **pacing.context(0),
        "here": _here(begun[0]) if is_open and begun else {},
        "ways": checkout.ways(found, payer=member) if is_open else [],
        "pieces": pieces,
        "page": secret.at(secret.site_of(request), "order", capability=capability),
        "all_text": "\n".join(piece.text for piece in pieces if piece.text) if len(pieces) > 1 else "",
        "has_receipt": found.paid_at is not None,
        "has_invoice": not is_open and (invoices.may_ask(found) or InvoiceRequest.objects.filter(order=found).exists()),
        "in_app_address": in_app_address(request) if is_open else "",
        "instructions": texts.as_html(found.instructions) if found.instructions else "",
        "is_takeable": any(piece.is_open for piece in pieces),
        "balance": quota_units.short(ledger.balance(membership_id=member.pk).available_micros) if member else "",
        "timeline": selectors.timeline(found),
        "refund": {} if is_open else _refund_of(found),
        "bank": found.attempts.filter(account__driver="sandbox").order_by("-pk").first(),
        **selectors.amounts(found),
    }


def _here(attempt: PaymentAttempt) -> dict[str, str]:
    """Return what is paid on this very page (`Driver.start` names the details), and the amount as the wallet must show it."""
    found = {name: str(attempt.details[name]) for name in checkout.SHOWN_HERE if name in attempt.details}
    amount, currency = attempt.amount_minor, attempt.currency
    spelled = {"amount": format_minor(amount, currency=currency), "plain": plain_minor(amount, currency=currency)}
    if "coins" in found:
        spelled = {"amount": f"{found['coins']} {found['coin']}", "plain": found["coins"], "worth": spelled["amount"]}
    return found and {**found, **spelled}


def _refund_of(order: Order) -> dict[str, Any]:
    """Return what the page says of paying back: what was asked or done, else how much could be."""
    last, could = Refund.objects.filter(attempt__order=order).first(), buyers.askable(order)
    return {"last": last, "last_amount": refunds.spell(last) if last else "", "offer": _fair(could, order) if could else ""}


def _fair(could: refunds.Offer, order: Order) -> str:
    """Spell what could be paid back: the gateway's part, and that of store credit."""
    parts = [(could.amount_minor, could.currency), (could.credit_minor, order.currency)]
    return " + ".join(format_minor(amount, currency=currency) for amount, currency in parts if amount)
