"""A shop's purchase of stock is disputed: what it has not sold goes back, the rest is owed out of the next stock it gets.

The same mechanism as for customers (ADR 0014), on stock accounts: the debt is `dispute` of the shop that bought, the floor of its
stock rises by it, so that nothing owed is minted or sold on; what was paid lies in a claim of the seller (`adjust`, by the
number of the shop) until the bank has decided, then it goes to the seller's stock, or back.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from accounts.models import Tenant
from billing import ledger
from billing.codes import stock_of
from billing.models import Dispute, LedgerAccount, Order, PaymentAttempt, Product
from foundation.ids import uuid7

State = Dispute.State
_KEY = "shop:"


def bought(attempt: PaymentAttempt, *, amount: int, received: int) -> dict[str, int]:
    """Return which shop got how much stock (µ$) for the disputed part of a payment, as `Dispute.quota` keeps it; empty for other orders."""
    order = attempt.order
    if order.kind != Product.Kind.STOCK or order.recipient_id is None or not attempt.settles_order or not received:
        return {}
    paid = order.total_minor - attempt.credit_minor  # what store credit paid is in no bank's dispute
    micros = order.units_micros * order.quantity * amount * paid // (received * order.total_minor)
    return {f"{_KEY}{order.recipient_id}": micros} if micros else {}


def owe(dispute: Dispute, order: Order) -> None:
    """Write a shop's debt down, within the caller's transaction, and take what lies unsold."""
    for shop, micros in _shops(dispute):
        stock = _locked(shop)
        ledger.transfer(
            kind="dispute", key=f"dispute:{dispute.pk}:{_KEY}{shop}", src_id=_debtor(shop).pk, dst_id=_claim(order.tenant_id, shop).pk,
            amount=micros, reference=f"dispute:{dispute.pk}",
        )  # fmt: skip
        LedgerAccount.objects.filter(pk=stock.pk).update(floor=F("floor") + micros)
        _repay(shop)


def forgive(dispute: Dispute, order: Order) -> None:
    """Cancel what a shop still owes of a dispute that was won, within the caller's transaction, and give back what it had paid."""
    for shop, micros in _shops(dispute):
        stock, debtor, claim = _locked(shop), _debtor(shop), _claim(order.tenant_id, shop)
        owed = min(micros, max(0, -ledger.balance_of(debtor)))
        lines = [ledger.Line(claim.pk, debtor.pk, owed)] if owed else []
        lines += [ledger.Line(claim.pk, stock.pk, micros - owed)] if micros > owed else []
        LedgerAccount.objects.filter(pk=stock.pk).update(floor=F("floor") - owed)
        ledger.post(kind="dispute", key=f"dispute-won:{dispute.pk}:{_KEY}{shop}", lines=lines, reference=f"dispute:{dispute.pk}")


def owed(shop: Tenant) -> int:
    """Return what a shop owes of disputed purchases (µ$)."""
    return max(0, -ledger.balance_of(_debtor(shop.pk)))


def collect() -> int:
    """Take what shops owe out of stock they got since, and give sellers what is theirs of disputes that are decided (µ$ taken)."""
    raised = LedgerAccount.objects.filter(kind="stock", owner=0, floor__gt=F("hard_floor"), balance__gt=F("held"))
    taken = sum(_take(shop) for shop in list(raised.order_by("pk").values_list("tenant_id", flat=True)))
    claims = LedgerAccount.objects.filter(kind="adjust", ledger="Q", owner__gt=0, balance__gt=0).order_by("pk")
    for pk in list(claims.values_list("pk", flat=True)):
        _settle(pk)
    return taken


@transaction.atomic
def _take(shop: int) -> int:
    _locked(shop)
    return _repay(shop)


def _repay(shop: int) -> int:
    """Pay a shop's debt as far as its locked stock goes; what lies below the floor but for the debt is not its own to pay with."""
    stock = LedgerAccount.objects.get(pk=stock_of(shop))
    debt = max(0, -ledger.balance_of(_debtor(shop)))
    part = min(debt, stock.balance - stock.held - max(stock.hard_floor, stock.floor - debt))
    if part <= 0:
        return 0
    # The debt stands in the floor: it makes way for what pays it, and comes back less that.
    row = LedgerAccount.objects.filter(pk=stock.pk)
    row.update(floor=F("floor") - debt)
    ledger.transfer(kind="repay", key=f"repay:{uuid7()}", src_id=stock.pk, dst_id=_debtor(shop).pk, amount=part)
    row.update(floor=F("floor") + debt - part)
    return part


@transaction.atomic
def _settle(claim_id: int) -> None:
    """Give the seller what a shop has paid, once none of its disputes is open."""
    shop = LedgerAccount.objects.values_list("owner", flat=True).get(pk=claim_id)
    _locked(shop)
    claim = LedgerAccount.objects.select_related("tenant").get(pk=claim_id)
    paid = claim.balance - max(0, -ledger.balance_of(_debtor(shop)))
    if paid <= 0 or Dispute.objects.filter(state=State.OPEN, quota__has_key=f"{_KEY}{shop}").exists():
        return
    to = ledger.account(kind="issuer").pk if claim.tenant.is_root else stock_of(claim.tenant_id)
    ledger.transfer(kind="claim", key=f"claim:{uuid7()}", src_id=claim.pk, dst_id=to, amount=paid)


def _shops(dispute: Dispute) -> list[tuple[int, int]]:
    found = ((name.removeprefix(_KEY), micros) for name, micros in dispute.quota.items() if name.startswith(_KEY))
    return sorted((int(shop), micros) for shop, micros in found)


def _locked(shop: int) -> LedgerAccount:
    """Return a shop's stock, locked: whatever happens to its debts happens one after the other."""
    return LedgerAccount.objects.select_for_update(no_key=True).get(pk=stock_of(shop))


def _debtor(shop: int) -> LedgerAccount:
    return ledger.account(kind="dispute", tenant_id=shop)


def _claim(seller: int, shop: int) -> LedgerAccount:
    return ledger.account(kind="adjust", tenant_id=seller, owner=shop)
