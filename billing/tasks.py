"""Celery's doors to this room. What orders' mails may show registers here."""

from __future__ import annotations

import datetime

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from billing import (
    alerts,
    bought,
    buyers,
    callbacks,
    code_shelf,
    disputes,
    leases,
    ledger,
    lots,
    margins,
    minting,
    orders,
    ready_keys,
    referrals,
    refunds,
    restock,
    self_dealing,
    stock_disputes,
    stock_watch,
)
from foundation import jobs

# Importing it lets mails show what was bought.
__all__ = ["bought"]


@shared_task
@jobs.scheduled("expire orders", every_seconds=30, is_needed=True)
def expire_orders() -> str:
    """End unpaid orders whose reservation is over; their codes go back on the shelf."""
    return f"{orders.expire_due()} orders"


@shared_task
@jobs.scheduled("ask gateways", every_seconds=120, is_needed=True)
def ask_gateways() -> str:
    """Ask what became of payments that nobody told us the end of."""
    return f"{callbacks.ask_about_pending()} payments"


@shared_task
@jobs.scheduled("ask about refunds", every_seconds=600)
def ask_about_refunds() -> str:
    """Ask what became of refunds that nobody told us the end of."""
    return f"{callbacks.ask_about_refunds()} refunds"


@shared_task
@jobs.scheduled("ask about disputes", every_seconds=6 * 3600)
def ask_about_disputes() -> str:
    """Ask how disputes stand: a bank gives few days to answer."""
    return f"{callbacks.ask_about_disputes()} accounts"


@shared_task
@jobs.scheduled("send refunds", every_seconds=60, is_needed=True)
def send_refunds() -> str:
    """Have gateways pay what was put aside and not sent."""
    return f"{refunds.send_due()} refunds"


@shared_task
@jobs.scheduled("expire codes", every_seconds=3600)
def expire_codes() -> str:
    """End codes that were to be redeemed by now; their quota goes back."""
    return f"{code_shelf.expire_due()} codes"


@shared_task
def mint_codes(batch_id: int) -> str:
    """Make the codes of one large batch."""
    return f"{minting.go_on(batch_id)} codes"


@shared_task
@jobs.scheduled("finish batches of codes", every_seconds=30)
def finish_batches() -> str:
    """Go on with batches whose worker stopped."""
    return f"{sum(map(minting.go_on, minting.unfinished()))} codes"


@shared_task
@jobs.scheduled("bury lost relay workers", every_seconds=30, is_needed=True)
def sweep_workers() -> int:
    """Give back what workers of a lost node had leased."""
    return len(leases.sweep())


@shared_task
@jobs.scheduled("expire holds", every_seconds=60, is_needed=True)
def expire_holds() -> int:
    """End the holds whose time is over."""
    return ledger.expire_holds()


@shared_task
@jobs.scheduled("collect debts", every_seconds=30, is_needed=True)
def collect_debts() -> str:
    """Take what customers owe out of money that workers gave back (top-ups pay at once), and pass on what shops claimed."""
    return f"{ledger.collect_debts() + stock_disputes.collect()} µ$, {disputes.settle_claims()} µ$ to shops"


@shared_task
@jobs.scheduled("follow claimed keys", every_seconds=30, is_needed=True)
def follow_claimed_keys() -> str:
    """Bring what relays gave back of claimed wallets to the people who claimed them."""
    return f"{ready_keys.follow()} µ$"


@shared_task
@jobs.scheduled("expire credit", every_seconds=300)
def expire_lots() -> str:
    """Move what is left of expired credit to where it belongs."""
    return f"{lots.expire_due()} lots"


@shared_task
@jobs.scheduled("snapshot accounts", every_seconds=3600)
def snapshot_accounts() -> int:
    """Keep the reading of lazy accounts cheap."""
    return margins.snapshot_lazy_accounts()


@shared_task
@jobs.scheduled("margin to stock", every_seconds=24 * 3600)
def settle_margins() -> int:
    """Make what resellers earned sellable again."""
    return margins.settle_margins(day=timezone.now().date())


@shared_task
@jobs.scheduled("look at stock", every_seconds=60)
def look_at_stock() -> str:
    """Tell staff of what runs low or is sold out."""
    return f"{stock_watch.look()} products"


@shared_task
@jobs.scheduled("tell of restocked products", every_seconds=60)
def tell_of_restocked() -> str:
    """Tell who asked for it that something is there again."""
    return f"{restock.look()} mails"


@shared_task
@jobs.scheduled("tell of limits", every_seconds=60)
def tell_of_limits() -> str:
    """Tell people in time that a limit or a wallet is being used up."""
    return f"{alerts.tell_of_limits()} limits, {alerts.tell_of_wallets()} wallets"


@shared_task
@jobs.scheduled("tell of expiring credit", every_seconds=3600)
def tell_of_expiring_credit() -> str:
    """Tell people in time that credit of theirs ends."""
    return f"{alerts.tell_of_expiring()} lots"


@shared_task
@jobs.scheduled("tell of expiring codes", every_seconds=3600)
def tell_of_expiring_codes() -> str:
    """Tell buyers in time that codes they did not redeem end."""
    return f"{alerts.tell_of_codes()} orders"


@shared_task
@jobs.scheduled("forget alerts", every_seconds=24 * 3600)
def forget_alerts() -> int:
    """Forget what was told of windows that are long over."""
    return alerts.forget()


@shared_task
@jobs.scheduled("reward referrals", every_seconds=60)
def reward_referrals() -> str:
    """Reward first purchases of who was brought by others, and take back what was given for those that did not stand."""
    return f"{referrals.settle_due()} settled, {referrals.reverse_due()} taken back"


@shared_task
@jobs.scheduled("look for own purchases", every_seconds=600)
def look_for_own_purchases() -> str:
    """Look once more at what was paid through lent accounts lately: some signs come later."""
    return f"{self_dealing.look_back()} payments"


@shared_task
@jobs.scheduled("forget buyers", every_seconds=24 * 3600)
def forget_buyers() -> str:
    """Shorten old network addresses, and forget who placed orders that were never paid."""
    now = timezone.now()
    restock.forget()
    shortened = buyers.shorten_addresses(now=now)
    forgotten = buyers.forget_unpaid(before=now - datetime.timedelta(days=settings.UNPAID_EMAIL_RETENTION_DAYS))
    return f"{shortened} addresses, {forgotten} orders"
