"""What belongs to products: cards that were imported, keys that work at once, pictures."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, Membership, Tenant
from billing.models.codes import Code
from billing.models.shop import Order, Product
from foundation.translations import Limits, Translated


class CardBatch(models.Model):
    """Cards that were imported together."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="card_batches", verbose_name=_("tenant"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="card_batches", verbose_name=_("product"))
    count = models.PositiveIntegerField(_("cards"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("imported"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("card batch")
        verbose_name_plural = _("card batches")

    def __str__(self) -> str:
        return f"#{self.pk}"


class Card(models.Model):
    """A text from elsewhere that is sold once; sealed, and found again by a keyed digest."""

    class State(models.TextChoices):
        AVAILABLE = "available", _("available")
        RESERVED = "reserved", _("reserved")
        SOLD = "sold", _("sold")
        VOID = "void", _("void")

    batch = models.ForeignKey(CardBatch, models.PROTECT, related_name="cards", verbose_name=_("batch"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="cards", verbose_name=_("product"))
    digest = models.CharField(max_length=64, editable=False)
    sealed = models.TextField(editable=False)
    last4 = models.CharField(_("last four"), max_length=4, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.AVAILABLE)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="cards", verbose_name=_("order"))
    changed_at = models.DateTimeField(_("changed"), auto_now_add=True)

    tenant_path: ClassVar[str] = "batch__tenant"

    class Meta:
        verbose_name = _("card")
        verbose_name_plural = _("cards")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["product", "digest"], name="one_card_per_text"),
            models.CheckConstraint(condition=Q(state__in=["reserved", "sold"]) ^ Q(order=None), name="card_has_an_order_when_taken"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["product", "id"], condition=Q(state="available"), name="card_stock"),
        ]

    def __str__(self) -> str:
        return f"…{self.last4}"


class ReadyKey(models.Model):
    """A sub-key that was sold: it spends the wallet of a membership nobody signs in to, until a person claims both."""

    code = models.OneToOneField(Code, models.PROTECT, related_name="ready_key", verbose_name=_("code"))
    key = models.OneToOneField(ApiKey, models.PROTECT, related_name="ready_key", verbose_name=_("sub-key"))
    membership = models.OneToOneField(Membership, models.PROTECT, related_name="ready_key", verbose_name=_("wallet"))
    # The secret, for the order's page; empty once it was claimed.
    sealed = models.TextField(blank=True, editable=False)
    claimed_by = models.ForeignKey(
        Membership, models.PROTECT, null=True, blank=True, related_name="claimed_keys", verbose_name=_("claimed by")
    )
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)

    tenant_path: ClassVar[str] = "membership__tenant"

    class Meta:
        verbose_name = _("ready key")
        verbose_name_plural = _("ready keys")

    def __str__(self) -> str:
        return str(self.key)


class ProductPicture(Translated):
    """A picture of a product, encoded anew by us; `name` says where it is stored, and changes with its content."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="pictures", verbose_name=_("product"))
    name = models.CharField(max_length=80, unique=True, editable=False)
    alt = models.CharField(_("what it shows"), max_length=120, blank=True)
    width = models.PositiveIntegerField(_("width"), editable=False)
    height = models.PositiveIntegerField(_("height"), editable=False)
    sort = models.SmallIntegerField(_("place in the list"), default=0)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    tenant_path: ClassVar[str] = "product__tenant"
    translatable: ClassVar[Limits] = {"alt": 120}

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering: ClassVar[list[str]] = ["sort", "id"]

    def __str__(self) -> str:
        return self.alt or f"#{self.pk}"
