"""The double-entry ledger: accounts, journals, transfers, holds. Only `billing.ledger` and the lease functions write here.

Quota is integer micro-USD in ledger `Q`; cash is minor units of its currency in ledgers such as `M:CNY`. Transfers and
journals are append-only by a database trigger; what `held` covers can never be missing, by a CHECK.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant

QUOTA = "Q"
# A floor for accounts that may owe without limit; far from the edge of BIGINT so that balance - floor never overflows.
UNLIMITED = -(2**61)


class LedgerAccount(models.Model):
    """One account. Eager rows carry their balance; lazy ones (hot counterparties) are the sum of their transfers."""

    class Kind(models.TextChoices):
        ISSUER = "issuer", _("issuer")
        STOCK = "stock", _("stock")
        ESCROW = "escrow", _("escrow of a code batch")
        WALLET = "wallet", _("wallet")
        LOT = "lot", _("expiring credit")
        SINK_USAGE = "sink_usage", _("usage")
        MARGIN = "margin", _("margin")
        RECEIVABLE = "receivable", _("receivable")
        BREAKAGE = "breakage", _("breakage")
        CASH = "cash", _("cash")
        CLEARING = "clearing", _("clearing")
        REVENUE = "revenue", _("revenue")
        REFUNDS_DUE = "refunds_due", _("refunds due")
        DISPUTE = "dispute", _("dispute")
        FEE = "fee", _("fee")
        PAYABLE = "payable", _("payable")
        CREDIT = "credit", _("store credit")
        ADJUST = "adjust", _("adjustment")

    class Mode(models.TextChoices):
        EAGER = "eager", _("eager")
        LAZY = "lazy", _("lazy")

    ledger = models.CharField(_("ledger"), max_length=8, default=QUOTA)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="ledger_accounts", verbose_name=_("tenant"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    # What it belongs to: the membership of a wallet, lot or receivable, the batch of an escrow; 0 = the tenant itself.
    owner = models.BigIntegerField(_("owner"), default=0)
    mode = models.CharField(_("mode"), max_length=5, choices=Mode.choices, default=Mode.EAGER)
    balance = models.BigIntegerField(_("balance"), default=0)
    held = models.BigIntegerField(_("held"), default=0)
    floor = models.BigIntegerField(_("floor"), default=0)
    hard_floor = models.BigIntegerField(_("hard floor"), default=0)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    frozen = models.BooleanField(_("frozen"), default=False)
    recall_at = models.DateTimeField(_("recalled"), null=True, blank=True)
    created_at = models.DateTimeField(_("opened"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "ledger", "kind", "owner", "expires_at"], nulls_distinct=False, name="one_account_per_purpose"
            ),
            models.CheckConstraint(condition=Q(held__gte=0), name="account_held_not_negative"),
            models.CheckConstraint(condition=Q(balance__gte=F("held") + F("hard_floor")), name="account_held_is_covered"),
            models.CheckConstraint(condition=Q(mode="eager") | Q(balance=0, held=0), name="account_lazy_has_no_balance"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner", "expires_at"], condition=Q(kind__in=["wallet", "lot"], ledger=QUOTA), name="account_purse"),
            models.Index(fields=["recall_at"], condition=Q(recall_at__isnull=False), name="account_recalled"),
        ]

    def __str__(self) -> str:
        owner = f":{self.owner}" if self.owner else ""
        return f"{self.kind}{owner}@{self.tenant_id}"


class Journal(models.Model):
    """One event that moved money, under a key that makes it happen once. `digest` is that of the body first posted."""

    kind = models.CharField(_("kind"), max_length=24)
    key = models.CharField(_("key"), max_length=120, unique=True)
    digest = models.CharField(max_length=64, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, null=True, related_name="journals", verbose_name=_("tenant"))
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    reference = models.CharField(_("reference"), max_length=120, blank=True, default="", db_default="")
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by", verbose_name=_("reverses"))
    memo = models.CharField(_("memo"), max_length=200, blank=True, default="", db_default="")
    created_at = models.DateTimeField(_("at"), db_default=Now(), editable=False)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("journal")
        verbose_name_plural = _("journals")
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["reference"], condition=~Q(reference=""), name="journal_reference")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Transfer(models.Model):
    """An amount that went from one account to another of the same ledger."""

    journal = models.ForeignKey(Journal, models.PROTECT, related_name="transfers", verbose_name=_("journal"))
    src = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="debits", verbose_name=_("from"), db_index=False)
    dst = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="credits", verbose_name=_("to"), db_index=False)
    amount = models.BigIntegerField(_("amount"))
    created_at = models.DateTimeField(_("at"), db_default=Now(), editable=False)

    tenant_path: ClassVar[str] = "src__tenant"

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_positive"),
            models.CheckConstraint(condition=~Q(src=F("dst")), name="transfer_between_two"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["src", "id"], name="transfer_debits"),
            models.Index(fields=["dst", "id"], name="transfer_credits"),
        ]

    def __str__(self) -> str:
        return f"{self.src_id} → {self.dst_id}: {self.amount}"


class Hold(models.Model):
    """An amount set aside on one account until it is captured, voided or expires: exactly one of these, once."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        POSTED = "posted", _("posted")
        VOIDED = "voided", _("voided")
        EXPIRED = "expired", _("expired")

    key = models.CharField(_("key"), max_length=120, unique=True)
    account = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="holds", verbose_name=_("account"))
    amount = models.BigIntegerField(_("amount"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    captured = models.BigIntegerField(_("captured"), default=0)
    journal = models.OneToOneField(Journal, models.PROTECT, null=True, related_name="hold", verbose_name=_("journal"))
    expires_at = models.DateTimeField(_("expires"))
    created_at = models.DateTimeField(_("at"), db_default=Now(), editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True)

    tenant_path: ClassVar[str] = "account__tenant"

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="hold_amount_positive"),
            models.CheckConstraint(condition=Q(captured__gte=0, captured__lte=F("amount")), name="hold_captured_within"),
            models.CheckConstraint(condition=Q(state="posted") | Q(captured=0), name="hold_captured_when_posted"),
            models.CheckConstraint(
                condition=Q(state="open", ended_at__isnull=True) | (~Q(state="open") & Q(ended_at__isnull=False)), name="hold_ends_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["expires_at"], condition=Q(state="open"), name="hold_open")]

    def __str__(self) -> str:
        return f"{self.key}: {self.amount} {self.state}"


class AccountSnapshot(models.Model):
    """The balance of a lazy account up to one transfer, all older than ten minutes: ids do not commit in order."""

    account = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="snapshots", verbose_name=_("account"))
    transfer_id = models.BigIntegerField(_("up to transfer"))
    balance = models.BigIntegerField(_("balance"))
    created_at = models.DateTimeField(_("at"), db_default=Now(), editable=False)

    tenant_path: ClassVar[str] = "account__tenant"

    class Meta:
        verbose_name = _("account snapshot")
        verbose_name_plural = _("account snapshots")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "transfer_id"], name="one_snapshot_per_transfer"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} ≤ {self.transfer_id}: {self.balance}"
