"""People and their memberships: staff change what somebody is at the tenant, never the person's sign-in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import admin
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import mailing, tenants
from accounts.admin_scope import actor_of
from accounts.models import Membership, User
from billing import ledger, money, store_credit
from billing.models import ReadyKey
from console.admin import credit, group_bulk, pages, visiting
from console.admin.base import DeskAdmin, TenantColumn, facts
from console.admin.exports import Exported
from console.admin.figures import label, usd
from console.admin.searching import IndexedSearch
from gateway import selectors

STATE_LABELS = {"active": "success", "waiting": "warning", "blocked": "danger"}
ROLE_LABELS = {"owner": "primary", "manager": "info", "support": "warning"}


class UserAdmin(IndexedSearch, DeskAdmin[User]):
    """The platform's list of people. E-mail, password and factors stay with the person."""

    list_display = ("email", "name", "is_active", "date_joined")
    list_filter = ("is_active",)
    search_fields = ("email", "name")
    indexed_search = (("@", "email"),)
    searched_words = ((User, "pk"),)
    ordering = ("-id",)
    fields = ("email", "name", "language", "is_active", "date_joined", "last_login", "places")
    readonly_fields = ("email", "date_joined", "last_login", "places")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("memberships"))
    def places(self, person: User) -> str:
        rows = person.memberships.select_related("tenant").order_by("id")
        return format_html_join("", "<div>{} · {}</div>", ((row.tenant.name, row.get_role_display()) for row in rows)) or "—"


class MembershipForm(ModelForm[Membership]):
    """Refuses what would lock a tenant out or lift somebody above the one who types it."""

    request: HttpRequest

    def clean_role(self) -> str:
        role: str = self.cleaned_data["role"]
        if role == self.initial.get("role"):
            return role
        actor = actor_of(self.request)
        if not actor.is_platform and actor.role != Membership.Role.OWNER:
            raise ValidationError(_("Only an owner gives or takes roles."))
        if actor.user is None or self.instance.user_id == actor.user.pk:
            raise ValidationError(_("Nobody changes their own role."))
        return role


