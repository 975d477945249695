"""What a shop offers around its products: categories, and coupons with who used them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from billing.models.shop import Order, Product


class Coupon(models.Model):
    """A reduction for whoever knows its code. `used` counts orders that are paid or may still be; it never passes `most_uses`."""

    class Kind(models.TextChoices):
        FIXED = "fixed", _("an amount")
        PERCENT = "percent", _("per cent")

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="coupons", verbose_name=_("tenant"))
    code = models.CharField(_("code"), max_length=40)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.PERCENT)
    # Minor units of `currency`, or hundredths of a per cent.
    value = models.PositiveBigIntegerField(_("value"))
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    least_minor = models.PositiveBigIntegerField(_("from this sum on"), default=0)
    most_minor = models.PositiveBigIntegerField(_("at most off"), null=True, blank=True)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    most_uses = models.PositiveIntegerField(_("uses in all"), null=True, blank=True)
    most_uses_each = models.PositiveIntegerField(_("uses per customer"), null=True, blank=True)
    not_with_tiers = models.BooleanField(_("not on prices for many"), default=False, db_default=False)
    first_only = models.BooleanField(
        _("for a first order"), default=False, db_default=False, help_text=_("Who paid for an order here before is refused.")
    )
    group = models.CharField(
        _("for a customer group"), max_length=40, blank=True, default="", db_default="", help_text=_("Such as vip; empty: for everybody.")
    )
    used = models.PositiveIntegerField(_("used"), default=0, editable=False)
    products = models.ManyToManyField(Product, blank=True, related_name="coupons", verbose_name=_("only for"))
    is_active = models.BooleanField(_("usable"), default=True)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    tenant_path: ClassVar[str] = "tenant"

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("tenant", Upper("code"), name="one_coupon_per_code"),
            models.CheckConstraint(condition=Q(value__gt=0), name="coupon_value_positive"),
            models.CheckConstraint(condition=Q(kind="fixed") | Q(value__lte=10_000), name="coupon_at_most_all"),
            models.CheckConstraint(condition=Q(most_uses=None) | Q(used__lte=F("most_uses")), name="coupon_within_its_uses"),
        ]

    def __str__(self) -> str:
        return self.code


class CouponUse(models.Model):
    """A coupon taken by an order; given back when the order ends unpaid."""

    coupon = models.ForeignKey(Coupon, models.PROTECT, related_name="uses", verbose_name=_("coupon"))
    order = models.OneToOneField(Order, models.PROTECT, related_name="coupon_use", verbose_name=_("order"))
    discount_minor = models.PositiveBigIntegerField(_("off"))
    is_released = models.BooleanField(_("given back"), default=False)
    created_at = models.DateTimeField(_("at"), auto_now_add=True)

    tenant_path: ClassVar[str] = "coupon__tenant"

    class Meta:
        verbose_name = _("use of a coupon")
        verbose_name_plural = _("uses of coupons")

    def __str__(self) -> str:
        return f"{self.coupon_id}: {self.order_id}"
