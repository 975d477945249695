"""Orders with their timeline: payments, steps, and the few decisions a person takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import admin
from django.contrib import messages as notes
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import TenantTabularInline, actor_of
from accounts.models import LegalPage
from billing import codes, hand_delivery, money, orders, selectors, settlement
from billing.models.shop import Order, OrderEvent, PaymentAttempt
from console.admin import confirming, inbox, pages, refunds
from console.admin.base import DeskAdmin, ReadOnly, TenantColumn
from console.admin.code_forms import ReasonForm
from console.admin.exports import Exported
from console.admin.figures import label, mono, number, usd

STATE_LABELS = {
    "pending": "info", "paid": "primary", "delivered": "success", "expired": "default",
    "canceled": "default", "review": "danger", "refunded": "warning",
}  # fmt: skip


class PaymentInline(TenantTabularInline[PaymentAttempt, Order]):
    """The tries to pay an order."""

    model = PaymentAttempt
    fields = ("created_at", "account", "amount", "credit", "state", "received", "provider_transaction", "review_reason")
    readonly_fields = fields
    add_roles = change_roles = delete_roles = ()
    can_delete = False

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, attempt: PaymentAttempt) -> SafeString:
        return number(money.format_minor(attempt.amount_minor, currency=attempt.currency))

    @admin.display(description=gettext_lazy("store credit"))
    def credit(self, attempt: PaymentAttempt) -> SafeString:
        return number(money.format_minor(attempt.credit_minor, currency=attempt.order.currency) if attempt.credit_minor else "—")

    @admin.display(description=gettext_lazy("received"))
    def received(self, attempt: PaymentAttempt) -> SafeString:
        if attempt.received_minor is None:
            return number("—")
        return number(money.format_minor(attempt.received_minor, currency=attempt.received_currency or attempt.currency))


class EventInline(TenantTabularInline[OrderEvent, Order]):
    """The order's timeline."""

    model = OrderEvent
    fields = ("created_at", "before", "after", "attempt", "actor", "reason")
    readonly_fields = fields
    add_roles = change_roles = delete_roles = ()
    can_delete = False


class DeliveryForm(pages.DeskForm):
    """What the buyer of something delivered by hand gets."""

    text = forms.CharField(
        label=gettext_lazy("What the buyer gets"), widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}), max_length=20_000
    )


