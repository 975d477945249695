"""Figures for Prometheus: right, and for the operator alone."""

from __future__ import annotations

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from accounts.models import KeywordScreen, Membership, Tenant
from billing import audit_runs
from billing.audit import Finding
from foundation.models import ScheduledTask
from tests.billing.conftest import grant

pytestmark = pytest.mark.django_db
HOST = "platform.test"
BILL = {"channel": 3, "key": 8, "balance": 5_000_000, "taken": 12_000_000, "counted": 10_000_000}


@pytest.fixture
def told(root_tenant: Tenant, end_user: Membership) -> None:
    grant(end_user, 2_500_000)
    ScheduledTask.objects.create(name="audit ledger", every_seconds=60, error="broken")
    audit_runs.keep(
        wrong=[Finding("I2", "account 1", "x")],
        notices=[],
        names=("I1", "I2"),
        figures={"bills": [BILL], "needed": 7_000_000},
        duration_ms=1500,
    )


def samples(client: Client, **headers: str) -> dict[str, float]:
    answer = client.get("/metrics", HTTP_HOST=HOST, headers=headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {one.name + "".join(f" {value}" for value in one.labels.values()): one.value for family in families for one in family.samples}


def test_the_last_audit_is_told(client: Client, told: None) -> None:
    found = samples(client)
    assert (found["keyosk_audit_findings I1"], found["keyosk_audit_findings I2"], found["keyosk_audit_wrong"]) == (0, 1, 1)
    assert found["keyosk_audit_duration_seconds"] == 1.5
    assert (found["keyosk_upstream_taken_usd 3 8"], found["keyosk_upstream_counted_usd 3 8"]) == (12, 10)
    assert (found["keyosk_outstanding_usd wallets"], found["keyosk_liability_cost_usd"]) == (2.5, 7)
    assert (found["keyosk_task_failed audit ledger"], found["keyosk_relay_workers"]) == (1, 0)


def test_before_the_first_audit_there_are_no_findings(client: Client, root_tenant: Tenant) -> None:
    assert not [name for name in samples(client) if name.startswith("keyosk_audit")]


def test_refused_words_are_counted_by_shop(client: Client, tenant: Tenant) -> None:
    KeywordScreen.objects.create(tenant=tenant, words="bomb", refused=3)
    assert samples(client)[f"keyosk_refused_words_total {tenant.pk}"] == 3


def test_no_name_of_a_shop_leaves(client: Client, told: None, tenant: Tenant) -> None:
    text = client.get("/metrics", HTTP_HOST=HOST).content.decode()
    assert tenant.name not in text
    assert tenant.slug not in text


def test_with_a_token_only_the_token_opens(client: Client, told: None, settings: Settings) -> None:
    settings.METRICS_TOKEN = "s3cret"
    assert client.get("/metrics", HTTP_HOST=HOST).status_code == 404
    assert client.get("/metrics", HTTP_HOST=HOST, headers={"authorization": "Bearer wrong"}).status_code == 404
    assert samples(client, authorization="Bearer s3cret")["keyosk_audit_wrong"] == 1


def test_in_production_nobody_gets_in_without_one(client: Client, told: None, settings: Settings) -> None:
    settings.PRODUCTION = True
    assert client.get("/metrics", HTTP_HOST=HOST).status_code == 404
    assert client.get("/metrics", HTTP_HOST=HOST, headers={"authorization": "Bearer "}).status_code == 404


def test_other_machines_and_shops_find_nothing(client: Client, told: None) -> None:
    assert client.get("/metrics", HTTP_HOST=HOST, REMOTE_ADDR="192.0.2.9").status_code == 404
    assert client.get("/metrics", HTTP_HOST="shop.test").status_code == 404
    assert client.post("/metrics", HTTP_HOST=HOST).status_code == 405
