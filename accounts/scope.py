"""Who acts, at which tenant, in which role; and the one function that narrows a queryset to what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, QuerySet

from accounts.models import Membership, Tenant, User

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person at a tenant; `user` is None for an anonymous visitor, `membership` None for a stranger."""

    user: User | None
    tenant: Tenant
    membership: Membership | None = None

    @property
    def role(self) -> str | None:
        """Return the role at this tenant, None for a stranger."""
        return None if self.membership is None else self.membership.role

    @property
    def is_staff(self) -> bool:
        """Tell whether the person runs this tenant."""
        return self.role in Membership.STAFF_ROLES

    @property
    def is_platform(self) -> bool:
        """Tell whether the person runs the platform: staff of the root tenant, on one of its hosts."""
        return self.is_staff and self.tenant.is_root


def actor(*, user: User | None, tenant: Tenant) -> Actor:
    """Return the person as an actor at the tenant."""
    if user is None or not user.is_active:
        return Actor(user=None, tenant=tenant)
    found = Membership.objects.filter(tenant=tenant, user=user, state=Membership.State.ACTIVE).first()
    return Actor(user=user, tenant=tenant, membership=found)


def staff_actor(*, user: User | None, tenant: Tenant) -> Actor:
    """Return the actor for a back office: on a platform host, the staff of a shop act at their (oldest) shop."""
    here = actor(user=user, tenant=tenant)
    if here.user is None or here.is_staff or not tenant.is_root:
        return here
    rows = Membership.objects.select_related("tenant").filter(
        user=here.user, role__in=Membership.STAFF_ROLES, state=Membership.State.ACTIVE
    )
    membership = rows.order_by("pk").first()
    return here if membership is None else Actor(user=here.user, tenant=membership.tenant, membership=membership)


def narrow(actor: Actor, queryset: QuerySet[M]) -> QuerySet[M]:
    """Return the rows the actor may see.

    Platform staff see all, tenant staff their tenant's, customers their own, strangers none. A model says how it
    reaches its tenant (`tenant_path`) and its member (`owner_path`); one that does not is for platform staff only.
    """
    if actor.is_platform:
        return queryset
    path = getattr(queryset.model, "tenant_path" if actor.is_staff else "owner_path", None)
    if actor.membership is None or path is None:
        return queryset.none()
    subject = actor.tenant.pk if actor.is_staff else actor.membership.pk
    if "memberships" in path:
        # Through a many-valued relation a join would repeat rows.
        return queryset.filter(pk__in=queryset.model._base_manager.filter(**{path: subject}).values("pk"))
    return queryset.filter(**{path: subject})
