"""The selling part of a back office's first page: sold today, what runs low, money to look at, how payment accounts do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import scope
from accounts.models import Tenant
from billing import audit_runs, catalogue, chart, gateways, money, sales, selectors, sellable
from billing.models import GatewayAccount, Order, PaymentAttempt, Product, WebhookInbox
from console.admin import waiting
from console.admin.base import BoundedPaginator
from console.admin.tiles import Tile
from gateway import rollups

PACE_DAYS = 7
SHOWN = 8
HEALTH = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Short:
    """A product that is sold out or below the number at which staff are told, and where more of it is made."""

    name: str
    left: int
    link: str
    action: str


@dataclass(frozen=True, slots=True)
class Health:
    """A payment account and its last 24 hours; `refused` are messages that were not taken, `failure` why it failed last."""

    name: str
    tenant: str
    state: str
    begun: int
    paid: int
    refused: int
    heard_at: datetime | None
    link: str
    failure: str = ""

    @property
    def is_bad(self) -> bool:
        """Tell whether somebody should look."""
        return not self.is_ready or self.refused > 0 or bool(self.failure)

    @property
    def is_ready(self) -> bool:
        """Tell whether buyers can pay through it."""
        return self.state == "ready"


def context(actor: scope.Actor, site: str) -> dict[str, Any]:
    """Return the tiles and tables of selling."""
    tiles = [*_sold(actor, site), _to_look_at(actor, site)]
    if actor.is_platform and (books := _books(site)):
        tiles.append(books)
    if hidden := _hidden(actor, site):
        tiles.append(hidden)
    return {"selling": tiles, "waiting": waiting.of(actor, site), "short": _short(actor, site), "health": health(actor, site)}


def _sold(actor: scope.Actor, site: str) -> list[Tile]:
    """Return what was sold today; to a shop also what is left of it, and how far its stock goes."""
    now = timezone.now()
    today = rollups.day_of(now)
    days = sales.by_day(scope.narrow(actor, Order.objects.all()), since=today - timedelta(days=PACE_DAYS - 1), until=now)
    by_currency = sales.fold({key: one for key, one in days.items() if key.day == today.date()}, lambda key: key.currency)
    orders = sum(one.orders for one in by_currency.values())
    note = ngettext("%s order since midnight UTC", "%s orders since midnight UTC", orders) % f"{orders:,}"
    sold = Tile(_("Sold today"), _cash({name: one.gross_minor for name, one in by_currency.items()}), note)
    if actor.is_platform:
        return [sold]
    known = {name: one.margin_minor for name, one in by_currency.items() if one.margin_minor is not None}
    is_known = len(known) == len(by_currency)
    told = _("after returns, fees and what the quota cost") if is_known else _("nobody knows what the quota cost: none was bought")
    profit = Tile(_("Profit today"), _cash(known) if is_known else "—", told)
    return [sold, profit, _stock(actor, site, week_micros=sum(one.quota_micros for one in days.values()))]


def _stock(actor: scope.Actor, site: str, *, week_micros: int) -> Tile:
    """Return a shop's stock of quota; beside what was sold in a week it is little or not."""
    left = chart.free_stock(tenant_id=actor.tenant.pk)
    is_low = left <= 0 or left < week_micros
    note = _("low: less than a week's sales") if is_low else _("quota bought and not sold yet")
    buy = reverse("reseller:accounts_tenant_buy_quota", args=[actor.tenant.pk]) if site == "reseller" else ""
    return Tile(_("Stock"), money.format_usd(left), note, buy, _("Buy wholesale"))


def _to_look_at(actor: scope.Actor, site: str) -> Tile:
    """Return how many orders wait for a person: paid late, twice or wrong, or not paid back."""
    limit = BoundedPaginator.limit
    found = selectors.to_look_at(scope.narrow(actor, Order.objects.all())).order_by()[:limit].count()
    note = _("late, double or wrong payments, refunds that failed")
    link = f"{reverse(f'{site}:billing_order_changelist')}?look=yes"
    return Tile(_("Money to look at"), f"{found:,}", note, link if found else "", _("Decide"))