class ReadyKeyFilter(admin.SimpleListFilter):
    """Customers are people: wallets that were sold as ready keys, to nobody yet, are shown on demand alone."""

    title = gettext_lazy("ready keys")
    parameter_name = "ready_keys"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("only", gettext_lazy("only ready keys")), ("all", gettext_lazy("people and ready keys"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": gettext_lazy("only people")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> QuerySet[Membership]:
        value = self.value()
        # Not a join and IS NULL: the planner thinks that leaves few, and sorts the whole shop.
        is_ready = Exists(ReadyKey.objects.filter(membership=OuterRef("pk")))
        return queryset if value == "all" else queryset.filter(is_ready if value == "only" else ~is_ready)


class MembershipAdmin(Exported, TenantColumn, IndexedSearch, DeskAdmin[Membership]):
    """Customers and staff of a tenant: role, group and note can be changed."""

    form = MembershipForm
    list_display = ("user", "role_label", "state_label", "group", "joined_at")
    list_filter = ("role", "state", group_bulk.GroupFilter, ReadyKeyFilter)
    actions = ("approve", "block", "unblock", "change_group")
    list_select_related = ("user", "tenant")
    export_columns = (
        ("id", "pk"),
        ("email", "user__email"),
        ("name", "user__name"),
        ("username", "username"),
        ("role", "role"),
        ("state", "state"),
        ("group", "group"),
        ("joined", "joined_at"),
        ("note", "note"),
    )
    search_fields = ("user__email", "user__name", "username", "note")
    indexed_search = (("@", "user__email"),)
    searched_words = ((User, "user_id"), (Membership, "pk"))
    ordering = ("-id",)
    fields = (
        "user",
        "tenant",
        "username",
        "state_label",
        "balance",
        "store_credit",
        "spent",
        "keys_shown",
        "role",
        "group",
        "note",
        "joined_at",
    )
    readonly_fields = ("user", "tenant", "username", "state_label", "balance", "store_credit", "spent", "keys_shown", "joined_at")

    actions_detail = ("see_as", "give_credit")

    def has_visit_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let all staff look into consoles; into whose, the visit itself decides."""
        return actor_of(request).role in Membership.STAFF_ROLES

    @pages.act(description=gettext_lazy("See as customer"), icon="visibility", permission="visit")
    @method_decorator(reauthentication_required)
    def see_as(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open the customer's console, read-only; the password is asked for again."""
        return visiting.begin(self, request, self.subject(request, object_id))

    @pages.act(description=gettext_lazy("Give store credit"), icon="savings")
    def give_credit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give a customer cash to buy with here."""
        return credit.give(self, request, self.subject(request, object_id))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"request": request})

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @label(description=gettext_lazy("role"), ordering="role", colours=ROLE_LABELS)
    def role_label(self, membership: Membership) -> tuple[str, str]:
        return membership.role, membership.get_role_display()

    @label(description=gettext_lazy("state"), ordering="state", colours=STATE_LABELS)
    def state_label(self, membership: Membership) -> tuple[str, str]:
        return membership.state, membership.get_state_display()

    @admin.action(description=gettext_lazy("Approve"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """Let in who waits, and tell them."""
        self._set(request, queryset.filter(state=Membership.State.WAITING), "approve", Membership.State.ACTIVE)

    @admin.action(description=gettext_lazy("Block"), permissions=["change"])
    def block(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """Keep customers and their keys out; staff lose their role first."""
        chosen = queryset.filter(role=Membership.Role.CUSTOMER).exclude(state=Membership.State.BLOCKED)
        self._set(request, chosen, "block", Membership.State.BLOCKED)

    @admin.action(description=gettext_lazy("Unblock"), permissions=["change"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """Let blocked customers in again."""
        self._set(request, queryset.filter(state=Membership.State.BLOCKED), "unblock", Membership.State.ACTIVE)

    @admin.action(description=gettext_lazy("Change customer group"), permissions=["change"])
    def change_group(self, request: HttpRequest, queryset: QuerySet[Membership]) -> HttpResponse | None:
        """Ask for a group, then put the selected into it."""
        return group_bulk.change(self, request, queryset)

    @transaction.atomic
    def _set(self, request: HttpRequest, chosen: QuerySet[Membership], verb: str, state: str) -> None:
        found = list(chosen)
        for member in found:
            before = facts(member)
            tenants.set_state(membership=member, state=state)
            self.record_change(request, verb, member, before=before)
            if verb == "approve":
                welcome(member)
        self.message_user(request, _("%d customers changed.") % len(found))

    @admin.display(description=gettext_lazy("spent, 30 days"))
    def spent(self, membership: Membership) -> str:
        since = timezone.now() - timedelta(days=30)
        found = selectors.live(by="membership_id", who=Q(membership_id=membership.pk), since=since)
        return usd(found.get(membership.pk, selectors.Sums()).price_micros)

    @admin.display(description=gettext_lazy("sub-keys"))
    def keys_shown(self, membership: Membership) -> SafeString:
        address = reverse(f"{self.admin_site.name}:accounts_apikey_changelist")
        return format_html(
            '<a class="hover:text-primary-600" href="{}?holder={}">{}</a>', address, membership.pk, membership.api_keys.count()
        )

    @admin.display(description=gettext_lazy("store credit"))
    def store_credit(self, membership: Membership) -> str:
        return money.format_minor(store_credit.free(membership), currency=membership.tenant.currency)

    @admin.display(description=gettext_lazy("balance"))
    def balance(self, membership: Membership) -> str:
        found = ledger.balance(membership_id=membership.pk)
        return usd(found.available_micros)


def welcome(member: Membership) -> None:
    """Mail somebody that they were let in."""
    mailing.tell(member, template="approved", context={})
