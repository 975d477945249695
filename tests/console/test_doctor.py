"""What the doctor sees."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator
from io import StringIO

import pytest
import redis
from celery import Celery
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import Tenant
from billing import catalogue, gateways
from billing.models import GatewayAccount
from channels_app.models import Channel
from console import doctor
from foundation import partitions
from foundation.ids import uuid7
from foundation.models import OutboxMessage, ScheduledTask
from gateway.models import UsageRecord

pytestmark = pytest.mark.django_db


def _findings(rows: Iterable[doctor.Row]) -> list[str]:
    return [row.finding for row in rows if row.finding]


@pytest.fixture
def app(settings: Settings) -> Iterator[Celery]:
    with Celery("probe", broker=settings.CELERY_BROKER_URL, set_as_current=False) as app:
        app.conf.task_default_queue = "doctor-probe"
        yield app


@pytest.mark.redis
def test_embedded_servers_are_as_they_should_be() -> None:
    assert _findings(doctor.database()) == []
    assert _findings(doctor.redis_server()) == []
    assert next(iter(doctor.database())).detail.startswith("PostgreSQL 18")


@pytest.mark.redis
def test_missing_workers_are_a_finding(app: Celery) -> None:
    assert _findings(doctor.workers(app)) == ["no worker answers: start celery -A config.celery worker"]


@pytest.mark.redis
def test_long_queue_is_a_finding(app: Celery, settings: Settings) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.rpush("doctor-probe", *["x"] * (doctor.LONGEST_QUEUE + 1))
        try:
            assert _findings(doctor.queues(app)) == ["the workers do not keep up: start more"]
        finally:
            client.delete("doctor-probe")


@pytest.mark.redis
def test_message_given_up_is_a_finding(app: Celery) -> None:
    OutboxMessage.objects.create(topic="probe", state=OutboxMessage.State.DEAD)
    assert _findings(doctor.queues(app)) == ["look at the outgoing messages in the admin"]


def test_failed_and_late_tasks_are_findings() -> None:
    now = timezone.now()
    ScheduledTask.objects.create(name="a_fine", every_seconds=60, started_at=now)
    ScheduledTask.objects.create(name="b_late", every_seconds=60, started_at=now - datetime.timedelta(seconds=200))
    ScheduledTask.objects.create(name="c_failed", every_seconds=60, started_at=now, error="ValueError: no")
    assert [(row.detail, row.finding) for row in doctor.tasks()] == [
        ("a_fine", ""),
        ("b_late", "has not run for long: is celery beat running?"),
        ("c_failed", "ValueError: no"),
    ]


def test_a_row_without_a_month_and_too_few_months_are_findings() -> None:
    assert _findings(doctor.usage()) == []
    with connection.cursor() as cursor:
        for month in partitions.months(table="gateway_usagerecord")[1:]:
            cursor.execute(f"DROP TABLE {month.name}")
    UsageRecord.objects.create(id=uuid7(4_000_000_000_000), tenant_id=1, membership_id=1, api_key_id=1, model="m")
    assert _findings(doctor.usage()) == [
        "their month is missing: run celery beat, or look at their ids",
        "make the months ahead: is celery beat running?",
    ]


def test_production_without_mail_hosts_and_a_good_key_is_told_so(settings: Settings) -> None:
    settings.PRODUCTION = True
    settings.PLATFORM_HOSTS = ["127.0.0.1"]
    settings.EMAIL_HOST = ""
    settings.SECRET_KEY = "short"
    assert _findings(doctor.configuration())[-3:] == [
        "set KEYOSK_PLATFORM_HOSTS",
        "set EMAIL_HOST: nobody gets mail",
        "KEYOSK_SECRET_KEY is shorter than 32 characters: openssl rand -hex 32",
    ]


def test_shop_that_takes_no_payment_is_a_finding(tenant: Tenant, settings: Settings) -> None:
    assert list(doctor.payment_gateways()) == []
    catalogue.add_product(tenant=tenant, name="Credit", units_micros=5_000_000, price_minor=39_00, currency="CNY")
    assert _findings(doctor.payment_gateways()) == ["its buyers cannot pay: give the shop a payment account that works"]
    gateways.add_account(tenant=tenant, driver="sandbox", name="Play money")
    assert list(doctor.payment_gateways()) == [doctor.Row("gateways", "teahouse: Play money")]
    paying = gateways.add_account(tenant=tenant, driver="epusdt", values={"base": "https://usdt.test", "token": "t"}, name="USDT")
    assert _findings(doctor.payment_gateways()) == []
    settings.PRODUCTION = True  # the sandbox is closed there for another reason
    assert _findings(doctor.payment_gateways()) == []
    GatewayAccount.objects.filter(pk=paying.pk).update(sealed="")
    assert _findings(doctor.payment_gateways())[1:] == ["closed, its addresses answer 404: a secret or a field is missing"]


def test_channel_taken_out_by_the_health_check_is_a_finding(root_tenant: Tenant) -> None:
    Channel.objects.create(tenant=root_tenant, name="fine", provider="demo")
    Channel.objects.create(tenant=root_tenant, name="ill", provider="demo", state=Channel.State.AUTO_DISABLED, reason="401")
    assert list(doctor.upstream_channels()) == [
        doctor.Row("channels", "1 enabled"),
        doctor.Row("channels", "ill", "disabled by the health check: 401"),
    ]


def test_full_disk_is_a_finding(settings: Settings) -> None:
    settings.SPOOL_MIN_FREE_BYTES = 2**60
    assert _findings(doctor.disk()) == ["make room: relays stop below SPOOL_MIN_FREE"]


def test_redis_that_does_not_answer_hides_nothing_else(settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock?db=0"
    with Celery("probe", broker="redis+socket:///nowhere/redis.sock", set_as_current=False) as app:
        rows = doctor.examine(app)
    broken = {row.subject for row in rows if row.finding.startswith("Redis does not answer: ")}
    assert broken == {"redis", "workers", "queues"}
    assert {"configuration", "database", "disk"} <= {row.subject for row in rows}


@pytest.mark.redis
def test_command_prints_rows_and_fails_on_a_finding() -> None:
    out = StringIO()
    with pytest.raises(CommandError, match=r"^\d+ findings?$"):
        call_command("doctor", "--json", stdout=out)
    workers = next(row for row in json.loads(out.getvalue()) if row["subject"] == "workers")
    assert workers["state"] == "look"
    assert workers["detail"] == "none"
