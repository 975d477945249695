"""`/metrics` in Prometheus' format: what the last audit found, what is owed and covered, whether the periodic work runs.

For the operator alone: with the token in METRICS_TOKEN; where there is none and it is not in production, from this machine
(behind a proxy everybody may seem to come from it). Accounts and channels are named by number: no name of a tenant leaves.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from accounts.models import KeywordScreen, Tenant
from billing import audit_runs, coverage, leases
from foundation.models import OutboxMessage, ScheduledTask
from gateway.models import UsageQuarantine

MICROS = 1_000_000


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Answer a scrape; 404 for everybody who may not look."""
    tenant: Tenant = request.tenant  # type: ignore[attr-defined]  # set by TenantMiddleware
    if not (tenant.is_root and _may_look(request)):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _may_look(request: HttpRequest) -> bool:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN:
        return scheme.lower() == "bearer" and secrets.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    return not settings.PRODUCTION and _is_loopback(request.META.get("REMOTE_ADDR", ""))


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


class Figures(Collector):
    """Reads everything anew for each scrape."""

    def collect(self) -> Iterable[Metric]:
        """Yield the families."""
        yield from _audit()
        yield from _owed()
        yield from _work()


def _audit() -> Iterator[Metric]:
    run = audit_runs.latest()
    if run is None:
        return
    findings = GaugeMetricFamily("keyosk_audit_findings", "Findings of the last audit, by check.", labels=["check"])
    for name, count in sorted(run.checks.items()):
        findings.add_metric([name], count)
    yield findings
    yield _gauge("keyosk_audit_wrong", "Broken invariants in the last audit: 0 when the books are right.", run.found)
    yield _gauge("keyosk_audit_age_seconds", "Time since the last audit began.", (timezone.now() - run.started_at).total_seconds())
    yield _gauge("keyosk_audit_duration_seconds", "How long the last audit took.", run.duration_ms / 1000)
    families = {
        name: GaugeMetricFamily(f"keyosk_upstream_{name}_usd", text, labels=["channel", "key"])
        for name, text in (
            ("balance", "What the account at a vendor held when it was last asked."),
            ("taken", "What the vendor took in the last seven days."),
            ("counted", "The cost we counted for the same time."),
        )
    }
    for bill in run.figures.get("bills", []):
        for name, family in families.items():
            if bill[name] is not None:
                family.add_metric([str(bill["channel"]), str(bill["key"] or "")], bill[name] / MICROS)
    yield from families.values()
    if "needed" in run.figures:
        yield _gauge(
            "keyosk_liability_cost_usd", "What serving everything outstanding would cost upstream.", run.figures["needed"] / MICROS
        )


def _owed() -> Iterator[Metric]:
    owed = coverage.owed()
    outstanding = GaugeMetricFamily("keyosk_outstanding_usd", "Quota that was sold and not used, by where it lies.", labels=["kind"])
    for kind in ("wallets", "lots", "codes", "stock"):
        outstanding.add_metric([kind], getattr(owed, kind) / MICROS)
    yield outstanding
    yield _gauge("keyosk_held_usd", "Part of it that calls in flight and relays hold.", owed.held / MICROS)
    yield _gauge("keyosk_debts_usd", "What customers owe.", owed.debts / MICROS)


def _work() -> Iterator[Metric]:
    now = timezone.now()
    age = GaugeMetricFamily("keyosk_task_age_seconds", "Time since a periodic task last began.", labels=["task"])
    failed = GaugeMetricFamily("keyosk_task_failed", "1 when the last run of a periodic task failed.", labels=["task"])
    for task in ScheduledTask.objects.order_by("name"):
        if task.started_at is not None:
            age.add_metric([task.name], (now - task.started_at).total_seconds())
        failed.add_metric([task.name], int(bool(task.error)))
    yield age
    yield failed
    messages = GaugeMetricFamily("keyosk_outbox_messages", "Outgoing messages, by state.", labels=["state"])
    for state in (OutboxMessage.State.WAITING, OutboxMessage.State.DEAD):
        messages.add_metric([state], OutboxMessage.objects.filter(state=state).count())
    yield messages
    yield _gauge("keyosk_relay_workers", "Relay processes that are alive.", leases.count_live())
    refused = CounterMetricFamily("keyosk_refused_words", "Calls refused because they held a word of a shop's list.", labels=["tenant"])
    for tenant, count in KeywordScreen.objects.order_by("tenant").values_list("tenant", "refused"):
        refused.add_metric([str(tenant)], count)
    yield refused
    yield _gauge("keyosk_quarantined_lines", "Served calls whose line could not be posted as it is.", UsageQuarantine.objects.count())


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family
