"""Seed people, sub-keys and usage by SQL (`generate_series`) and time every list by whom it is for (run by bench.list_size)."""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import django

SHOPS = 20
ROUNDS = 5
LIMIT_MS = 300
HEAVY_KEYS = 1_000

# The first shop has half of all customers, the first customer a thousand keys.
_USERS = """
INSERT INTO accounts_user (password, email, name, language, is_active, date_joined)
SELECT '!', 'user' || n || '@size.test', 'User ' || n, '', true, now() FROM generate_series(1, %(users)s) n;
INSERT INTO accounts_membership (tenant_id, user_id, role, state, username, "group", note, joined_at)
SELECT CASE WHEN row_number() OVER () %% 2 = 0 THEN %(first)s ELSE %(first)s + (row_number() OVER () %% %(shops)s) END,
  id, 'customer', 'active', NULL, 'default', '', now() FROM accounts_user WHERE email LIKE 'user%%@size.test';
"""
# One in fifty has less left than shops warn of.
_WALLETS = """
INSERT INTO billing_ledgeraccount (ledger, tenant_id, kind, owner, mode, balance, held, floor, hard_floor, frozen, created_at)
SELECT 'Q', tenant_id, 'wallet', id, 'eager', CASE WHEN id %% 50 = 0 THEN 1000 ELSE 9000000 END, 0, 0, 0, false, now()
FROM accounts_membership WHERE role = 'customer';
"""
_KEYS = """
INSERT INTO accounts_apikey (tenant_id, membership_id, name, digest, prefix, last4, state, models_allowed, networks_allowed,
  model_aliases, tags, created_at)
SELECT m.tenant_id, m.id, 'key ' || m.n, md5(m.n::text) || md5((m.n + 1)::text), 'sk-' || substr(md5(m.n::text), 1, 7), 'abcd',
  'active', '{}', '{}', '{}', '{}', now()
FROM (SELECT id, tenant_id, row_number() OVER (ORDER BY id) AS n FROM accounts_membership WHERE role = 'customer') m WHERE m.n <= %(keys)s;
INSERT INTO accounts_apikey (tenant_id, membership_id, name, digest, prefix, last4, state, models_allowed, networks_allowed,
  model_aliases, tags, created_at)
SELECT tenant_id, membership_id, 'more ' || n, md5('x' || n) || md5('y' || n), 'sk-m' || lpad(n::text, 6, '0'), 'abcd',
  'active', '{}', '{}', '{}', '{}', now()
FROM (SELECT tenant_id, membership_id FROM accounts_apikey ORDER BY id LIMIT 1) one, generate_series(1, %(heavy)s) n;
"""
# The busiest customer called model-rare three times: now, in the middle, at the end.
_ROWS = """
INSERT INTO gateway_usagerecord (id, tenant_id, membership_id, api_key_id, model, upstream_model, channel_id, channel_key_id, tried, usage,
  input_tokens, output_tokens, usage_source, price_micros, numerator, cost_micros, book, main_account_id, parts, splits, budgets,
  status, is_stream, first_ms, total_ms)
SELECT (lpad(to_hex(%(now)s - %(span)s * n / %(rows)s), 12, '0')
    || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
  k.tenant_id, k.membership_id, k.id,
  CASE WHEN n = 20 OR n %% (%(rows)s / 2) = 0 THEN 'model-rare' ELSE 'model-' || n %% 12 END, '',
  1 + n %% 6, 1, '{}', '{"input": 900, "output": 300}', 900, 300, 'upstream',
  4200 + n %% 100, 0, 3000, 'list:1', 1, '[]', '[]', '{}', 'ok', true, 400, 2000
FROM generate_series(1::bigint, %(rows)s::bigint) AS n
JOIN accounts_apikey k ON k.id = %(low)s + CASE WHEN n %% 20 = 0 THEN 0 ELSE (n * 7919) %% %(keys)s END
"""
_SUMS = """
INSERT INTO {table} (start, tenant_id, membership_id, api_key_id, model, channel_id, calls, partial_calls, disconnected_calls, failed_calls,
  uncosted_calls, input_tokens, output_tokens, price_micros, cost_micros, total_ms, last_at)
SELECT date_trunc('day', to_timestamp(keyosk_uuid7_ms(id) / 1000.0), 'UTC'), tenant_id, membership_id, api_key_id, model, channel_id,
  count(*), 0, 0, 0, 0, sum(input_tokens), sum(output_tokens), sum(price_micros), sum(cost_micros), sum(total_ms),
  max(to_timestamp(keyosk_uuid7_ms(id) / 1000.0))
FROM gateway_usagerecord GROUP BY 1, 2, 3, 4, 5, 6
"""
# Coarser sums, from the rows again: a day's by model and by customer, a customer's month, an hour's of a tenant.
_COARSER = """
INSERT INTO {table} (start, {group}, calls, partial_calls, disconnected_calls, failed_calls, uncosted_calls, input_tokens, output_tokens,
  price_micros, cost_micros, total_ms, last_at)
SELECT date_trunc('{span}', to_timestamp(keyosk_uuid7_ms(id) / 1000.0), 'UTC'), {group}, count(*), 0, 0, 0, 0, sum(input_tokens),
  sum(output_tokens), sum(price_micros), sum(cost_micros), sum(total_ms), max(to_timestamp(keyosk_uuid7_ms(id) / 1000.0))
FROM gateway_usagerecord GROUP BY 1, {group}
"""
_COARSER_TABLES = (
    ("gateway_usagemodelday", "tenant_id, model", "day"),
    ("gateway_usagememberday", "tenant_id, membership_id", "day"),
    ("gateway_usagemembermonth", "tenant_id, membership_id", "month"),
    ("gateway_usagetenanthour", "tenant_id", "hour"),
)


