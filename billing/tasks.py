"""Celery's doors to this room."""

from __future__ import annotations

from celery import shared_task

from billing import code_shelf, orders
from foundation import jobs


@shared_task
@jobs.scheduled("expire orders", every_seconds=30)
def expire_orders() -> str:
    """End unpaid orders whose reservation is over; their codes go back on the shelf."""
    return f"{orders.expire_due()} orders"


@shared_task
@jobs.scheduled("expire codes", every_seconds=3600)
def expire_codes() -> str:
    """End codes that were to be redeemed by now; their quota goes back."""
    return f"{code_shelf.expire_due()} codes"