def _books(site: str) -> Tile | None:
    """Return how the last audit ended."""
    run = audit_runs.latest()
    if run is None:
        return None
    figure = ngettext("%d finding", "%d findings", run.found) % run.found if run.found else _("all agrees")
    link = reverse(f"{site}:billing_auditrun_change", args=[run.pk])
    return Tile(_("Last audit"), figure, f"{run.started_at:%Y-%m-%d %H:%M} UTC", link, _("Report"))


def _hidden(actor: scope.Actor, site: str) -> Tile | None:
    """Return how many products the own shop hides, though they are on sale, and why the first of them."""
    found = sellable.hidden(Tenant.objects.filter(pk=actor.tenant.pk))
    if not found:
        return None
    product, reason = found[0]
    link = f"{reverse(f'{site}:billing_product_changelist')}?is_active__exact=1"
    return Tile(_("Hidden products"), f"{len(found):,}", f"{catalogue.name_of(product)}: {reason.label}", link, _("Products"))


def _short(actor: scope.Actor, site: str) -> list[Short]:
    """Return the shop's own products on sale that run low, those with least left first."""
    rows: Any = catalogue.stocked(Product.objects.filter(tenant=actor.tenant, is_active=True))
    low = Q(stock=0) | Q(low_stock__isnull=False, stock__lt=F("low_stock"))
    return [_line(site, product) for product in rows.filter(low).order_by("stock", "sort", "pk")[:SHOWN]]


def _line(site: str, product: Any) -> Short:
    if product.kind in Product.MINTED_KINDS:
        link, action = f"{reverse(f'{site}:billing_codebatch_add')}?product={product.pk}", _("Mint codes")
    else:
        link, action = reverse(f"{site}:billing_product_change", args=[product.pk]), _("Change")
    return Short(catalogue.name_of(product), product.stock, link, action)


def health(actor: scope.Actor, site: str) -> list[Health]:
    """Return payment accounts that are switched on, those that need somebody first."""
    since = timezone.now() - HEALTH
    rows = scope.narrow(actor, GatewayAccount.objects.filter(is_enabled=True, driver__in=gateways.offered()).select_related("tenant"))
    inbox = WebhookInbox.objects.filter(account__in=rows.order_by(), created_at__gte=since).order_by().values_list("account")
    refused = Count("pk", filter=Q(state=WebhookInbox.State.FAILED))
    heard = {pk: facts for pk, *facts in inbox.annotate(refused=refused, last=Max("created_at"))}
    tries = PaymentAttempt.objects.filter(account__in=rows.order_by(), created_at__gte=since).order_by().values_list("account")
    paid = Count("pk", filter=Q(state=PaymentAttempt.State.SUCCEEDED))
    begun = {pk: facts for pk, *facts in tries.annotate(begun=Count("pk"), paid=paid)}
    found = [_health(one, site, begun.get(one.pk, [0, 0]), heard.get(one.pk, [0, None])) for one in rows.order_by("pk")]
    return sorted(found, key=lambda one: (not one.is_bad, -one.begun))[:SHOWN]


def _health(account: GatewayAccount, site: str, begun: list[Any], heard: list[Any]) -> Health:
    return Health(
        name=account.name or account.driver, tenant=account.tenant.name, state="ready" if gateways.is_ready(account) else "incomplete",
        begun=begun[0], paid=begun[1], refused=heard[0], heard_at=heard[1],
        link=reverse(f"{site}:billing_gatewayaccount_change", args=[account.pk]),
        failure=account.failure if account.failed_at is not None and account.failed_at > timezone.now() - HEALTH else "",
    )  # fmt: skip


def _cash(minor: dict[str, int]) -> str:
    """Write amounts of several currencies beside each other."""
    return " + ".join(money.format_minor(amount, currency=name) for name, amount in sorted(minor.items())) or "0"
