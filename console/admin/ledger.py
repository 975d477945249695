"""The ledger to be looked at: account → transfers → journal → reference. Nothing here can be edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, ExpressionWrapper, Model, Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from accounts import scope
from accounts.admin_scope import TenantTabularInline, actor_of
from billing import ledger, money
from billing.models import Code, CodeBatch, Dispute, Order, Refund, Withdrawal
from billing.models.ledger import Journal, LedgerAccount, Transfer
from console.admin.base import DeskAdmin, IdFilter, ReadOnly
from console.admin.figures import flag, mono, number, usd
from console.admin.pages import object_url

# What journals are about, by the first word of their references.
_SUBJECTS: dict[str, type[Model]] = {
    "order": Order, "code": Code, "batch": CodeBatch, "refund": Refund, "dispute": Dispute, "withdrawal": Withdrawal,
}  # fmt: skip
AMOUNTS = ("balance_now", "held_shown", "free")


class LedgerAccountAdmin(ReadOnly, DeskAdmin[LedgerAccount]):
    """All accounts for the platform, a tenant's own for the tenant."""

    list_display = ("name", "tenant", "ledger", "owner_shown", "balance_shown", "held_shown", "free", "expires_at", "frozen_shown")
    list_filter = ("kind", "frozen")
    list_select_related = ("tenant",)
    search_fields = ("=owner", "=id", "kind")
    ordering = ("-id",)
    fields = (
        "name",
        "tenant",
        "ledger",
        "owner_shown",
        "balance_now",
        "held_shown",
        "free",
        "mode",
        "expires_at",
        "frozen_shown",
        "transfers",
    )
    readonly_fields = fields

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return [column for column in self.list_display if column != "tenant" or actor_of(request).is_platform]

    @admin.display(description=gettext_lazy("account"), ordering="kind")
    def name(self, account: LedgerAccount) -> str:
        return account.get_kind_display()

    @admin.display(description=gettext_lazy("balance"), ordering="balance")
    def balance_shown(self, account: LedgerAccount) -> SafeString:
        # A lazy account has no balance of its own: it is the sum of its transfers.
        return amount(account, account.balance) if account.mode == LedgerAccount.Mode.EAGER else number("Σ")

    @admin.display(description=gettext_lazy("balance"))
    def balance_now(self, account: LedgerAccount) -> SafeString:
        return amount(account, ledger.balance_of(account))

    @admin.display(description=gettext_lazy("held"), ordering="held")
    def held_shown(self, account: LedgerAccount) -> SafeString:
        return amount(account, account.held)

    @admin.display(description=gettext_lazy("free"))
    def free(self, account: LedgerAccount) -> SafeString:
        return amount(account, account.balance - account.held) if account.mode == LedgerAccount.Mode.EAGER else number("—")

    @admin.display(description=gettext_lazy("owner"), ordering="owner")
    def owner_shown(self, account: LedgerAccount) -> SafeString:
        return number(f"#{account.owner}" if account.owner else "—")

    @admin.display(description=gettext_lazy("frozen"), ordering="frozen")
    def frozen_shown(self, account: LedgerAccount) -> SafeString:
        return flag(account.frozen)

    @admin.display(description=gettext_lazy("transfers"))
    def transfers(self, account: LedgerAccount) -> SafeString:
        address = reverse(f"{self.admin_site.name}:billing_transfer_changelist")
        return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}?account={}">{}</a>', address, account.pk, "→")


class AccountFilter(IdFilter):
    """Both sides of one account, named by its number in the address."""

    title = gettext_lazy("account")
    parameter_name = "account"
    paths = ("src_id", "dst_id")


