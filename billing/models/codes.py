"""Redeem codes: batches whose quota lies in escrow, and codes of which only a keyed digest is kept."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Tenant
from billing.models.ledger import Journal
from billing.models.shop import Order, Product


class CodeBatch(models.Model):
    """Codes of one denomination, minted together; `salt` (hexadecimal) and a server key make them again."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="code_batches", verbose_name=_("tenant"))
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="batches", verbose_name=_("product"))
    units_micros = models.PositiveBigIntegerField(_("quota of each in µ$"))
    count = models.PositiveIntegerField(_("codes"))
    # Of a large batch: codes whose quota is set aside already and that a worker still makes.
    unminted = models.PositiveIntegerField(_("still to be made"), default=0, db_default=0, editable=False)
    salt = models.CharField(max_length=32, editable=False)
    # For sale elsewhere: such a code is good without having been sold here.
    is_offline = models.BooleanField(_("sold elsewhere"), default=False)
    # Brought in from another system under their own texts: these cannot be made again.
    is_imported = models.BooleanField(_("imported"), default=False)
    # One text that many people redeem, each once: every use of it is a code of this batch. Kept as shown, and as it is looked up.
    shared_text = models.CharField(_("promo code"), max_length=40, blank=True, default="", db_default="")
    shared_spelling = models.CharField(max_length=40, blank=True, default="", db_default="", editable=False)
    # A promo code for those alone who neither redeemed nor bought anything in this shop before.
    new_only = models.BooleanField(_("for newcomers only"), default=False, db_default=False)
    redeem_from = models.DateTimeField(_("redeem from"), null=True, blank=True)
    redeem_by = models.DateTimeField(_("redeem by"), null=True, blank=True)
    valid_days = models.PositiveIntegerField(_("days the credit is valid"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("minted"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("code batch")
        verbose_name_plural = _("code batches")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(units_micros__gt=0, count__gt=0), name="batch_amounts_positive"),
            models.UniqueConstraint(fields=["tenant", "shared_spelling"], condition=~Q(shared_spelling=""), name="one_promo_per_text"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Code(models.Model):
    """One code: a claim on its batch's escrow."""

    class State(models.TextChoices):
        AVAILABLE = "available", _("available")
        RESERVED = "reserved", _("reserved")
        SOLD = "sold", _("sold")
        REDEEMED = "redeemed", _("redeemed")
        FROZEN = "frozen", _("frozen")
        REVOKED = "revoked", _("revoked")
        EXPIRED = "expired", _("expired")

    batch = models.ForeignKey(CodeBatch, models.PROTECT, related_name="codes", verbose_name=_("batch"))
    serial = models.PositiveIntegerField(_("serial number"))
    digest = models.CharField(max_length=64, unique=True, editable=False)
    last4 = models.CharField(_("last four"), max_length=4, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.AVAILABLE)
    # What a frozen code goes back to.
    frozen_from = models.CharField(max_length=10, blank=True, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="codes", verbose_name=_("order"))
    redeemed_by = models.ForeignKey(
        Membership, models.PROTECT, null=True, blank=True, related_name="redeemed_codes", verbose_name=_("redeemed by")
    )
    redeemed_at = models.DateTimeField(_("redeemed at"), null=True, blank=True)
    journal = models.OneToOneField(Journal, models.PROTECT, null=True, blank=True, related_name="redeemed_code", verbose_name=_("journal"))

    tenant_path: ClassVar[str] = "batch__tenant"

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["batch", "serial"], name="one_code_per_serial"),
            models.CheckConstraint(condition=Q(state="redeemed") | Q(journal=None), name="code_paid_out_when_redeemed"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["batch", "id"], condition=Q(state="available"), name="code_stock"),
        ]

    def __str__(self) -> str:
        return f"…{self.last4}"


class CodeEvent(models.Model):
    """One step of a code's life; append-only."""

    code = models.ForeignKey(Code, models.PROTECT, related_name="events", verbose_name=_("code"))
    before = models.CharField(_("from"), max_length=10)
    after = models.CharField(_("to"), max_length=10)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="+", verbose_name=_("order"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    created_at = models.DateTimeField(_("at"), auto_now_add=True)

    tenant_path: ClassVar[str] = "code__batch__tenant"

    class Meta:
        verbose_name = _("code event")
        verbose_name_plural = _("code events")
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"
