"""Payments that buyers dispute at their bank, to be looked at: gateways say how they begin and end."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models.disputes import Dispute
from billing.money import format_minor, format_usd
from console.admin.base import DeskAdmin, ReadOnly, TenantColumn
from console.admin.figures import label, lines, number

STATES = {"open": "warning", "won": "success", "lost": "danger"}


class DisputeAdmin(TenantColumn, ReadOnly, DeskAdmin[Dispute]):
    """Disputes, the newest first."""

    list_display = ("order", "state_label", "amount", "reason", "created_at", "ended_at")
    list_filter = ("state",)
    list_select_related = ("attempt__order__tenant",)
    search_fields = ("reference", "attempt__order__number")
    ordering = ("-id",)
    fields = ("order", "state_label", "amount", "reason", "reference", "debts", "created_at", "ended_at")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("order"), ordering="attempt__order__number")
    def order(self, dispute: Dispute) -> str:
        return str(dispute.attempt.order)

    @admin.display(description=gettext_lazy("tenant"))
    def tenant(self, dispute: Dispute) -> str:
        return str(dispute.attempt.order.tenant)

    @label(description=gettext_lazy("state"), ordering="state", colours=STATES)
    def state_label(self, dispute: Dispute) -> tuple[str, str]:
        return dispute.state, dispute.get_state_display()

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, dispute: Dispute) -> SafeString:
        return number(format_minor(dispute.amount_minor, currency=dispute.currency))

    @admin.display(description=gettext_lazy("quota in dispute"))
    def debts(self, dispute: Dispute) -> SafeString:
        """Name the memberships that redeemed it, or the shop that bought it, and how much."""
        return lines(f"{_name(owner)}: {format_usd(micros)}" for owner, micros in sorted(dispute.quota.items()))


def _name(owner: str) -> str:
    return f"#{owner}" if owner.isdecimal() else _("shop #%s") % owner.removeprefix("shop:")
