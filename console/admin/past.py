"""What another system's log said about customers who came from there: to be looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.views import ChangeList

from accounts import scope
from accounts.admin_scope import actor_of
from accounts.models import Membership, PastEntry
from console.admin.base import DeskAdmin, ReadOnly, TenantColumn
from console.admin.figures import moment, number, usd
from console.admin.keyset import KeysetList

MOST_PEOPLE = 200


class PastEntryAdmin(ReadOnly, TenantColumn, DeskAdmin[PastEntry]):
    """The log from before the move, newest first."""

    list_display = ("at", "customer", "kind", "model", "key_name", "tokens", "amount", "text")
    list_filter = ("kind",)
    list_select_related = ("membership__user", "membership__tenant", "tenant")
    search_fields = ("id",)
    search_help_text = gettext_lazy("E-mail, username, or exact model name")
    ordering = ("-id",)
    sortable_by = ()
    fields = ("at", "tenant", "membership", "kind", "model", "key_name", "tokens", "amount", "total_ms", "text")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeysetList

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Turn the words into ids first: no join and no LIKE over the big table."""
        term = search_term.strip()
        if not term:
            return queryset, False
        mine = scope.narrow(actor_of(request), Membership.objects.all())
        people = mine.filter(user__email__startswith=term.lower()) if "@" in term else mine.filter(username=term)
        found = list(people.values_list("pk", flat=True)[:MOST_PEOPLE])
        return queryset.filter(membership_id__in=found) if found or "@" in term else queryset.filter(model=term), False

    @admin.display(description=gettext_lazy("customer"))
    def customer(self, row: PastEntry) -> str:
        return str(row.membership.user)

    @admin.display(description=gettext_lazy("at"), ordering="id")
    def at(self, row: PastEntry) -> SafeString:
        return moment(row.created_at)

    @admin.display(description=gettext_lazy("tokens in / out"))
    def tokens(self, row: PastEntry) -> SafeString:
        return number(f"{row.input_tokens:,} / {row.output_tokens:,}")

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, row: PastEntry) -> SafeString:
        return usd(row.amount_micros)
