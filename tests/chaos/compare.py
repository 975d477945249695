"""Compare what the clients saw with what the ledger took: reads {request id: µ$} from standard input, prints what is wrong."""

from __future__ import annotations

import json
import os
import sys

import django


def main() -> None:
    """Check each whole answer's row, and the wallets against the sum of all rows."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.db import connection  # noqa: PLC0415  # Django must be set up first

    expected: dict[str, int] = json.load(sys.stdin)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id::text, price_micros FROM gateway_usagerecord")
        rows: dict[str, int] = dict(cursor.fetchall())
        cursor.execute("SELECT COALESCE(SUM(balance), 0), COALESCE(SUM(held), 0) FROM billing_ledgeraccount WHERE kind = 'wallet'")
        balance, _ = cursor.fetchone()
        cursor.execute(
            "SELECT COALESCE(SUM(amount), 0) FROM billing_transfer JOIN billing_ledgeraccount a ON a.id = dst_id WHERE a.kind = 'wallet'"
        )
        (granted,) = cursor.fetchone()
    wrong = [f"{name}: no usage row" for name in expected if name not in rows]
    wrong += [f"{name}: charged {rows[name]}, served {price}" for name, price in expected.items() if name in rows and rows[name] != price]
    if granted - balance != sum(rows.values()):
        wrong.append(f"wallets fell by {granted - balance}, the rows say {sum(rows.values())}")
    print(json.dumps({"wrong": wrong, "rows": len(rows)}))


if __name__ == "__main__":
    main()
