"""Recompute what must be true of the money, all in one REPEATABLE READ snapshot, and tell what is not.

I1 a ledger sums to 0 · I2 balance = in − out · I3 held = holds + slices · I4 balance − held ≥ hard floor · I5 lines between
two accounts of one ledger · I6 keys are unique · I7 a hold ends once · I8 append-only · I9 escrow = units × codes · I10 what
gateways owe = payments − refunds − payouts · I11 usage ↔ captures (gateway.reconcile brings it) · I12 codes issued = their states
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be: `subject` names the row, `detail` the numbers."""

    invariant: str
    subject: str
    detail: str


Check = Callable[[], list[Finding]]
SHOWN = 50

# invariant → what it says, and a query of (subject, detail) that finds nothing when it holds.
_CHECKS = {
    "I1": """
        SELECT 'ledger ' || ledger, 'sum ' || sum(balance) FROM (
          SELECT ledger, balance FROM billing_ledgeraccount WHERE mode = 'eager'
          UNION ALL SELECT a.ledger, t.amount FROM billing_transfer t JOIN billing_ledgeraccount a ON a.id = t.dst_id WHERE a.mode = 'lazy'
          UNION ALL SELECT a.ledger, -t.amount FROM billing_transfer t JOIN billing_ledgeraccount a ON a.id = t.src_id WHERE a.mode = 'lazy'
        ) x GROUP BY ledger HAVING sum(balance) <> 0""",
    "I2": """
        SELECT 'account ' || a.id, 'balance ' || a.balance || ', in - out ' || coalesce(i.total, 0) - coalesce(o.total, 0)
        FROM billing_ledgeraccount a
        LEFT JOIN (SELECT dst_id, sum(amount) AS total FROM billing_transfer GROUP BY dst_id) i ON i.dst_id = a.id
        LEFT JOIN (SELECT src_id, sum(amount) AS total FROM billing_transfer GROUP BY src_id) o ON o.src_id = a.id
        WHERE a.mode = 'eager' AND a.balance <> coalesce(i.total, 0) - coalesce(o.total, 0)""",
    "I3": """
        SELECT 'account ' || a.id, 'held ' || a.held || ', holds and slices ' || coalesce(h.total, 0) + coalesce(s.total, 0)
        FROM billing_ledgeraccount a
        LEFT JOIN (SELECT account_id, sum(amount) AS total FROM billing_hold WHERE state = 'open' GROUP BY account_id) h
          ON h.account_id = a.id
        LEFT JOIN (SELECT pool, sum(amount) AS total FROM billing_slice WHERE NOT is_budget GROUP BY pool) s ON s.pool = a.id
        WHERE a.held <> coalesce(h.total, 0) + coalesce(s.total, 0)
        UNION ALL
        SELECT 'spending limit ' || b.id, 'held ' || b.held || ', slices ' || coalesce(s.total, 0)
        FROM billing_keybudget b
        LEFT JOIN (SELECT pool, sum(amount) AS total FROM billing_slice WHERE is_budget GROUP BY pool) s ON s.pool = b.id
        WHERE b.held <> coalesce(s.total, 0)""",
    "I4": """
        SELECT 'account ' || id, 'balance ' || balance || ', held ' || held || ', hard floor ' || hard_floor
        FROM billing_ledgeraccount WHERE balance - held < hard_floor OR held < 0""",
    "I5": """
        SELECT 'transfer ' || t.id, 'from ' || s.ledger || ' to ' || d.ledger || ', amount ' || t.amount
        FROM billing_transfer t JOIN billing_ledgeraccount s ON s.id = t.src_id JOIN billing_ledgeraccount d ON d.id = t.dst_id
        WHERE t.amount <= 0 OR t.src_id = t.dst_id OR s.ledger <> d.ledger
        UNION ALL
        SELECT 'journal ' || j.id, 'no transfers' FROM billing_journal j
        WHERE NOT EXISTS (SELECT FROM billing_transfer t WHERE t.journal_id = j.id)""",
    "I6": """
        SELECT 'journal ' || key, 'times ' || count(*) FROM billing_journal GROUP BY key HAVING count(*) > 1
        UNION ALL SELECT 'hold ' || key, 'times ' || count(*) FROM billing_hold GROUP BY key HAVING count(*) > 1""",
    "I7": """
        SELECT 'hold ' || h.id, 'amount ' || h.amount || ', captured ' || h.captured || ', transfers ' || coalesce(sum(t.amount), 0)
        FROM billing_hold h LEFT JOIN billing_transfer t ON t.journal_id = h.journal_id
        GROUP BY h.id HAVING h.captured > h.amount
          OR h.captured <> coalesce(sum(t.amount), 0) OR (h.state = 'posted') <> (h.journal_id IS NOT NULL)""",
    "I8": """
        SELECT 'table ' || wanted.name, 'may be changed' FROM (VALUES ('billing_journal'), ('billing_transfer')) AS wanted (name)
        WHERE NOT EXISTS (
          SELECT FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
          WHERE g.tgrelid = to_regclass(wanted.name) AND p.proname = 'keyosk_append_only' AND g.tgenabled <> 'D')""",
    "I9": """
        SELECT 'code batch ' || b.id,
          'escrow ' || coalesce(a.balance, 0) || ', codes are worth ' || b.units_micros * (coalesce(c.open, 0) + b.unminted)
        FROM billing_codebatch b
        LEFT JOIN billing_ledgeraccount a ON a.kind = 'escrow' AND a.owner = b.id AND a.tenant_id = b.tenant_id AND a.ledger = 'Q'
        LEFT JOIN (SELECT batch_id, count(*) AS open FROM billing_code WHERE state IN ('available', 'reserved', 'sold', 'frozen')
          GROUP BY batch_id) c ON c.batch_id = b.id
        WHERE coalesce(a.balance, 0) <> b.units_micros * (coalesce(c.open, 0) + b.unminted)""",
    "I10": """
        SELECT 'clearing account ' || a.id, w.kind || 's booked ' || coalesce(b.total, 0) || ', made ' || coalesce(m.total, 0)
        FROM billing_ledgeraccount a CROSS JOIN (VALUES ('payment'), ('refund')) AS w (kind)
        LEFT JOIN (
          SELECT c.id, j.kind, sum(CASE WHEN j.kind = 'refund' AND t.src_id = c.id THEN -t.amount ELSE t.amount END) AS total
          FROM billing_ledgeraccount c
          JOIN billing_transfer t ON c.id IN (t.src_id, t.dst_id) JOIN billing_journal j ON j.id = t.journal_id
          WHERE c.kind = 'clearing' GROUP BY c.id, j.kind
        ) b ON b.id = a.id AND b.kind = w.kind
        LEFT JOIN (
          SELECT account_id, coalesce(nullif(received_currency, ''), currency) AS currency, 'payment' AS kind,
            sum(coalesce(received_minor, amount_minor)) AS total
          FROM billing_paymentattempt WHERE state = 'succeeded' GROUP BY 1, 2
          UNION ALL
          SELECT p.account_id, r.currency, 'refund', sum(r.amount_minor) FROM billing_refund r
          JOIN billing_paymentattempt p ON p.id = r.attempt_id WHERE r.state = 'succeeded' AND NOT r.to_credit GROUP BY 1, 2
        ) m ON m.account_id = a.owner AND 'M:' || m.currency = a.ledger AND m.kind = w.kind
        WHERE a.kind = 'clearing' AND a.owner > 0 AND coalesce(b.total, 0) <> coalesce(m.total, 0)
        UNION ALL
        SELECT 'store credit ' || a.id, w.kind || 's booked ' || coalesce(b.total, 0) || ', made ' || coalesce(m.total, 0)
        FROM billing_ledgeraccount a CROSS JOIN (VALUES ('payment'), ('refund')) AS w (kind)
        LEFT JOIN (
          SELECT c.id, j.kind, sum(t.amount) AS total FROM billing_ledgeraccount c
          JOIN billing_transfer t ON c.id IN (t.src_id, t.dst_id) JOIN billing_journal j ON j.id = t.journal_id
          WHERE c.kind = 'credit' GROUP BY c.id, j.kind
        ) b ON b.id = a.id AND b.kind = w.kind
        LEFT JOIN (
          SELECT membership_id, kind, sum(amount) AS total FROM (
            SELECT o.membership_id, 'payment' AS kind, CASE WHEN g.driver = 'credit' THEN p.received_minor ELSE p.credit_minor END AS amount
            FROM billing_paymentattempt p JOIN billing_order o ON o.id = p.order_id JOIN billing_gatewayaccount g ON g.id = p.account_id
            WHERE p.settles_order
            UNION ALL
            SELECT o.membership_id, 'refund', CASE WHEN r.state NOT IN ('submitted', 'succeeded', 'failed') THEN 0 ELSE r.credit_minor END
              + CASE WHEN r.state <> 'succeeded' OR NOT (r.to_credit OR g.driver = 'credit') THEN 0
                  WHEN r.currency = s.currency THEN r.amount_minor
                  ELSE r.amount_minor * (o.total_minor - p.credit_minor) / p.amount_minor END
            FROM billing_refund r JOIN billing_paymentattempt p ON p.id = r.attempt_id JOIN billing_order o ON o.id = p.order_id
            JOIN accounts_tenant s ON s.id = o.tenant_id JOIN billing_gatewayaccount g ON g.id = p.account_id
          ) each GROUP BY 1, 2
        ) m ON m.membership_id = a.owner AND m.kind = w.kind
        WHERE a.kind = 'credit' AND coalesce(b.total, 0) <> coalesce(m.total, 0)
        UNION ALL
        SELECT 'cash ' || a.id, 'payments by hand booked ' || coalesce(b.total, 0) || ', confirmed ' || coalesce(m.total, 0)
        FROM billing_ledgeraccount a
        LEFT JOIN (
          SELECT t.src_id, sum(t.amount) AS total FROM billing_transfer t JOIN billing_journal j ON j.id = t.journal_id
          WHERE j.kind = 'manual' GROUP BY 1
        ) b ON b.src_id = a.id
        LEFT JOIN (
          SELECT g.tenant_id, coalesce(nullif(p.received_currency, ''), p.currency) AS currency,
            sum(coalesce(p.received_minor, p.amount_minor)) AS total
          FROM billing_paymentattempt p JOIN billing_gatewayaccount g ON g.id = p.account_id
          WHERE p.state = 'succeeded' AND g.driver = 'manual' GROUP BY 1, 2
        ) m ON m.tenant_id = a.tenant_id AND 'M:' || m.currency = a.ledger
        WHERE a.kind = 'cash' AND a.owner = 0 AND coalesce(b.total, 0) <> coalesce(m.total, 0)""",
    "I12": """
        SELECT 'code batch ' || b.id, 'issued ' || b.count || ', rows ' || count(c.id) || ', to be made ' || b.unminted
        FROM billing_codebatch b LEFT JOIN billing_code c ON c.batch_id = b.id GROUP BY b.id HAVING count(c.id) + b.unminted <> b.count
        UNION ALL
        SELECT 'code ' || c.id, c.state FROM billing_code c WHERE (c.state = 'redeemed') <> (c.journal_id IS NOT NULL)""",
}


def names() -> tuple[str, ...]:
    """Return the names of this room's checks."""
    return tuple(_CHECKS)


def run(*, more: Sequence[Check] = ()) -> list[Finding]:
    """Return everything that is wrong, at most fifty findings per invariant; `more` are checks of other rooms."""
    if connection.in_atomic_block:
        return _run(more)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _run(more)


def query(invariant: str, sql: str) -> list[Finding]:
    """Return the findings of one query of (subject, detail)."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({sql}) AS found LIMIT {SHOWN}")  # noqa: S608  # our own constants
        return [Finding(invariant, subject, detail) for subject, detail in cursor.fetchall()]


def _run(more: Sequence[Check]) -> list[Finding]:
    found = [finding for invariant, sql in _CHECKS.items() for finding in query(invariant, sql)]
    return found + [finding for check in more for finding in check()]
