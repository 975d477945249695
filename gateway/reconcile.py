"""Compare usage rows with the journals that paid for them."""

from __future__ import annotations

from billing import audit

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


def usage_and_captures() -> list[audit.Finding]:
    """I11: every usage row with a price belongs to the journal that paid for it, and the sums agree."""
    return audit.query("I11", _WRONG)


def rows_without_a_month() -> list[audit.Finding]:
    """What no month's partition took needs an operator before that month can be made."""
    return audit.query("partitions", _CLEARED)


CHECKS = (usage_and_captures, rows_without_a_month)
