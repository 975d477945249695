"""The field `tenant` of a back office's own forms: whose the new thing is to be."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest

from accounts import scope
from accounts.admin_scope import actor_of
from accounts.models import Tenant


def offer(form: forms.Form, request: HttpRequest) -> None:
    """Offer the tenants that the actor reaches, the own one first chosen; a shop's staff have no choice, and no field."""
    actor = actor_of(request)
    field: Any = form.fields["tenant"]
    field.queryset = scope.narrow(actor, Tenant.objects.order_by("pk"))
    field.initial = actor.tenant.pk
    if not actor.is_platform:
        del form.fields["tenant"]
