"""What a new shop does first: brand, domain, payment, stock, product. Shown on the dashboard until all is done."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import tenants
from accounts.models import Tenant, TenantDomain
from billing import gateways
from billing.models.ledger import LedgerAccount
from billing.models.shop import GatewayAccount, Product


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, and where."""

    text: str
    link: str
    is_done: bool


def steps(tenant: Tenant, site: str) -> list[Step]:
    """Return the steps of a shop; nothing for the platform, and nothing when all are done."""
    if tenant.is_root:
        return []
    stock = LedgerAccount.objects.filter(tenant=tenant, kind__in=("stock", "escrow"), ledger="Q").aggregate(sum=Sum("balance"))["sum"] or 0
    fresh = Tenant()
    is_branded = bool(tenant.logo_url) or tenant.colour != fresh.colour
    has_gateway = GatewayAccount.objects.filter(Q(tenant=tenant) | Q(lent_to=tenant), driver__in=gateways.offered()).exists()
    found = [
        Step(
            _("Give it your colour, logo and contact"),
            reverse(f"{site}:accounts_tenant_change", args=[tenant.pk]),
            is_branded and bool(tenant.contact),
        ),
        Step(_("Add your own domain"), _list(site, "accounts_tenantdomain"), _is_proven(tenant)),
        Step(_("Connect a payment account"), _list(site, "billing_gatewayaccount"), has_gateway),
        Step(_("Buy quota wholesale"), _buy(site, tenant), stock > 0),
        Step(_("Make the first product"), _list(site, "billing_product"), Product.objects.filter(tenant=tenant).exists()),
    ]
    return [] if all(step.is_done for step in found) else found


def _is_proven(tenant: Tenant) -> bool:
    """Tell whether the shop answers on a name of its own: the one that the platform gave it does not count."""
    hosts = TenantDomain.objects.filter(tenant=tenant, proven_at__isnull=False).values_list("host", flat=True)
    return any(not tenants.is_platforms(host) for host in hosts)


def _buy(site: str, tenant: Tenant) -> str:
    """Return where a shop buys its stock; the platform looks at the shop itself."""
    if site == "reseller":
        return reverse("reseller:accounts_tenant_buy_quota", args=[tenant.pk])
    return reverse(f"{site}:accounts_tenant_change", args=[tenant.pk])


def _list(site: str, name: str) -> str:
    return reverse(f"{site}:{name}_changelist")