def _seed(*, users: int, keys: int, rows: int) -> None:
    """Fill the tables."""
    from django.db import connection  # noqa: PLC0415  # Django must be set up first, here and below

    from accounts import tenants  # noqa: PLC0415
    from accounts.models import ApiKey, User  # noqa: PLC0415

    root = tenants.root()
    shops = [tenants.open_tenant(slug=f"size{n}", name=f"Size {n}", parent=root, domain=f"size{n}.test") for n in range(SHOPS)]
    tenants.join(tenant=root, user=User.objects.create_user(email="operator@people.test"), role="owner")
    tenants.join(tenant=shops[0], user=User.objects.create_user(email="owner@people.test"), role="owner")
    with connection.cursor() as cursor:
        # No triggers: these rows are all of the past, their sums are made below.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(_USERS, {"users": users, "first": shops[0].pk, "shops": SHOPS})
        cursor.execute(_WALLETS, {})
        cursor.execute(_KEYS, {"keys": keys, "heavy": HEAVY_KEYS})
        low = ApiKey.objects.earliest("pk").pk
        spans = {"now": int(time.time() * 1000), "span": 30 * 86_400_000}
        cursor.execute(_ROWS, {"rows": rows, "keys": keys, "low": low, **spans})
        cursor.execute(_SUMS.format(table="gateway_usageday"))
        for table, group, span in _COARSER_TABLES:
            cursor.execute(_COARSER.format(table=table, group=group, span=span))
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")


def _people() -> tuple[Any, Any, Any]:
    """Return whom `_seed` made: the operator, the owner of the largest shop and its busiest customer."""
    from accounts.models import ApiKey, Membership  # noqa: PLC0415

    known = Membership.objects.select_related("user", "tenant")
    busiest = known.get(pk=ApiKey.objects.earliest("pk").membership_id)
    return known.get(user__email="operator@people.test"), known.get(user__email="owner@people.test"), busiest


