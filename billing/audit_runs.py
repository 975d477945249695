"""Keep what audits found: each run, its findings, and the figures measured beside them."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction

from accounts import events, tenants
from billing.audit import Finding
from billing.models import AuditFinding, AuditRun

__all__ = ["AuditRun", "forget", "keep", "latest"]

KEPT = datetime.timedelta(days=400)


@transaction.atomic
def keep(
    *, wrong: Sequence[Finding], notices: Sequence[Finding], names: Collection[str], figures: Mapping[str, Any], duration_ms: int
) -> AuditRun:
    """Write a run down; `names` are all checks that were made, also those that found nothing."""
    checks = dict.fromkeys(sorted(names), 0)
    for finding in (*wrong, *notices):
        checks[finding.invariant] = checks.get(finding.invariant, 0) + 1
    run = AuditRun.objects.create(checks=checks, figures=dict(figures), found=len(wrong), notices=len(notices), duration_ms=duration_ms)
    AuditFinding.objects.bulk_create(
        AuditFinding(run=run, check_name=one.invariant, subject=one.subject[:200], detail=one.detail[:400], is_notice=is_notice)
        for is_notice, found in ((False, wrong), (True, notices))
        for one in found
    )
    if wrong:
        told = {"found": len(wrong), "checks": sorted({one.invariant for one in wrong})}
        events.emit(tenant_id=tenants.root().pk, kind="reconciliation.mismatch", data=told, key=str(run.pk))
    return run


def latest() -> AuditRun | None:
    """Return the last run; None before the first."""
    return AuditRun.objects.order_by("-started_at", "-pk").first()


def forget(*, now: datetime.datetime) -> int:
    """Forget runs whose time is over."""
    return AuditRun.objects.filter(started_at__lt=now - KEPT).delete()[0]
