"""What payment gateways told us, with the reason of each refusal in words, and asking a gateway again: the doctor of lost payments."""

from __future__ import annotations

from django import forms
from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing import callbacks
from billing.models.inbox import WebhookInbox
from billing.models.shop import Order, PaymentAttempt
from console.admin import pages
from console.admin.base import DeskAdmin, ReadOnly
from console.admin.figures import label

STATE_LABELS = {"received": "info", "processed": "success", "ignored": "default", "failed": "danger"}


class WebhookInboxAdmin(ReadOnly, DeskAdmin[WebhookInbox]):
    """Each message once, however often it was sent."""

    list_display = ("created_at", "account", "kind", "state_label", "reason", "tries")
    list_filter = ("state",)
    list_select_related = ("account__tenant",)
    search_fields = ("event_id", "reason")
    ordering = ("-id",)
    fields = ("created_at", "account", "kind", "event_id", "state_label", "reason", "body", "tries", "ended_at")

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, row: WebhookInbox) -> tuple[str, str]:
        return row.state, row.get_state_display()


def ask_again(desk: DeskAdmin[Order], request: HttpRequest, order: Order) -> HttpResponse:
    """Ask the gateways of an order's open payments what became of them, and settle what they say."""
    back = pages.object_url(desk.admin_site.name, order)
    if request.method != "POST":
        explanation = _(
            "Asks the gateways of this order's open payments what became of them. What was paid is settled as if they had told us."
        )
        title = _("Ask about %s") % order
        return pages.ask(request, desk, title=title, submit=title, form=forms.Form(), explanation=explanation, back=back)
    waiting = order.attempts.filter(state=PaymentAttempt.State.PENDING).select_related("account__tenant", "order")
    found = sum(callbacks.ask(attempt) for attempt in waiting)
    desk.record(request, "ask", order, after={"found": found})
    if found:
        desk.message_user(request, ngettext("%d payment had an end.", "%d payments had an end.", found) % found)
    else:
        desk.message_user(request, _("The gateways know nothing new of this order."), level=notes.WARNING)
    return redirect(back)
