"""Two shops with one object of every model that a back office shows: ours, and one of strangers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Model

from accounts import audit, keys, tenants
from accounts.models import ApiKey, AuditEvent, Membership, Tenant, TenantDomain, User

Maker = Callable[["World"], Model]


@dataclass
class World:
    """A shop, its people, and its objects by model; every name in it carries the mark."""

    mark: str
    tenant: Tenant
    owner: Membership
    manager: Membership
    support: Membership
    customer: Membership
    objects: dict[type[Model], Model] = field(default_factory=dict)


def build(mark: str) -> World:
    """Open a shop on <mark>.test and fill it."""
    tenant = tenants.open_tenant(slug=mark, name=f"{mark} shop", domain=f"{mark}.test")
    owner, manager, support, customer = (person(f"{role}-{mark}@people.test", tenant, role) for role in Membership.Role.values)
    world = World(mark=mark, tenant=tenant, owner=owner, manager=manager, support=support, customer=customer)
    for model, make in MAKERS.items():
        world.objects[model] = make(world)
    return world


def person(email: str, tenant: Tenant, role: str) -> Membership:
    """Make somebody with a role at a tenant."""
    return tenants.join(tenant=tenant, user=User.objects.create_user(email=email), role=role)


def _key(world: World) -> ApiKey:
    return keys.issue(membership=world.customer, name=f"key-{world.mark}").key


def _event(world: World) -> AuditEvent:
    return audit.record(actor=world.owner.user, action="apikey.issue", target=f"event-{world.mark}", tenant=world.tenant)


MAKERS: dict[type[Model], Maker] = {
    Tenant: lambda world: world.tenant,
    TenantDomain: lambda world: world.tenant.domains.get(),
    Membership: lambda world: world.customer,
    ApiKey: _key,
    AuditEvent: _event,
}
