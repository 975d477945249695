"""A tenant's own domains: claimed, proven by a TXT record, let go.

A claim that is not proven keeps nobody else from claiming the host, and answers nothing. Raises `tenants.HostTaken`.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import tenants
from accounts.models import Tenant, TenantDomain
from foundation import dns

LABEL = "_keyosk"


@transaction.atomic
def claim(*, tenant: Tenant, host: str) -> TenantDomain:
    """Note that a tenant wants to answer on a host; return it with what proves it. Raise HostTaken."""
    name = tenants.host_name(host)
    if name in settings.PLATFORM_HOSTS or tenants.is_platforms(name):
        raise tenants.HostTaken(f"the host {name} belongs to the platform")
    found = TenantDomain.objects.select_for_update().filter(host=name).first()
    if found is not None and found.tenant_id == tenant.pk:
        return found
    if found is not None and found.proven_at is not None:
        raise tenants.HostTaken(f"the host {name} is taken already")
    if found is not None:
        found.delete()
    return TenantDomain.objects.create(tenant=tenant, host=name, proof=f"keyosk-{secrets.token_hex(16)}")


def record_name(domain: TenantDomain) -> str:
    """Return the name whose TXT record proves a domain."""
    return f"{LABEL}.{domain.host}"


def prove(*, domain: TenantDomain) -> bool:
    """Look the proof up; from then on the tenant answers there. False when it is not there, and `failure` says why."""
    try:
        found = dns.txt(record_name(domain))
        failure = "" if domain.proof in found else f"{record_name(domain)} has other records than the one asked for"
    except dns.NoAnswer as error:
        failure = str(error)
    domain.checked_at, domain.failure = timezone.now(), failure[:200]
    if not failure:
        domain.proven_at = domain.proven_at or timezone.now()
        if not TenantDomain.objects.filter(tenant=domain.tenant, is_primary=True).exists():
            domain.is_primary = True
    domain.save(update_fields=["checked_at", "failure", "proven_at", "is_primary"])
    if not failure:
        tenants.announce()
    return not failure


def may_have_certificate(host: str) -> bool:
    """Tell whether a proxy should get a certificate for a host: one of the platform, or a proven one of a tenant that is not closed."""
    tenant = tenants.by_host(host)
    return tenant is not None and tenant.state != Tenant.State.CLOSED