class TransferAdmin(ReadOnly, DeskAdmin[Transfer]):
    """Amounts that moved; a tenant sees those that touch an own account."""

    list_display = ("id", "created_at", "source", "target", "amount_shown", "journal_link")
    list_filter = (AccountFilter,)
    list_select_related = ("src__tenant", "dst__tenant", "journal")
    search_fields = ("=id", "journal__key", "journal__reference")
    ordering = ("-id",)
    fields = ("created_at", "source", "target", "amount_shown", "journal_link")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        return touching(request, self.model._default_manager.all())

    @admin.display(description=gettext_lazy("from"))
    def source(self, transfer: Transfer) -> SafeString:
        return account_link(self.admin_site.name, transfer.src, is_open=transfer.src_open)  # type: ignore[attr-defined]  # by `touching`

    @admin.display(description=gettext_lazy("to"))
    def target(self, transfer: Transfer) -> SafeString:
        return account_link(self.admin_site.name, transfer.dst, is_open=transfer.dst_open)  # type: ignore[attr-defined]  # by `touching`

    @admin.display(description=gettext_lazy("amount"))
    def amount_shown(self, transfer: Transfer) -> SafeString:
        return amount(transfer.src, transfer.amount)

    @admin.display(description=gettext_lazy("journal"))
    def journal_link(self, transfer: Transfer) -> SafeString:
        return link(object_url(self.admin_site.name, transfer.journal), transfer.journal.key)


class TransferInline(TenantTabularInline[Transfer, Journal]):
    """The transfers of one journal."""

    model = Transfer
    fields = ("source", "target", "amount_shown")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        return touching(request, super().get_queryset(request)).select_related("src__tenant", "dst__tenant")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # the journal was checked, and the rows are narrowed above

    source = TransferAdmin.source
    target = TransferAdmin.target
    amount_shown = TransferAdmin.amount_shown


class JournalAdmin(ReadOnly, DeskAdmin[Journal]):
    """Events that moved money, each once."""

    list_display = ("created_at", "kind", "key_shown", "tenant", "actor", "reference", "memo")
    list_select_related = ("tenant", "actor")
    search_fields = ("key", "reference", "=id")
    ordering = ("-id",)
    fields = ("created_at", "kind", "key_shown", "tenant", "actor", "about", "memo", "reverses")
    readonly_fields = fields
    inlines = (TransferInline,)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Journal | None:
        """Find what a journal is about, too, where who looks may see it."""
        journal: Journal | None = super().get_object(request, object_id, from_field)
        if journal is not None:
            journal.about = _about(request, journal.reference)  # type: ignore[attr-defined]  # for this page alone
        return journal

    @admin.display(description=gettext_lazy("reference"))
    def about(self, journal: Journal) -> SafeString:
        found = getattr(journal, "about", None)
        if found is None or not self.admin_site.is_registered(type(found)):
            return mono(journal.reference or "—")
        return link(object_url(self.admin_site.name, found), journal.reference)

    @admin.display(description=gettext_lazy("key"))
    def key_shown(self, journal: Journal) -> SafeString:
        return mono(journal.key)


def _about(request: HttpRequest, reference: str) -> Model | None:
    """Return what a reference such as `order:12` names, where the actor may see it."""
    name, _colon, number = reference.partition(":")
    model = _SUBJECTS.get(name)
    if model is None or not (number.isascii() and number.isdigit()):
        return None
    return scope.narrow(actor_of(request), model._default_manager.filter(pk=int(number))).first()


def touching(request: HttpRequest, transfers: QuerySet[Transfer]) -> QuerySet[Transfer]:
    """Return the transfers the actor may see: all for the platform, those with an own account for a tenant.

    `src_open` and `dst_open` tell which of the two accounts the actor may open.
    """
    actor = actor_of(request)
    if actor.is_platform:
        return transfers.annotate(src_open=Value(True), dst_open=Value(True))
    if not actor.is_staff:
        return transfers.none()
    src, dst = Q(src__tenant=actor.tenant), Q(dst__tenant=actor.tenant)
    flag = BooleanField()
    return transfers.filter(src | dst).annotate(src_open=ExpressionWrapper(src, flag), dst_open=ExpressionWrapper(dst, flag))


def amount(account: LedgerAccount, value: int) -> SafeString:
    """Write an amount in the unit of the account's ledger: dollars for quota, minor units with their currency for cash."""
    if account.ledger == "Q":
        return usd(value)
    return number(money.format_minor(value, currency=account.ledger.removeprefix("M:")))


def account_link(site: str, account: LedgerAccount, *, is_open: bool) -> SafeString:
    """Return an account's name, with a link where the actor may open it."""
    owner = f" #{account.owner}" if account.owner else ""
    text = f"{account.get_kind_display()}{owner} · {account.tenant.name}"
    return link(object_url(site, account), text) if is_open else format_html("{}", text)


def link(address: str, text: str) -> SafeString:
    """Return a link in Unfold's colours."""
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, text)