class LookFilter(admin.SimpleListFilter):
    """Orders with money that waits for a person: late, double, of a wrong amount."""

    title = gettext_lazy("payments")
    parameter_name = "look"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("need a look"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return selectors.to_look_at(queryset) if self.value() == "yes" else queryset


class OrderAdmin(Exported, TenantColumn, ReadOnly, DeskAdmin[Order]):
    """What people bought. The secret address of an order and its codes stay with the buyer."""

    list_display = ("number", "product_name", "quantity", "total", "state_label", "buyer", "created_at")
    list_filter = (LookFilter, "state", "kind")
    list_select_related = ("tenant",)
    export_columns = (
        ("number", "number"),
        ("placed", "created_at"),
        ("paid", "paid_at"),
        ("delivered", "delivered_at"),
        ("state", "state"),
        ("product", "product_name"),
        ("kind", "kind"),
        ("quantity", "quantity"),
        ("total_minor", "total_minor"),
        ("currency", "currency"),
        ("units_micros", "units_micros"),
        ("customer", "membership_id"),
        ("email", "email"),
        ("contact", "contact"),
    )
    search_fields = ("number", "email", "contact")
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("shown_number", "state_label", "product", "kind", "quantity", "units", "total", "review_reason")}),
        (gettext_lazy("Buyer"), {"fields": ("email", "contact", "answered", "membership", "language", "address", "accepted_pages")}),
        (gettext_lazy("Times"), {"fields": ("created_at", "reserved_until", "paid_at", "delivered_at")}),
    )
    inlines = (PaymentInline, EventInline)
    actions_detail = ("hand_over", "ask_again", "confirm", "deliver", "pay_back", "cancel")

    @pages.act(description=gettext_lazy("Deliver by hand"), icon="edit_note")
    def hand_over(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Write what the buyer of something delivered by hand gets, or correct it."""
        order = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, order)
        form = DeliveryForm(request.POST or None, initial={"text": hand_delivery.text_of(order)})
        if not form.is_valid():
            text = _("Stands on the order's page, kept sealed; the buyer gets a mail that it is there. It can be corrected later.")
            return pages.ask(request, self, title=_("Deliver %s") % order, submit=_("Deliver"), form=form, explanation=text, back=back)
        before = self.facts(order)
        try:
            with transaction.atomic():
                hand_delivery.deliver(order=order, text=form.cleaned_data["text"], actor=actor_of(request).user)
                order.refresh_from_db()
                self.record(request, "hand_over", order, before={"state": before["state"]}, after={"state": order.state})
        except orders.OrderError as error:
            self.message_user(request, str(error), level=notes.ERROR)
        return redirect(back)

    @pages.act(description=gettext_lazy("Confirm by hand"), icon="price_check")
    @method_decorator(reauthentication_required)
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Confirm money that no gateway reported; the password is asked for again."""
        return confirming.page(self, request, self.subject(request, object_id))

    @pages.act(description=gettext_lazy("Deliver"), icon="local_shipping")
    def deliver(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Deliver an order that waits for a person: the money came, but late, twice or in another amount."""
        return self._decide(request, object_id, "deliver", _("Hands the codes out although the payment needed a look."))

    @pages.act(description=gettext_lazy("Ask the gateway"), icon="sync")
    def ask_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask what became of payments whose message was lost."""
        return inbox.ask_again(self, request, self.subject(request, object_id))

    @pages.act(description=gettext_lazy("Pay back"), icon="undo")
    def pay_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Pay an order back: what is fair, or a gesture."""
        return refunds.pay_back(self, request, self.subject(request, object_id))

    @pages.act(description=gettext_lazy("Cancel"), icon="cancel")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give an unpaid order up."""
        return self._decide(request, object_id, "cancel", _("Gives an unpaid order up; its codes go back on the shelf."))

    def _decide(self, request: HttpRequest, object_id: str, verb: str, explanation: str) -> HttpResponse:
        order = self.subject(request, object_id)
        back = pages.object_url(self.admin_site.name, order)
        form = ReasonForm(request.POST or None)
        if not form.is_valid():
            title = {"deliver": _("Deliver %s"), "cancel": _("Cancel %s")}[verb] % order
            return pages.ask(
                request, self, title=title, submit=title, form=form, explanation=explanation, back=back, is_danger=verb == "cancel"
            )
        acts: dict[str, Any] = {"deliver": settlement.deliver_reviewed, "cancel": orders.cancel}
        before = self.facts(order)
        try:
            with transaction.atomic():
                acts[verb](order=order, actor=actor_of(request).user, reason=form.cleaned_data["reason"])
                order.refresh_from_db()
                self.record_change(request, verb, order, before=before)
        except (orders.OrderError, codes.CodeError) as error:
            self.message_user(request, str(error), level=notes.ERROR)
        return redirect(back)

    @admin.display(description=gettext_lazy("answers"))
    def answered(self, order: Order) -> str:
        return " · ".join(f"{answer['label']}: {answer['value']}" for answer in order.answers) or "—"

    @admin.display(description=gettext_lazy("accepted by ordering"))
    def accepted_pages(self, order: Order) -> str:
        """Name the versions that stood when the order was placed."""
        told = [_("%(page)s, version %(version)s") % {"page": _page(one), "version": one["version"]} for one in order.accepted]
        return " · ".join(told) or "—"

    @admin.display(description=gettext_lazy("number"))
    def shown_number(self, order: Order) -> SafeString:
        return mono(order.number)

    @admin.display(description=gettext_lazy("quota of each"))
    def units(self, order: Order) -> SafeString:
        return usd(order.units_micros)

    @admin.display(description=gettext_lazy("total"), ordering="total_minor")
    def total(self, order: Order) -> SafeString:
        return number(money.format_minor(order.total_minor, currency=order.currency))

    @admin.display(description=gettext_lazy("buyer"), ordering="email")
    def buyer(self, order: Order) -> str:
        return order.email or order.contact or "—"

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, order: Order) -> tuple[str, str]:
        return order.state, order.get_state_display()


def _page(accepted: Mapping[str, Any]) -> str:
    """Name one of the shop's pages, with its language where it has one."""
    label = LegalPage.Kind(accepted["kind"]).label
    return f"{label} ({accepted['language']})" if accepted["language"] else str(label)
