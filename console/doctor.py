"""Look at everything Keyosk stands on and say what is wrong, one row a subject."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis
from celery import Celery
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu import Connection
from kombu.exceptions import KombuError

from accounts.models import Tenant
from billing import catalogue, gateways, sellable
from channels_app.models import Channel
from foundation import partitions
from foundation.models import OutboxMessage, ScheduledTask
from gateway import retention

LEAST_POSTGRES = 170_000
LEAST_REDIS = (6, 2)
LONGEST_QUEUE = 1_000
# A periodic task may be this many of its intervals late before somebody should look.
LATE_INTERVALS = 3
LEAST_AHEAD = datetime.timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing looked at; `finding` says what is wrong and what to do, empty when all is well."""

    subject: str
    detail: str
    finding: str = ""


def examine(app: Celery) -> list[Row]:
    """Look at configuration, database, Redis, workers, queues, tasks, usage, gateways, channels and disk."""
    looks: tuple[tuple[str, Callable[[], Iterable[Row]]], ...] = (
        ("configuration", configuration),
        ("database", database),
        ("redis", redis_server),
        ("workers", lambda: workers(app)),
        ("queues", lambda: queues(app)),
        ("tasks", tasks),
        ("usage", usage),
        ("gateways", payment_gateways),
        ("channels", upstream_channels),
        ("disk", disk),
    )
    return [row for subject, look in looks for row in _look(subject, look)]


def _look(subject: str, look: Callable[[], Iterable[Row]]) -> list[Row]:
    """Turn an unreachable server into a finding, so that one broken part does not hide the others."""
    try:
        return list(look())
    except DatabaseError as error:
        return [Row(subject, "", f"PostgreSQL does not answer: {_first_line(error)}. Is it running? See DATABASE_URL")]
    except (redis.RedisError, KombuError, OSError) as error:
        return [Row(subject, "", f"Redis does not answer: {_first_line(error)}. Is it running? See REDIS_URL")]


def configuration() -> Iterator[Row]:
    """Look at Django's own checks and at what production must not lack."""
    errors = [problem for problem in checks.run_checks() if problem.level >= checks.WARNING]
    yield Row("configuration", f"{len(errors)} remarks by the system checks", "; ".join(str(problem.msg) for problem in errors))
    mode = "production" if settings.PRODUCTION else "demo" if settings.DEMO else "without demo"
    yield Row("configuration", f"mode: {mode}")
    if not settings.PRODUCTION:
        return
    hosts = settings.PLATFORM_HOSTS
    yield Row("configuration", f"platform hosts: {', '.join(hosts)}", "" if hosts != ["127.0.0.1"] else "set KEYOSK_PLATFORM_HOSTS")
    yield Row(
        "configuration", f"mail host: {settings.EMAIL_HOST or 'none'}", "" if settings.EMAIL_HOST else "set EMAIL_HOST: nobody gets mail"
    )
    short = len(settings.SECRET_KEY) < 32
    yield Row("configuration", "secret key", "KEYOSK_SECRET_KEY is shorter than 32 characters: openssl rand -hex 32" if short else "")


def database() -> Iterator[Row]:
    """Look at the server's version, the sort order and the migrations."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
        number, version = cursor.fetchone()
        cursor.execute("SELECT datlocale FROM pg_database WHERE datname = current_database()")
        locale = cursor.fetchone()[0]
    yield Row("database", f"PostgreSQL {version}", "" if number >= LEAST_POSTGRES else "PostgreSQL 17 or newer is needed")
    wrong = "" if locale == "C.UTF-8" else "sort order differs from the embedded server: make the database with the built-in C.UTF-8 locale"
    yield Row("database", f"locale {locale or 'of the C library'}", wrong)
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    yield Row("database", f"{len(waiting)} migrations wait", "run manage.py migrate" if waiting else "")


def redis_server() -> Iterator[Row]:
    """Look at the server's version and at what it does when memory is short."""
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5) as client:
        facts = client.info()
    version = str(facts["redis_version"])
    is_old = tuple(int(part) for part in version.split(".")[:2]) < LEAST_REDIS
    yield Row("redis", f"Redis {version}", "Redis 6.2 or newer is needed" if is_old else "")
    policy = str(facts.get("maxmemory_policy", "noeviction"))
    yield Row(
        "redis", f"memory policy {policy}", "" if policy == "noeviction" else "set maxmemory-policy noeviction: queues must not vanish"
    )


