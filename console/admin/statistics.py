"""Statistics of a back office: sales, cost, margin, the funnel, the best products and calls over a chosen span, also as CSV."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, scope
from accounts.admin_scope import actor_of
from accounts.models import Membership, Tenant
from billing import earnings, sales
from billing.models import LedgerAccount, Order
from console.admin import pages
from console.admin import statistics_tables as tables
from foundation import sheets
from gateway import selectors
from gateway.models import UsageDay

if TYPE_CHECKING:
    from accounts.admin_scope import TenantAdminSite

DAYS = 30
PRESETS = (7, 30, 90, 365)
MOST_DAYS = 400
MOST_PRODUCTS = 10
EXPORT_ROLES = (Membership.Role.OWNER, Membership.Role.MANAGER)
_DAY = datetime.timedelta(days=1)


class SpanForm(pages.DeskForm):
    """From which day to which, both counted; for the platform also whose."""

    since = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=gettext_lazy("To"), widget=forms.DateInput(attrs={"type": "date"}))
    tenant = forms.ModelChoiceField(
        label=gettext_lazy("Tenant"), queryset=Tenant.objects.none(), required=False, empty_label=gettext_lazy("All tenants")
    )

    def __init__(self, request: HttpRequest) -> None:
        today = _today()
        first = {"since": str(today - (DAYS - 1) * _DAY), "until": str(today)}
        super().__init__({**first, **request.GET.dict()})
        actor = actor_of(request)
        if actor.is_platform:
            cast(Any, self.fields["tenant"]).queryset = scope.narrow(actor, Tenant.objects.order_by("name", "pk"))
        else:
            del self.fields["tenant"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        since, until = found.get("since"), found.get("until")
        if since and until and since > until:
            self.add_error("until", _("The last day is before the first: exchange them."))
        if until and until > _today() + _DAY:  # east of Greenwich the next day may have begun
            self.add_error("until", _("The last day is still to come: choose today or an earlier one."))
        if since and until and (until - since).days >= MOST_DAYS:
            self.add_error("since", _("At most %d days at once: choose a later first day.") % MOST_DAYS)
        return found

    @property
    def span(self) -> dict[str, datetime.datetime]:
        """Return the chosen days as moments: [since, until) in UTC."""
        midnight = [datetime.datetime.combine(self.cleaned_data[name], datetime.time(), tzinfo=datetime.UTC) for name in ("since", "until")]
        return {"since": midnight[0], "until": midnight[1] + _DAY}


def page(request: HttpRequest, site: TenantAdminSite) -> HttpResponse:
    """Show the figures of the span in the address, or what is wrong with it."""
    form = SpanForm(request)
    context = {
        **site.each_context(request), "title": _("Statistics"), "form": form, "site": site.name, "presets": _presets(),
        "query": request.GET.urlencode(), "may_export": _may_export(request),
    }  # fmt: skip
    if form.is_valid():
        context |= _figures(request, form)
    request.current_app = site.name
    return TemplateResponse(request, "console/admin/statistics.html", context)


def sheet(request: HttpRequest, table: str) -> HttpResponse:
    """Stream a table of the page by day and tenant: `sales` or `calls`. Support may not; the trail says who took it."""
    form = SpanForm(request)
    if not _may_export(request):
        raise PermissionDenied
    if not form.is_valid() or table not in {"sales", "calls"}:
        raise Http404
    head, rows = table_of(request, form, table)
    audit.record(
        actor=actor_of(request), action="statistics.export", target=f"statistics:{table}",
        after={name: str(value) for name, value in form.cleaned_data.items() if value}, address=request.META.get("REMOTE_ADDR"),
    )  # fmt: skip
    file: Any = sheets.download(head, rows, name=f"{table}.csv")
    return cast(HttpResponse, file)


def table_of(request: HttpRequest, form: SpanForm, name: str) -> tables.Sheet:
    """Return `sales` or `calls` of a valid form's span by day and tenant, as the actor may see them."""
    names = dict(scope.narrow(actor_of(request), Tenant.objects.all()).values_list("pk", "slug"))
    if name == "sales":
        return tables.sales_sheet(_sold(request, form), names)
    return tables.calls_sheet(_calls(request, form), names, is_platform=actor_of(request).is_platform)


def funnel_of(request: HttpRequest, form: SpanForm) -> sales.Funnel:
    """Return how far the orders of a valid form's span came."""
    return sales.funnel(_of(request, form, Order.objects.all()), **form.span)


def best_of(request: HttpRequest, form: SpanForm) -> list[sales.Best]:
    """Return the best products of a valid form's span."""
    return list(sales.best(_of(request, form, Order.objects.all()), **form.span, most=MOST_PRODUCTS))


def _figures(request: HttpRequest, form: SpanForm) -> dict[str, Any]:
    sold, calls = _sold(request, form), _calls(request, form)
    days = [form.cleaned_data["since"] + index * _DAY for index in range((form.span["until"] - form.span["since"]).days)]
    is_platform = actor_of(request).is_platform
    return {
        "is_platform": is_platform,
        "sales": tables.by_currency(sold),
        "sales_charts": tables.sales_charts(sold, days),
        "funnel": tables.funnel(funnel_of(request, form)),
        "best": tables.best(best_of(request, form)),
        "calls": tables.Calls.total(calls),
        "calls_charts": tables.calls_charts(calls, days, is_platform=is_platform),
        "tenants": tables.by_tenant(sold, calls) if is_platform else [],
    }


def _sold(request: HttpRequest, form: SpanForm) -> dict[sales.Key, sales.Sales]:
    return sales.by_day(_of(request, form, Order.objects.all()), **form.span)


def _calls(request: HttpRequest, form: SpanForm) -> dict[tables.Where, tables.Calls]:
    """Return what calls brought, and who got what of it, by tenant and day."""
    turnover = selectors.turnover(_of(request, form, UsageDay.objects.all()), **form.span)
    actor, chosen = actor_of(request), form.cleaned_data.get("tenant")
    earned = earnings.by_day(scope.narrow(actor, LedgerAccount.objects.all()), **form.span)
    if chosen:
        earned = {where: micros for where, micros in earned.items() if where[0] == chosen.pk}
    found = {where: tables.Calls(one.calls, one.uncosted, one.price_micros, 0, one.cost_micros) for where, one in turnover.items()}
    for (seller, day), micros in earned.items():
        # A shop sees no calls of the shops below it, only what it earned on them.
        is_seen = actor.is_platform or seller == actor.tenant.pk
        where = (seller if is_seen else actor.tenant.pk, day)
        more = tables.Calls(earned_micros=micros) if is_seen else tables.Calls(below_micros=micros)
        found[where] = found.get(where, tables.Calls()) + more
    return dict(sorted(found.items(), key=lambda item: (item[0][1], item[0][0])))


def _of(request: HttpRequest, form: SpanForm, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Narrow rows to what the actor may see, and to the chosen tenant."""
    narrowed: QuerySet[Model] = scope.narrow(actor_of(request), rows)
    chosen = form.cleaned_data.get("tenant")
    return narrowed.filter(tenant=chosen) if chosen else narrowed


def _may_export(request: HttpRequest) -> bool:
    return actor_of(request).role in EXPORT_ROLES


def _presets() -> list[dict[str, Any]]:
    today = _today()
    return [{"days": days, "query": f"since={today - (days - 1) * _DAY}&until={today}"} for days in PRESETS]


def _today() -> datetime.date:
    return timezone.now().astimezone(datetime.UTC).date()
