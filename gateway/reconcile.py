"""Look at everything that must agree: invariants of the books, usage and captures, our cost and the vendors', what is owed and covered."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from billing import audit, audit_runs, coverage, gateway_statements, unpriced
from billing.audit import Finding
from billing.audit_runs import AuditRun
from billing.money import format_minor, format_usd
from gateway import rollups, selectors, upstream_bills
from gateway.models import UsageQuarantine
from gateway.upstream_bills import Bill

# Vendors' balances and our average cost are looked at over so many days.
WINDOW = datetime.timedelta(days=7)
AVERAGE = datetime.timedelta(days=30)
# Gateways pay out weekly or monthly.
LONG_UNSETTLED = datetime.timedelta(days=45)

# Journals older than what their tenant has kept have lost their rows to retention; a row is posted within days after its call.
_WRONG = """
SELECT 'journal ' || coalesce(j.id, u.journal_id), 'transfers ' || coalesce(j.total, 0) || ', usage ' || coalesce(u.total, 0)
FROM (
  SELECT journal.id, journal.tenant_id, journal.created_at, sum(t.amount) AS total
  FROM billing_journal journal JOIN billing_transfer t ON t.journal_id = journal.id
  WHERE journal.kind = 'use' GROUP BY journal.id
) j FULL JOIN (
  SELECT journal_id, sum(price_micros) AS total FROM gateway_usagerecord WHERE price_micros > 0 GROUP BY journal_id
) u ON u.journal_id = j.id LEFT JOIN gateway_usageretention kept ON kept.tenant_id = j.tenant_id
WHERE (coalesce(j.total, 0) <> coalesce(u.total, 0) OR u.journal_id IS NULL OR j.id IS NULL)
  AND (kept.cleared_until IS NULL OR j.created_at >= kept.cleared_until + interval '3 days')
"""
_CLEARED = """
SELECT 'usage in the DEFAULT partition', 'rows ' || count(*) FROM gateway_usagerecord_default HAVING count(*) > 0
"""


def usage_and_captures() -> list[Finding]:
    """I11: every usage row with a price belongs to the journal that paid for it, and the sums agree."""
    return audit.query("I11", _WRONG)


def rows_without_a_month() -> list[Finding]:
    """What no month's partition took needs an operator before that month can be made."""
    return audit.query("partitions", _CLEARED)


CHECKS = (usage_and_captures, rows_without_a_month)
NAMES = (*audit.names(), "I11", "partitions", "unpriced", "quarantine", "upstream", "coverage", "clearing", gateway_statements.NAME)


def examine() -> AuditRun:
    """Make every check and keep what was found, with the figures beside it."""
    began = time.monotonic()
    now = timezone.now()
    said = gateway_statements.compare_all(now=now)  # before the snapshot: no transaction waits for a gateway
    wrong = [*audit.run(more=CHECKS), *said.wrong]
    bills = upstream_bills.bills(since=now - WINDOW, until=now)
    owed, at_gateways = coverage.owed(), coverage.at_gateways()
    needed = _needed(owed.outstanding, now)
    figures = {
        "outstanding": owed.outstanding, "wallets": owed.wallets, "lots": owed.lots, "codes": owed.codes, "stock": owed.stock,
        "held": owed.held, "debts": owed.debts, "needed": needed, "upstream": _upstream(bills), "bills": [_shown(bill) for bill in bills],
        "at_gateways": at_gateways,
    }  # fmt: skip
    notices = [
        *unpriced.findings(),
        *_quarantined(),
        *_drifts(bills),
        *_uncovered(needed, _upstream(bills)),
        *_unsettled(at_gateways, now),
        *said.notices,
    ]
    duration = int((time.monotonic() - began) * 1000)
    return audit_runs.keep(wrong=wrong, notices=notices, names=NAMES, figures=figures, duration_ms=duration)


def _needed(outstanding: int, now: datetime.datetime) -> int:
    """Return what serving everything outstanding would cost upstream, at the average of the last days (its price, before any call)."""
    used = selectors.total(selectors.days(), since=rollups.day_of(now - AVERAGE), until=now)
    return outstanding * used.cost_micros // used.price_micros if used.price_micros and used.cost_micros else outstanding


def _upstream(bills: Sequence[Bill]) -> int | None:
    """Return what all known upstream accounts hold; None when no vendor told."""
    known = [bill.balance for bill in bills if bill.balance is not None]
    return sum(known) if known else None


def _shown(bill: Bill) -> dict[str, Any]:
    return {
        "channel": bill.channel_id, "key": bill.key_id, "balance": bill.balance, "taken": bill.taken, "counted": bill.counted,
        "uncosted": bill.uncosted, "drift": bill.drift, "proposal": bill.proposal if bill.is_off else "",
    }  # fmt: skip


def _drifts(bills: Sequence[Bill]) -> list[Finding]:
    return [
        Finding(
            "upstream",
            f"channel {bill.channel_id}" + (f", key {bill.key_id}" if bill.key_id is not None else ""),
            f"the vendor took {format_usd(bill.taken)}, we counted {format_usd(bill.counted)}: {bill.proposal}",
        )
        for bill in bills
        if bill.is_off
    ]


def _uncovered(needed: int, upstream: int | None) -> list[Finding]:
    """Compare what is owed with what lies at vendors; nothing where vendors do not tell."""
    if upstream is None or upstream >= needed:
        return []
    detail = f"serving what customers hold costs about {format_usd(needed)}, the accounts at vendors hold {format_usd(upstream)}"
    return [Finding("coverage", "accounts at vendors", detail)]


def _unsettled(at_gateways: Sequence[dict[str, Any]], now: datetime.datetime) -> list[Finding]:
    """Name gateways that have paid nothing out for long: their clearing accounts are empty when all has arrived."""
    found: list[Finding] = []
    for row in at_gateways:
        if datetime.datetime.fromisoformat(row["since"]) < now - LONG_UNSETTLED:
            detail = f"{format_minor(row['minor'], currency=row['currency'])} since {row['since'][:10]}: book what it has paid out"
            found.append(Finding("clearing", f"payment account {row['account']}", detail))
    return found


def _quarantined() -> list[Finding]:
    count = UsageQuarantine.objects.count()
    uncharged = UsageQuarantine.objects.filter(was_charged=False).count()
    return [Finding("quarantine", "usage lines", f"{count} kept apart, {uncharged} of them not charged")] if count else []
