"""Invoices that buyers ask for: issued as a PDF, declined with a reason, looked at again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib import messages as notes
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.admin_scope import actor_of
from billing import invoices, money
from billing.models.invoices import InvoiceRequest
from console.admin import pages
from console.admin.base import DeskAdmin, ReadOnly
from console.admin.code_forms import ReasonForm
from console.admin.figures import label, number

STATE_LABELS = {"requested": "warning", "issued": "success", "declined": "default"}


class IssueForm(pages.DeskForm):
    """The invoice as a file."""

    file = forms.FileField(
        label=gettext_lazy("PDF"), widget=UnfoldAdminFileFieldWidget, help_text=gettext_lazy("Up to 5 MB, without scripts or a password.")
    )


class InvoiceRequestAdmin(ReadOnly, DeskAdmin[InvoiceRequest]):
    """Requests, those that wait first by the filter."""

    list_display = ("order", "title", "tax_number", "total", "state_label", "created_at", "ended_at")
    list_filter = ("state",)
    list_select_related = ("order",)
    search_fields = ("=order__number", "title", "tax_number")
    ordering = ("-id",)
    fields = ("order", "title", "tax_number", "note", "total", "state_label", "answer", "actor", "created_at", "ended_at")
    readonly_fields = fields
    actions_detail = ("issue", "decline", "download")

    @pages.act(description=gettext_lazy("Issue"), icon="upload_file")
    def issue(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the invoice's file, and tell the buyer."""
        invoice = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, invoice)
        form = IssueForm(request.POST or None, request.FILES or None)
        if form.is_valid():
            file: Any = form.cleaned_data["file"]
            before = self.facts(invoice)
            try:
                with transaction.atomic():
                    invoices.issue(invoice=invoice, file=file, size=file.size, actor=actor_of(request).user)
                    self.record_change(request, "issue", invoice, before=before)
                return redirect(back)
            except invoices.BadInvoice as error:
                form.add_error("file", str(error))
            except invoices.WrongInvoice as error:
                self.message_user(request, str(error), level=notes.ERROR)
                return redirect(back)
        text = _("The buyer finds it on the order's page and gets a mail. An issued invoice can be replaced.")
        return pages.ask(request, self, title=_("Issue %s") % invoice.title, submit=_("Issue"), form=form, explanation=text, back=back)

    @pages.act(description=gettext_lazy("Decline"), icon="block")
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refuse, with a reason that the buyer reads."""
        invoice = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, invoice)
        form = ReasonForm(request.POST or None)
        if not form.is_valid():
            text = _("The buyer reads the reason and can ask again.")
            title = _("Decline %s") % invoice.title
            return pages.ask(request, self, title=title, submit=title, form=form, explanation=text, back=back, is_danger=True)
        before = self.facts(invoice)
        try:
            with transaction.atomic():
                invoices.decline(invoice=invoice, reason=form.cleaned_data["reason"], actor=actor_of(request).user)
                self.record_change(request, "decline", invoice, before=before)
        except invoices.WrongInvoice as error:
            self.message_user(request, str(error), level=notes.ERROR)
        return redirect(back)

    @pages.act(description=gettext_lazy("Download"), icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the file that was issued."""
        invoice = self.subject(request, object_id)
        try:
            response = HttpResponse(invoices.read(invoice), content_type="application/pdf")
        except FileNotFoundError:
            raise Http404 from None
        response["Content-Disposition"] = f'attachment; filename="invoice-{invoice.order.number}.pdf"'
        return response

    @admin.display(description=gettext_lazy("total"))
    def total(self, invoice: InvoiceRequest) -> SafeString:
        return number(money.format_minor(invoice.order.total_minor, currency=invoice.order.currency))

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, invoice: InvoiceRequest) -> tuple[str, str]:
        return invoice.state, invoice.get_state_display()
