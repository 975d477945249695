"""The audit trail is written and never changed."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from accounts import audit, scope
from accounts.models import AuditEvent, Membership, Tenant

pytestmark = pytest.mark.django_db


def test_an_event_says_who_did_what_where(reseller_owner: Membership, tenant: Tenant) -> None:
    actor = scope.actor(user=reseller_owner.user, tenant=tenant)
    audit.record(actor=actor, action="tenant.rename", target=tenant, before={"name": "a"}, after={"name": "b"}, address="10.0.0.1")
    event = AuditEvent.objects.get()
    assert (event.tenant, event.actor, event.action) == (tenant, reseller_owner.user, "tenant.rename")
    assert event.target == f"accounts.tenant:{tenant.pk}"
    assert (event.before, event.after, event.address) == ({"name": "a"}, {"name": "b"}, "10.0.0.1")


def test_without_an_actor_it_was_the_platform(root_tenant: Tenant) -> None:
    assert audit.record(actor=None, action="grant", target="x").tenant == root_tenant


def test_events_are_neither_changed_nor_deleted(root_tenant: Tenant) -> None:
    audit.record(actor=None, action="grant", target="x", address="10.0.0.1")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEvent.objects.update(action="nothing")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEvent.objects.all().delete()
    AuditEvent.objects.update(address="10.0.0.0")
    assert AuditEvent.objects.get().action == "grant"
