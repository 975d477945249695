"""One call's arithmetic: each bucket times its price, the one rounding; and for staff who earned what, and what it cost us."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import scope, visits
from accounts.models import Tenant
from accounts.scope import Actor
from billing import arithmetic, chart
from billing.arithmetic import Arithmetic, Share
from console.pages import rows
from console.pages.door import MemberRequest, members_only
from gateway.models import UsageRecord


@dataclass(frozen=True, slots=True)
class Part:
    """A seller's part of the price, in µ$."""

    name: str
    micros: int


@visits.shown
@members_only
@require_safe
def show(request: MemberRequest, pk: UUID) -> HttpResponse:
    """Show the arithmetic of an own call; staff see their customers' calls too, with the parts of the price."""
    record = _find(request, pk)
    sums = arithmetic.explain(
        tenant_id=record.tenant_id, book=record.book, usage=record.usage, price_micros=record.price_micros, numerator=int(record.numerator)
    )
    context = {
        "call": rows.call(record),
        "record": record,
        "numerator": int(record.numerator),
        "sums": sums,
        "parts": parts(request.actor, sums) if sums is not None and not sums.is_free else [],
        "margin": record.margin_micros(chart.account(kind="sink_usage").pk) if request.actor.is_platform else None,
    }
    return render(request, "console/receipt.html", context)


def parts(actor: Actor, sums: Arithmetic) -> list[Part]:
    """Return who earned what: all levels for the platform, purchase and margin for a seller, nothing for a customer."""
    if not actor.is_staff:
        return []
    if actor.is_platform:
        names = dict(Tenant.objects.filter(pk__in=[share.tenant_id for share in sums.shares]).values_list("pk", "name"))
        return [Part(names.get(share.tenant_id, "–"), share.part_micros) for share in sums.shares]
    own = next((share for share in sums.shares if share.tenant_id == actor.tenant.pk), None)
    return [] if own is None else _own_parts(own)


def _own_parts(own: Share) -> list[Part]:
    return [Part(_("Wholesale price"), own.total_micros - own.part_micros), Part(_("Your margin"), own.part_micros)]


def _find(request: MemberRequest, pk: UUID) -> UsageRecord:
    """Return the call, or 404 when it is neither the member's own nor of a tenant they run."""
    actor = request.actor
    mine = Q(membership=request.member)
    visible = mine | Q(tenant__in=scope.narrow(actor, Tenant.objects.values("pk"))) if actor.is_staff else mine
    record = UsageRecord.objects.filter(visible, pk=pk).first()
    if record is None:
        raise Http404
    return record
