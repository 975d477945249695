"""What waits for somebody of the staff: how many of each, and the list in which it is decided."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from accounts import scope
from accounts.models import Membership, ShopApplication
from billing.models import Dispute, InvoiceRequest, Order, Refund, Withdrawal
from console.admin.base import BoundedPaginator


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many rows of a list wait."""

    title: str
    count: int
    link: str


def of(actor: scope.Actor, site: str) -> list[Waiting]:
    """Return what waits for the actor, in the order of a day's work; what nobody waits for is left out."""
    lists: list[tuple[str, type[Model], str]] = [
        (_("Paid orders to deliver by hand"), Order, Order.State.PAID),
        (_("Refunds asked for"), Refund, Refund.State.REQUESTED),
        (_("Open disputes"), Dispute, Dispute.State.OPEN),
        (_("Invoices asked for"), InvoiceRequest, InvoiceRequest.State.REQUESTED),
        (_("New customers to approve"), Membership, Membership.State.WAITING),
        (_("Applications for a shop"), ShopApplication, ShopApplication.State.WAITING),
    ]
    if actor.is_platform:  # what a shop asked for itself waits for others
        lists += [
            (_("Withdrawals to decide"), Withdrawal, Withdrawal.State.REQUESTED),
            (_("Withdrawals to pay"), Withdrawal, Withdrawal.State.APPROVED),
        ]
    found = [_waiting(actor, site, *one) for one in lists]
    return [one for one in found if one is not None and one.count]


def _waiting(actor: scope.Actor, site: str, title: str, model: type[Model], state: str) -> Waiting | None:
    """Return one line; None where this site does not keep the subject."""
    try:
        address = reverse(f"{site}:{model._meta.app_label}_{model._meta.model_name}_changelist")
    except NoReverseMatch:
        return None
    rows = scope.narrow(actor, model._default_manager.filter(state=state)).order_by()
    return Waiting(title, rows[: BoundedPaginator.limit].count(), f"{address}?state__exact={state}")
