"""Customer groups in numbers: put a selection of customers into a group, and list those of one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import scope, tenants
from accounts.admin_scope import actor_of
from accounts.models import Membership
from billing.models.prices import GroupRate
from console.admin import pages
from console.admin.base import DeskAdmin, facts


class GroupFilter(admin.SimpleListFilter):
    """The customers of one group; offered are the default and the groups that have a price."""

    title = gettext_lazy("customer group")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        priced = scope.narrow(actor_of(request), GroupRate.objects.filter(valid_to=None)).order_by("group")
        names = dict.fromkeys(["default", *priced.values_list("group", flat=True).distinct()])
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset if value is None else queryset.filter(group=value)


class GroupForm(pages.DeskForm):
    """Which group."""

    group = forms.CharField(
        label=gettext_lazy("Customer group"),
        max_length=40,
        initial="default",
        help_text=gettext_lazy("As it stands on group prices, channels and limits, such as vip."),
    )


def change(desk: DeskAdmin[Membership], request: HttpRequest, chosen: QuerySet[Membership]) -> HttpResponse | None:
    """Ask for the group of the selected customers, then change those who are in another; all or none."""
    form = GroupForm(request.POST if "is_confirmed" in request.POST else None)
    for name in ("action", "select_across", ACTION_CHECKBOX_NAME):
        values = request.POST.getlist(name)
        form.fields[name] = forms.MultipleChoiceField(
            choices=[(value, value) for value in values], initial=values, required=False, widget=forms.MultipleHiddenInput
        )
    form.fields["is_confirmed"] = forms.CharField(initial="1", widget=forms.HiddenInput)
    if not form.is_valid():
        count = chosen.count()
        title = ngettext("Change the group of %d customer", "Change the group of %d customers", count) % count
        return pages.ask(request, desk, title=title, submit=_("Change"), form=form)
    group = form.cleaned_data["group"].strip()
    with transaction.atomic():
        found = list(chosen.exclude(group=group).select_for_update(of=("self",)))
        for member in found:
            before = facts(member)
            tenants.set_group(membership=member, group=group)
            desk.record_change(request, "set_group", member, before=before)
    desk.message_user(request, _("%d customers changed.") % len(found))
    return None