def _lists(operator: Any, owner: Any, customer: Any) -> list[tuple[str, Any, str]]:
    """Return what is measured: a name, a browser, an address."""
    from django.test import Client  # noqa: PLC0415

    from accounts import access_tokens  # noqa: PLC0415
    from accounts.models import ApiKey  # noqa: PLC0415

    host = customer.tenant.domains.get().host
    ann, desk, platform = Client(HTTP_HOST=host), Client(HTTP_HOST="size0.test"), Client(HTTP_HOST="127.0.0.1")
    for client, member in ((ann, customer), (desk, owner), (platform, operator)):
        client.force_login(member.user)
    secret = access_tokens.issue(membership=owner, name="bench", scopes=access_tokens.SCOPES).secret
    program = Client(HTTP_HOST="size0.test", HTTP_AUTHORIZATION=f"Bearer {secret}")
    prefix = ApiKey.objects.filter(tenant=owner.tenant).latest("pk").prefix
    # The list counts to 10,000 and goes no further.
    last = min(10_000, owner.tenant.memberships.count()) // 50
    return [
        ("customer: keys", ann, "/console/keys/"),
        ("customer: keys, last page", ann, f"/console/keys/?before={ApiKey.objects.earliest('pk').pk + 40}"),
        ("customer: calls", ann, "/console/calls/"),
        # None of the first customer's calls is of this model, no call is of model-x, none failed.
        ("customer: calls of a model", ann, "/console/calls/?model=model-3"),
        ("customer: calls that failed", ann, "/console/calls/?model=model-8&status=failed"),
        ("customer: models", ann, "/console/models/"),
        ("customer: usage, 30 days", ann, "/console/usage/?days=30"),
        ("shop: dashboard", desk, "/reseller/"),
        ("shop: customers", desk, "/reseller/accounts/membership/"),
        ("shop: customers, last page", desk, f"/reseller/accounts/membership/?p={last}"),
        ("shop: a customer by address", desk, "/reseller/accounts/membership/?q=user5000@size.test"),
        ("shop: customers by a word", desk, "/reseller/accounts/membership/?q=User+500"),
        ("shop: keys", desk, "/reseller/accounts/apikey/"),
        ("shop: a key by prefix", desk, f"/reseller/accounts/apikey/?q={prefix}"),
        ("shop: keys by a word", desk, "/reseller/accounts/apikey/?q=key+5000"),
        ("shop: usage", desk, "/reseller/gateway/usagerecord/"),
        ("shop: usage of a model", desk, "/reseller/gateway/usagerecord/?q=model-x"),
        ("shop: usage of a rare model", desk, "/reseller/gateway/usagerecord/?q=model-rare&time=400d"),
        ("shop: usage that failed", desk, "/reseller/gateway/usagerecord/?status__exact=failed"),
        ("shop: audit trail", desk, "/reseller/accounts/auditevent/"),
        ("platform: people", platform, "/admin/accounts/user/"),
        ("platform: a person by address", platform, "/admin/accounts/user/?q=user7000@size.test"),
        ("platform: keys", platform, "/admin/accounts/apikey/"),
        ("platform: usage", platform, "/admin/gateway/usagerecord/"),
        ("platform: usage of a rare model", platform, "/admin/gateway/usagerecord/?q=model-rare&time=400d"),
        ("API: keys", program, "/api/v1/keys/"),
        ("API: customers", program, "/api/v1/customers/"),
        ("API: usage", program, "/api/v1/usage/"),
        ("API: usage of a model", program, "/api/v1/usage/?model=model-x"),
        ("API: usage of a rare model", program, "/api/v1/usage/?model=model-rare"),
        ("API: usage by model", program, "/api/v1/usage/summary/?by=model"),
    ]


def _reading(client: Any, address: str) -> tuple[float, float, float]:
    """Return how long a page took, how long of it the database, and the CPU time of both processes, in ms."""
    from django.core.cache import cache  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    spent: list[float] = []

    def timed(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        begin = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent.append(time.perf_counter() - begin)

    cache.clear()
    with connection.cursor() as cursor:
        # The CPU time of other workers could not be seen.
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        cursor.execute("SELECT pg_backend_pid()")
        server = cursor.fetchone()[0]
    begin, used = time.perf_counter(), time.process_time() + _cpu(server)
    with connection.execute_wrapper(timed):
        assert client.get(address).status_code == 200, address
    took, used = time.perf_counter() - begin, time.process_time() + _cpu(server) - used
    return took * 1000, sum(spent) * 1000, used * 1000


def _cpu(pid: int) -> float:
    """Return the CPU seconds of a process (Linux; in ticks of 10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Seed what is empty, measure, print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    from accounts.models import ApiKey  # noqa: PLC0415

    settings.PLATFORM_HOSTS = ["127.0.0.1"]
    call_command("migrate", verbosity=0)
    users, keys, rows = map(int, sys.argv[1:4])
    began = time.perf_counter()
    if not ApiKey.objects.exists():
        _seed(users=users, keys=keys, rows=rows)
        took = time.perf_counter() - began
        print(f"seeded {users:,} users, {keys + HEAVY_KEYS:,} sub-keys, {rows:,} usage rows in {took:.0f} s", flush=True)
    print(f"load {os.getloadavg()[0]:.1f}; medians of {ROUNDS}, caches emptied before each")
    print(f"{'list':<32} {'page ms':>8} {'SQL ms':>8} {'CPU ms':>8}")
    for name, client, address in _lists(*_people()):
        readings = [_reading(client, address) for _ in range(ROUNDS)]
        page, sql, cpu = (statistics.median(column) for column in zip(*readings, strict=True))
        print(f"{name:<32} {page:8.0f} {sql:8.1f} {cpu:8.0f} {'' if page < LIMIT_MS else '  above 300 ms'}", flush=True)


if __name__ == "__main__":
    main()
