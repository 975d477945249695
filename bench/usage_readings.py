"""Load usage rows by SQL and time sums, pages and lists, at a tenth of the rows and at all of them (run by bench.usage_size)."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import django

DAYS = 30
ROUNDS = 9
Readings = dict[str, float]

# 10 shops, 200 customers, 400 sub-keys, 12 models, 6 channels; the ids hold times evenly spread over the last 30 days.
_LOAD = """
INSERT INTO gateway_usagerecord (id, tenant_id, membership_id, api_key_id, model, upstream_model, channel_id, channel_key_id, tried, usage,
  input_tokens, output_tokens, usage_source, price_micros, numerator, cost_micros, book, main_account_id, parts, splits, budgets,
  status, is_stream, first_ms, total_ms)
SELECT (lpad(to_hex(%(now)s - %(span)s * n / %(rows)s), 12, '0')
    || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
  k.tenant_id, k.membership_id, k.id, 'model-' || k.id %% 12, '', 1 + n %% 6, 1, '{}',
  '{"input": 900, "output": 300}', 900, 300, 'upstream', 4200 + n %% 100, 0, 3000, 'list:1', 1, '[]', '[]', '{}',
  CASE WHEN n %% 50 = 0 THEN 'failed' ELSE 'ok' END, true, 400, 2000
FROM generate_series(1::bigint, %(rows)s::bigint) AS n JOIN accounts_apikey k ON k.name = 'k' || (n * 7919) %% 400
WHERE (n %% 10 = 0) = %(is_tenth)s
"""


def _seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median time of some runs."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def _people() -> tuple[Any, Any]:
    """Make an operator, and shops with customers who have sub-keys; return the operator and one customer."""
    from accounts import tenants  # noqa: PLC0415  # Django must be set up first, here and below
    from accounts.models import ApiKey, Membership, User  # noqa: PLC0415

    root = tenants.root()
    operator = tenants.join(tenant=root, user=User.objects.create_user(email="operator@size.test"), role=Membership.Role.OWNER)
    shops = [tenants.open_tenant(slug=f"size{n}", name=f"Size {n}", parent=root, domain=f"size{n}.test") for n in range(10)]
    users = User.objects.bulk_create(User(email=f"{n}@size.test") for n in range(200))
    members = Membership.objects.bulk_create(Membership(tenant=shops[n % 10], user=user) for n, user in enumerate(users))
    ApiKey.objects.bulk_create(
        ApiKey(tenant=members[n % 200].tenant, membership=members[n % 200], name=f"k{n}", digest=f"{n:064}", prefix="sk-", last4="")
        for n in range(400)
    )
    return operator, members[0]


def _load(*, now: int, rows: int, is_tenth: bool) -> float:
    """Insert a tenth of the rows, or the rest; return how long it took."""
    from django.db import connection  # noqa: PLC0415

    begin = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, {"now": now, "span": DAYS * 86_400_000 * 99 // 100, "rows": rows, "is_tenth": is_tenth})
        took = time.perf_counter() - begin
        cursor.execute("ANALYZE gateway_usagerecord")
    return took


def _pages(operator: Any, member: Any) -> Readings:
    """Time the pages that show usage, each by the person it is for."""
    from django.core.cache import cache  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from gateway import selectors  # noqa: PLC0415

    ann, desk = Client(HTTP_HOST="size0.test"), Client(HTTP_HOST="127.0.0.1")
    ann.force_login(member.user)
    desk.force_login(operator.user)
    mine = selectors.calls(membership_id=member.pk, limit=1_000_000)
    cursors = {"first": "", "last": f"?before={mine[-20].id}"}

    def get(client: Client, address: str) -> None:
        cache.clear()
        assert client.get(address).status_code == 200, address

    addresses = [
        ("keys page", ann, "/console/keys/"),
        *((f"calls, {which} page", ann, f"/console/calls/{cursor}") for which, cursor in cursors.items()),
        ("admin dashboard", desk, "/admin/"),
        ("admin usage, first page", desk, "/admin/gateway/usagerecord/?time=30d"),
        ("admin usage, last page", desk, f"/admin/gateway/usagerecord/?time=30d&{cursors['last'][1:]}"),
    ]
    for _name, client, address in addresses:
        get(client, address)
    return {name: _seconds(lambda client=client, address=address: get(client, address)) for name, client, address in addresses}  # type: ignore[misc]


def _sums() -> Readings:
    """Time summing everything, summing one hour, and the same figures from the sums and from the rows."""
    from django.db.models import Count, Sum  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from gateway import rollups, selectors  # noqa: PLC0415
    from gateway.models import UsageDay, UsageRecord  # noqa: PLC0415

    now = timezone.now()
    since = now - DAYS * rollups.DAY

    def once(start: Any) -> None:
        rollups.mark(since=start, until=now)
        rollups.roll_up(limit_seconds=3600)

    def by_rows() -> object:
        return list(UsageRecord.objects.between(since, now).order_by().values("model").annotate(Count("pk"), Sum("price_micros")))

    days = UsageDay.objects.all()
    return {
        "sum everything": _seconds(lambda: once(since), rounds=3),
        "sum the last hour": _seconds(lambda: once(now - rollups.HOUR), rounds=3),
        "30 days by model, from sums": _seconds(lambda: selectors.sums(days, by="model", since=since, until=now)),
        "30 days by model, from rows": _seconds(by_rows, rounds=3),
    }


def _check() -> None:
    """Fail unless the sums are what the rows add up to."""
    from django.db.models import Sum  # noqa: PLC0415

    from gateway.models import UsageDay, UsageHour, UsageRecord  # noqa: PLC0415

    expected = UsageRecord.objects.aggregate(sum=Sum("price_micros"))["sum"]
    for model in (UsageHour, UsageDay):
        assert model.objects.aggregate(sum=Sum("price_micros"))["sum"] == expected, model


def main(rows: int) -> None:
    """Measure at a tenth and at the whole, and print both with their ratio."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    operator, member = _people()
    now = int(time.time() * 1000)
    found: list[Readings] = []
    for is_tenth in (True, False):
        loaded = _load(now=now, rows=rows, is_tenth=is_tenth)
        found.append({"insert a row": loaded / (rows // 10 if is_tenth else rows - rows // 10)} | _sums() | _pages(operator, member))
        _check()
    tenth, whole = found
    print(f"{'':<32}{rows // 10:>12,} {rows:>12,} {'ratio':>7}")
    for name, seconds in whole.items():
        print(f"{name:<32}{tenth[name] * 1000:>9.2f} ms {seconds * 1000:>9.2f} ms {seconds / tenth[name]:>7.2f}")
    for one, other in (("30 days by model, from sums", "30 days by model, from rows"), ("sum the last hour", "sum everything")):
        print(f"{one} / {other}: {whole[one] / whole[other]:.4f}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
