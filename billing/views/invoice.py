"""The papers of an order, for whoever knows its address: receipt (to print, as PDF) and invoice (asked for, fetched)."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing import invoices, receipts
from billing.forms import InvoiceForm
from billing.models import InvoiceRequest
from billing.views.door import entering, private
from billing.views.order import find_or_404


@require_safe
def receipt(request: HttpRequest, capability: str) -> HttpResponse:
    """Show a paid order's receipt, made to be printed."""
    found = receipts.of(find_or_404(entering(request), capability))
    if found is None:
        raise Http404
    return private(render(request, "shop/receipt.html", {"receipt": found, "capability": capability}))


@require_safe
def receipt_pdf(request: HttpRequest, capability: str) -> HttpResponse:
    """Give a paid order's receipt as a file."""
    found = receipts.of(find_or_404(entering(request), capability))
    if found is None:
        raise Http404
    return _file(receipts.pdf(found), f"receipt-{found.number}.pdf")


@require_http_methods(["GET", "HEAD", "POST"])
def invoice(request: HttpRequest, capability: str) -> HttpResponse:
    """Ask for an invoice, and see what came of it."""
    found = find_or_404(entering(request), capability)
    asked = InvoiceRequest.objects.filter(order=found).first()
    if asked is None and not invoices.may_ask(found):
        raise Http404
    form = InvoiceForm(request.POST if request.method == "POST" else None, initial=vars(asked) if asked else {})
    status = HTTPStatus.OK
    if request.method == "POST" and form.is_valid():
        try:
            invoices.request(order=found, **form.cleaned_data)
        except invoices.InvoiceError as refusal:
            form.add_error("tax_number" if isinstance(refusal, invoices.BadInvoice) else None, str(refusal))
        else:
            messages.success(request, _("The shop knows that you want an invoice. It will stand here."))
            return private(redirect("invoice", capability=capability))
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    context = {"order": found, "capability": capability, "asked": asked, "form": form}
    return private(render(request, "shop/invoice.html", context, status=status))


@require_safe
def invoice_pdf(request: HttpRequest, capability: str) -> HttpResponse:
    """Give an issued invoice."""
    found = find_or_404(entering(request), capability)
    asked = InvoiceRequest.objects.filter(order=found, state=InvoiceRequest.State.ISSUED).first()
    if asked is None:
        raise Http404
    try:
        return _file(invoices.read(asked), f"invoice-{found.number}.pdf")
    except FileNotFoundError:
        raise Http404 from None


def _file(content: bytes, name: str) -> HttpResponse:
    """Return a PDF that is saved and never opened inside our own pages."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return private(response)