def workers(app: Celery) -> Iterator[Row]:
    """Ask who takes background work."""
    with _broker(app) as link:
        answers = app.control.ping(timeout=2.0, connection=link) or []
    names = sorted(name for answer in answers for name in answer)
    yield Row("workers", ", ".join(names) or "none", "" if names else "no worker answers: start celery -A config.celery worker")


def queues(app: Celery) -> Iterator[Row]:
    """Look at what waits: messages in the broker and in the outbox."""
    with _broker(app) as link:
        channel: Any = link.default_channel  # of kombu's Redis transport
        waiting = channel.client.llen(app.conf.task_default_queue)
    yield Row("queues", f"{waiting} tasks wait", "" if waiting <= LONGEST_QUEUE else "the workers do not keep up: start more")
    dead = OutboxMessage.objects.filter(state=OutboxMessage.State.DEAD).count()
    yield Row("queues", f"{dead} messages given up", "look at the outgoing messages in the admin" if dead else "")


def tasks() -> Iterator[Row]:
    """Look for periodic tasks that failed or did not run when they should."""
    now = timezone.now()
    for task in ScheduledTask.objects.all():
        limit = datetime.timedelta(seconds=task.every_seconds * LATE_INTERVALS)
        is_late = task.started_at is None or now - task.started_at > limit
        finding = task.error or ("has not run for long: is celery beat running?" if is_late else "")
        yield Row("tasks", task.name, finding)


def usage() -> Iterator[Row]:
    """Look at the months that usage rows go to, and at rows that found none."""
    strays = partitions.rows_in_default(table=retention.TABLE)
    yield Row("usage", f"{strays} rows without a month", "their month is missing: run celery beat, or look at their ids" if strays else "")
    months = partitions.months(table=retention.TABLE)
    is_short = not months or months[-1].start < timezone.now() + LEAST_AHEAD
    end = f"{months[-1].start:%Y-%m}" if months else "none"
    yield Row("usage", f"months are made up to {end}", "make the months ahead: is celery beat running?" if is_short else "")


def payment_gateways() -> Iterator[Row]:
    """Look for shops that sell but take no payment, and for accounts that are switched on and closed all the same."""
    for tenant in Tenant.objects.filter(state=Tenant.State.OPEN).order_by("slug"):
        if not catalogue.on_sale(tenant=tenant).exists():
            continue
        names = ", ".join(account.name for account in gateways.usable(tenant=tenant))
        finding = "" if names else "its buyers cannot pay: give the shop a payment account that works"
        yield Row("gateways", f"{tenant.slug}: {names or 'none'}", finding)
    for product, reason in sellable.hidden(Tenant.objects.filter(state=Tenant.State.OPEN)):
        yield Row("gateways", f"{product.tenant.slug}: {product.slug}", f"hidden by its shop: {reason.label}")
    for account in gateways.closed():
        yield Row("gateways", f"{account.tenant.slug}: {account.name}", "closed, its addresses answer 404: a secret or a field is missing")


def upstream_channels() -> Iterator[Row]:
    """Look for channels that the health check took out."""
    yield Row("channels", f"{Channel.objects.filter(state=Channel.State.ENABLED).count()} enabled")
    for channel in Channel.objects.filter(state=Channel.State.AUTO_DISABLED):
        yield Row("channels", channel.name, f"disabled by the health check: {channel.reason or 'no reason kept'}")


def disk() -> Iterator[Row]:
    """Look at the room left where calls are written before they are posted."""
    free = shutil.disk_usage(settings.VAR_DIR).free
    low = free < 4 * settings.SPOOL_MIN_FREE_BYTES
    yield Row("disk", f"{free // 2**20} MiB free in {settings.VAR_DIR}", "make room: relays stop below SPOOL_MIN_FREE" if low else "")


@contextmanager
def _broker(app: Celery) -> Iterator[Connection]:
    """Connect once; left alone, Celery would try for half a minute."""
    with app.connection_for_write() as link:
        link.ensure_connection(max_retries=1, timeout=3)
        yield link


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
